#include "tls/connect.hpp"

#include <boost/asio/ip/tcp.hpp>

#include "crafted_certificate.hpp"
#include "loop.hpp"
#include "raw_peer.hpp"

namespace gangway::tls {
namespace {

using boost::asio::ip::tcp;
using testing::AllOf;
using testing::HasSubstr;

class ConnectTest : public GatewayTest {
 protected:
  /// The sentence a failed attempt ends with; it always names the place.
  std::string fault_at(std::uint16_t port, const Identity& identity, ConnectOptions options = {}) {
    const auto connected = try_connect_to(port, identity, options);
    if (connected.ok()) {
      return "connected";
    }
    EXPECT_THAT(connected.fault().text, HasSubstr("the gateway at 127.0.0.1:" + std::to_string(port) + ": "));
    return connected.fault().text;
  }

  /// What a client sees of a TLS server with this certificate that itself checks nothing.
  std::string fault_with_server(const Identity& server, const Identity& client) {
    boost::asio::ssl::context context = careless_context(server);
    tcp::acceptor acceptor{io, loopback(0)};
    boost::asio::ssl::stream<tcp::socket> stream{io, context};
    acceptor.async_accept(stream.lowest_layer(), [&](const auto&) {
      stream.async_handshake(boost::asio::ssl::stream_base::server, [](const auto&) {});
    });
    const std::string text = fault_at(acceptor.local_endpoint().port(), client);
    stream.lowest_layer().close();
    run_for(io, std::chrono::milliseconds{20});
    return text;
  }
};

TEST_F(ConnectTest, finds_the_gateway_by_name_too) {
  boost::system::error_code unknown;
  tcp::resolver{io}.resolve("localhost", "1", unknown);
  if (unknown) GTEST_SKIP() << "this machine does not know the name localhost: " << unknown.message();
  listen();
  const auto connected = try_connect_to(listener->port(), submitter, {}, "localhost");
  ASSERT_TRUE(connected.ok()) << connected.fault().text;
  connected.value()->close();
}

TEST_F(ConnectTest, says_that_nothing_listens) {
  listen();
  const std::uint16_t port = listener->port();
  listener.reset();
  run_for(io, std::chrono::milliseconds{10});
  EXPECT_THAT(fault_at(port, submitter), HasSubstr("nothing listens there"));
}

TEST_F(ConnectTest, gives_up_on_a_peer_that_never_answers) {
  tcp::acceptor silent{io, loopback(0)};
  EXPECT_THAT(fault_at(silent.local_endpoint().port(), submitter, {.timeout = base::milliseconds(200)}),
              AllOf(HasSubstr("no answer within 200 ms"), HasSubstr("TLS handshake")));
}

TEST_F(ConnectTest, refuses_a_gateway_of_another_cluster) {
  const Identity foreign = Authority::create("demo").value().issue(Role::gateway).value();
  EXPECT_THAT(fault_with_server(foreign, submitter), HasSubstr("its certificate is of another cluster"));
}

TEST_F(ConnectTest, refuses_a_gateway_whose_certificate_has_expired) {
  const Validity over{.from = base::seconds(-7200), .until = base::seconds(-3600)};
  EXPECT_THAT(fault_with_server(authority.issue(Role::gateway, over).value(), submitter),
              AllOf(HasSubstr("has expired: it is valid from "), HasSubstr("and the clock of this host says ")));
}

TEST_F(ConnectTest, refuses_a_gateway_whose_certificate_is_not_valid_yet_and_names_the_dates) {
  const Validity future{.from = base::seconds(3600), .until = base::seconds(7200)};
  EXPECT_THAT(fault_with_server(authority.issue(Role::gateway, future).value(), submitter),
              AllOf(HasSubstr("not valid yet: it is valid from "), HasSubstr("until "),
                    HasSubstr("and the clock of this host says "), HasSubstr("UTC")));
}

TEST_F(ConnectTest, accepts_a_certificate_that_was_issued_by_a_clock_some_minutes_ahead) {
  const Validity ahead{.from = Validity{}.from + base::seconds(9 * 60), .until = base::seconds(3600)};
  EXPECT_EQ(fault_with_server(authority.issue(Role::gateway, ahead).value(), submitter), "connected");
}

TEST_F(ConnectTest, refuses_a_client_that_acts_as_a_gateway) {
  const Identity administrator = authority.issue(Role::client_administer).value();
  EXPECT_THAT(fault_with_server(administrator, submitter), HasSubstr("it is not a gateway"));
}

TEST_F(ConnectTest, looks_at_the_role_and_not_only_at_the_purpose_of_a_certificate) {
  const Crafted client = craft("URI:gangway:role/client_submit", "clientAuth");
  EXPECT_EQ(fault_with_server(craft("URI:gangway:role/gateway", "serverAuth", &client).identity, client.identity),
            "connected");
  EXPECT_THAT(
      fault_with_server(craft("URI:gangway:role/client_submit", "serverAuth", &client).identity, client.identity),
      HasSubstr("it is not a gateway"));
  EXPECT_THAT(fault_with_server(craft("", "serverAuth", &client).identity, client.identity),
              HasSubstr("it is not a gateway"));
}

TEST_F(ConnectTest, says_that_the_other_side_speaks_no_tls) {
  tcp::acceptor acceptor{io, loopback(0)};
  std::unique_ptr<PlainPeer> server;
  acceptor.async_accept([&](const auto&, tcp::socket socket) {
    server = std::make_unique<PlainPeer>(std::move(socket));
    server->say("220 mail.example ESMTP\r\n");
  });
  EXPECT_THAT(fault_at(acceptor.local_endpoint().port(), submitter), HasSubstr("does not speak TLS"));
  EXPECT_TRUE(run_until(io, [&] { return server->closed(); }));
}

TEST_F(ConnectTest, says_that_its_own_certificate_cannot_be_used) {
  listen();
  Identity broken = submitter;
  broken.certificate_pem = "-----BEGIN CERTIFICATE-----\n";
  EXPECT_THAT(fault_at(listener->port(), broken), HasSubstr("this side's certificate cannot be read"));
}

}  // namespace
}  // namespace gangway::tls
