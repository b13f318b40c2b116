// What a cluster to be started looks like.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace gangway {

/// A range of TCP ports, both ends included. 0 to 0 means: any free port, chosen by the system.
struct PortRange {
  std::uint16_t low = 0;
  std::uint16_t high = 0;

  friend bool operator==(const PortRange&, const PortRange&) = default;
};

/// How to start a cluster; a value. Nothing is checked here: starting a cluster with an impossible profile throws.
struct Profile {
  /// Engines and one gateway on this host, reachable from this host only.
  [[nodiscard]] static Profile local(std::uint32_t engines) {
    Profile profile;
    profile.engines = engines;
    return profile;
  }

  /// The cluster's name: letters, digits, '.', '_' and '-'. Empty: one is made up that no other cluster has.
  std::string name;

  /// How many engines; at least 1.
  std::uint32_t engines = 1;

  /// How many gateways clients can connect to.
  std::uint32_t gateways = 1;

  /// The address the gateway listens on. Anything but a loopback address lets other hosts connect (they still need
  /// the connection file).
  std::string bind_address = "127.0.0.1";

  /// The ports the gateway may take.
  PortRange ports;

  /// The most memory one engine's arrays may take, in bytes. It is reserved, not used up: pages appear when they are
  /// written. 0: this host's memory divided by the engines, at most 64 GiB each.
  std::uint64_t arena_bytes = 0;

  /// How long the engines may take to come up before the start is given up.
  std::chrono::milliseconds start_timeout = std::chrono::seconds(60);

  friend bool operator==(const Profile&, const Profile&) = default;
};

}  // namespace gangway
