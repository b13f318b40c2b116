// How a gateway tells the supervisor where it listens.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.hpp"

namespace gangway::gateway {

/// Writes gateway-<number>.json into the cluster's directory: {"address": ..., "port": ...}. It appears whole or not
/// at all. A fault names the file.
base::Status write_address_file(const std::string& cluster_directory, std::uint32_t number,
                                const std::string& address, std::uint16_t port);

}  // namespace gangway::gateway
