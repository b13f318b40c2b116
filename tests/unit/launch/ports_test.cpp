#include "launch/ports.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "os/host_name.hpp"

namespace gangway::launch {
namespace {

using boost::asio::ip::tcp;
using testing::HasSubstr;

TEST(Ports, AnyWillDo) {
  EXPECT_TRUE(check_ports("127.0.0.1", 0, 0));
}

TEST(Ports, AreNamedWhenNoneIsFree) {
  boost::asio::io_context io;
  const tcp::acceptor taken{io, tcp::endpoint{boost::asio::ip::address_v4::loopback(), 0}};
  const std::uint16_t port = taken.local_endpoint().port();
  const auto checked = check_ports("127.0.0.1", port, port);
  ASSERT_FALSE(checked.ok());
  EXPECT_THAT(checked.fault().text, HasSubstr("no port from " + std::to_string(port) + " to " + std::to_string(port) +
                                              " is free on 127.0.0.1"));
}

TEST(Ports, MustBeARange) {
  EXPECT_THAT(check_ports("127.0.0.1", 9, 8).fault().text, HasSubstr("no range"));
  EXPECT_THAT(check_ports("127.0.0.1", 0, 8).fault().text, HasSubstr("no range"));
}

TEST(Ports, NeedAnAddressOfThisHost) {
  EXPECT_THAT(check_ports("192.0.2.77", 0, 0).fault().text, HasSubstr("no interface of this host"));
  EXPECT_THAT(check_ports("localhost", 0, 0).fault().text, HasSubstr("not a numeric address"));
}

TEST(Ports, KnowWhichAddressMeansAll) {
  EXPECT_TRUE(is_any_address("0.0.0.0"));
  EXPECT_TRUE(is_any_address("::"));
  EXPECT_FALSE(is_any_address("127.0.0.1"));
  EXPECT_FALSE(is_any_address("node7"));
}

TEST(Host, IsKnownAsThisOneByNameAndAddress) {
  for (const std::string& name :
       {os::host_name(), os::host_name() + ".example.org", std::string{"localhost"}, std::string{"127.0.0.1"}}) {
    EXPECT_TRUE(is_this_host(name)) << name;
  }
  EXPECT_FALSE(is_this_host("192.0.2.1"));
  EXPECT_FALSE(is_this_host("no-such-host.invalid"));
}

TEST(Address, IsLoopbackOrNot) {
  EXPECT_TRUE(is_loopback_address("127.0.0.1"));
  EXPECT_TRUE(is_loopback_address("::1"));
  EXPECT_FALSE(is_loopback_address("0.0.0.0"));
  EXPECT_FALSE(is_loopback_address("everywhere"));
}

}  // namespace
}  // namespace gangway::launch
