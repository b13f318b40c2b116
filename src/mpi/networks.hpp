// Which of a host's networks leads to the others: the address that bells between nodes are bound to.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace gangway::mpi {

/// An IPv4 address with the length of its network's prefix. Address 0: none. As it lies in memory it travels by MPI.
struct NetworkAddress {
  std::uint32_t address = 0;  // in the host's byte order
  std::uint32_t prefix_bits = 0;

  friend bool operator==(const NetworkAddress&, const NetworkAddress&) = default;
};

/// The addresses of one host; more than so many are not looked at.
using HostNetworks = std::array<NetworkAddress, 8>;

/// The addresses of this host's interfaces that are up, without loopback.
HostNetworks networks_of_this_host();

/// The address of `own` that most of `others` (ranks on other nodes) have a neighbour of. An address that another
/// node has too is that of a network inside each host, as container engines make them, and leads nowhere. If no
/// network is shared, the first address: there may be routers. Address 0 if there is none at all.
NetworkAddress choose_network(const HostNetworks& own, std::span<const HostNetworks> others);

}  // namespace gangway::mpi
