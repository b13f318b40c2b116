#include "mpi/networks.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <bit>
#include <cstring>

namespace gangway::mpi {
namespace {

sockaddr_in as_ipv4(const sockaddr* address) {
  sockaddr_in ipv4{};
  std::memcpy(&ipv4, address, sizeof ipv4);
  return ipv4;
}

bool same_network(const NetworkAddress& own, const NetworkAddress& other) {
  if (other.address == 0 || own.prefix_bits == 0 || own.prefix_bits > 32) return false;
  return (own.address ^ other.address) >> (32 - own.prefix_bits) == 0;
}

}  // namespace

HostNetworks networks_of_this_host() {
  HostNetworks found{};
  ifaddrs* interfaces = nullptr;
  if (::getifaddrs(&interfaces) != 0) return found;
  std::size_t count = 0;
  for (const ifaddrs* one = interfaces; one != nullptr && count < found.size(); one = one->ifa_next) {
    const bool is_up = (one->ifa_flags & IFF_UP) != 0 && (one->ifa_flags & IFF_LOOPBACK) == 0;
    if (!is_up || one->ifa_addr == nullptr || one->ifa_netmask == nullptr) continue;
    if (one->ifa_addr->sa_family != AF_INET) continue;
    const std::uint32_t mask = ntohl(as_ipv4(one->ifa_netmask).sin_addr.s_addr);
    found[count] = {ntohl(as_ipv4(one->ifa_addr).sin_addr.s_addr), static_cast<std::uint32_t>(std::popcount(mask))};
    ++count;
  }
  ::freeifaddrs(interfaces);
  return found;
}

NetworkAddress choose_network(const HostNetworks& own, std::span<const HostNetworks> others) {
  NetworkAddress best;
  std::ptrdiff_t most = -1;
  for (const NetworkAddress& candidate : own) {
    if (candidate.address == 0) continue;
    const auto has = [&](const HostNetworks& host) {
      return std::ranges::find(host, candidate.address, &NetworkAddress::address) != host.end();
    };
    if (std::ranges::any_of(others, has)) continue;
    const auto neighbours = [&](const HostNetworks& host) {
      return std::ranges::any_of(host, [&](const NetworkAddress& other) { return same_network(candidate, other); });
    };
    const std::ptrdiff_t count = std::ranges::count_if(others, neighbours);
    if (count > most) {
      most = count;
      best = candidate;
    }
  }
  return best;
}

}  // namespace gangway::mpi
