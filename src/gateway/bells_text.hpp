// How the ranks of a cluster wake each other, in words for `gangway status`.
#pragma once

#include <string>
#include <vector>

namespace gangway::gateway {

/// The way to a rank on another node, and the name of its host.
struct HostWay {
  std::string host;
  bool is_open = false;  // UDP passes in both directions
};

/// `host` is the gateway's. Empty `ways`: all ranks are on it.
std::string bells_text(const std::string& host, const std::vector<HostWay>& ways);

}  // namespace gangway::gateway
