// connection.json: all that a client needs to reach a cluster, in one file that can be copied to another machine. It
// holds a private key. The client library reads it (src/client).
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "tls/certificate.hpp"

namespace gangway::launch {

struct Connection {
  std::string cluster;
  std::string address;
  std::uint16_t port = 0;
  tls::Identity identity;
};

/// Writes the file (0600).
base::Status write_connection(const std::filesystem::path& file, const Connection& connection);

/// Where a gateway listens, as it says itself.
struct GatewayAddress {
  std::string address;
  std::uint16_t port = 0;
  std::string host = {};      // where it runs
  std::string bells = {};     // how its ranks wake each other, in words
  std::uint32_t engines = 0;  // that live
  int pid = 0;                // of its rank, on that host
  std::string journal = {};   // why it cannot be written; empty if it can
};

/// Reads gateway-0.json, which appears when the gateway listens and all engines are ready, and is written again when
/// something in it changes. Nothing if it is not there yet.
std::optional<GatewayAddress> read_gateway_address(const std::filesystem::path& file);

}  // namespace gangway::launch
