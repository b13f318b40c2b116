// How a gateway tells the supervisor where it listens, and `gangway list` and `gangway status` how
// many engines live, how ranks are woken, and what is wrong with the journal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/result.hpp"

namespace gangway::gateway {

/// What stands in the file, under these names.
struct GatewayNote {
  std::string address;
  std::uint16_t port = 0;
  std::string host;         // where the gateway runs
  int pid = 0;              // its rank's, there
  std::string bells;        // see bells_text()
  std::size_t engines = 0;  // that live
  std::string journal;      // why it cannot be written; empty: it can
};

/// Writes gateway-<number>.json into the cluster's directory; it appears whole or not at all, and may be written
/// again. On a full disk one that is there is written over in its place, which needs no room. A fault names the file.
base::Status write_address_file(const std::string& cluster_directory, std::uint32_t number, const GatewayNote& note);

/// Removes it: the gateway ends in order. One that is left by a job that has ended is that of a gateway that was
/// lost.
void remove_address_file(const std::string& cluster_directory, std::uint32_t number);

}  // namespace gangway::gateway
