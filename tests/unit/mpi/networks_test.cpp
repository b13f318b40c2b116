#include "mpi/networks.hpp"

#include <gtest/gtest.h>

namespace gangway::mpi {
namespace {

constexpr std::uint32_t address(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
  return a << 24 | b << 16 | c << 8 | d;
}

constexpr NetworkAddress ethernet_1{address(10, 0, 0, 1), 24};
constexpr NetworkAddress ethernet_2{address(10, 0, 0, 2), 24};
constexpr NetworkAddress fabric_1{address(192, 168, 1, 1), 16};
constexpr NetworkAddress fabric_3{address(192, 168, 7, 3), 16};
constexpr NetworkAddress containers{address(172, 17, 0, 1), 16};  // the same inside every host

TEST(Network, IsTheOneThatLeadsToTheOthers) {
  EXPECT_EQ(choose_network({fabric_1, ethernet_1}, {{HostNetworks{ethernet_2}}}), ethernet_1);
  const HostNetworks others[] = {{ethernet_2}, {fabric_3}, {fabric_3}};
  EXPECT_EQ(choose_network({ethernet_1, fabric_1}, others), fabric_1) << "to most of them";
}

TEST(Network, IsNotOneThatEveryHostHasInside) {
  const HostNetworks others[] = {{containers, ethernet_2}};
  EXPECT_EQ(choose_network({containers, ethernet_1}, others), ethernet_1);
  EXPECT_EQ(choose_network({containers}, others), NetworkAddress{});
}

TEST(Network, IsTheFirstIfThereAreOnlyRouters) {
  const HostNetworks others[] = {{fabric_3}};
  EXPECT_EQ(choose_network({ethernet_1, containers}, others), ethernet_1);
}

TEST(Network, IsNoneWithoutInterfaces) {
  const HostNetworks others[] = {{fabric_3}};
  EXPECT_EQ(choose_network({}, others), NetworkAddress{});
}

TEST(Network, OfThisHostHasNoLoopback) {
  for (const NetworkAddress& one : networks_of_this_host()) EXPECT_NE(one.address >> 24, 127U);
}

}  // namespace
}  // namespace gangway::mpi
