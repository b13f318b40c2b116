#include "tls/listener.hpp"

#include <sys/resource.h>

#include <openssl/ssl.h>
#include <boost/asio/ip/tcp.hpp>

#include "crafted_certificate.hpp"
#include "loop.hpp"
#include "raw_peer.hpp"

namespace gangway::tls {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

/// Every refusal is watched by a client that was let in before and must not notice.
class RefusalTest : public GatewayTest {
 protected:
  void SetUp() override {
    ListenerOptions options;
    options.handshake_timeout = base::milliseconds(400);
    options.handshakes_max = 4;
    listen(options);
    bystander = enter(submitter);
  }

  void TearDown() override {
    EXPECT_THAT(accepted, SizeIs(1)) << "somebody was let in who should not have been";
    expect_serves(*bystander, *accepted.front());
    const std::shared_ptr<Peer> late = enter(submitter);
    late->connection->close();
    bystander->connection->close();
    GatewayTest::TearDown();
  }

  /// The gateway logs one line about one refused peer, and it says this.
  void expect_refused(const std::string& why) {
    ASSERT_TRUE(run_until(io, [&] { return !log.lines.empty(); })) << "no line in the log";
    run_for(io, std::chrono::milliseconds{50});
    EXPECT_THAT(log.lines, ElementsAre(AllOf(StartsWith("refused 127.0.0.1:"), HasSubstr(why))));
    log.lines.clear();
  }

  /// A client with this certificate is refused, and told why.
  void expect_client_refused(const Identity& identity, const std::string& why, const std::string& told) {
    const auto connected = try_connect(identity);
    ASSERT_TRUE(connected.ok()) << connected.fault().text;
    const auto peer = std::make_shared<Peer>();
    Peer& client = *peer;
    client.start(connected.value());
    client.connection->send(message(1, "let me in"));
    ASSERT_TRUE(run_until(io, [&] { return client.ended(); }));
    EXPECT_THAT(client.endings, ElementsAre(AllOf(StartsWith(client.connection->peer()), HasSubstr(told))));
    expect_refused(why);
  }

  void expect_plain_refused(const std::string& bytes, const std::string& why) {
    PlainPeer peer{io, listener->port()};
    peer.say(bytes);
    expect_refused(why);
    EXPECT_TRUE(run_until(io, [&] { return peer.closed(); }));
  }

  std::shared_ptr<Peer> bystander;
};

TEST_F(RefusalTest, no_certificate) {
  boost::asio::ssl::context context = careless_context({});
  CarelessClient stranger{io, context, listener->port()};
  ASSERT_TRUE(run_until(io, [&] { return !stranger.error().empty(); }));
  EXPECT_THAT(stranger.error(), HasSubstr("certificate required"));
  expect_refused("it showed no certificate");
}

TEST_F(RefusalTest, certificate_of_another_cluster) {
  Identity foreign = Authority::create("demo").value().issue(Role::client_submit).value();
  foreign.authority_pem = authority.certificate_pem();
  expect_client_refused(foreign, "its certificate is of another cluster",
                        "refused our certificate: it is of another");
}

TEST_F(RefusalTest, expired_certificate) {
  const Validity over{.from = base::seconds(-7200), .until = base::seconds(-3600)};
  expect_client_refused(authority.issue(Role::client_submit, over).value(),
                        "its certificate has expired: it is valid",
                        "refused our certificate: it has expired by the clock there; it is valid from ");
}

TEST_F(RefusalTest, certificate_that_is_not_valid_yet) {
  const Validity future{.from = base::seconds(3600), .until = base::seconds(7200)};
  expect_client_refused(authority.issue(Role::client_submit, future).value(), "not valid yet: it is valid from ",
                        "and the clock of this host says ");
}

TEST_F(RefusalTest, gateway_that_acts_as_a_client) {
  expect_client_refused(gateway, "the role in its certificate is not a client's", "its role does not fit");
}

TEST_F(RefusalTest, plain_text) {
  expect_plain_refused("GET / HTTP/1.0\r\n\r\n", "does not speak TLS");
}

TEST_F(RefusalTest, garbage) {
  expect_plain_refused(std::string(100'000, '\xfe'), "does not speak TLS");
  expect_plain_refused(std::string("\x16\x03\x01\xff\xff", 5) + std::string(1000, '\0'), "does not speak TLS");
}

TEST_F(RefusalTest, garbage_ends_with_an_alert_and_not_with_a_reset_that_overtakes_it) {
  PlainPeer peer{io, listener->port()};
  peer.say(std::string(50'000, '\xfe'));
  expect_refused("does not speak TLS");
  ASSERT_TRUE(run_until(io, [&] { return peer.closed(); }));
  EXPECT_EQ(peer.error(), "End of file");
}

TEST_F(RefusalTest, reason_reaches_a_client_whose_sends_fail_before_it_reads) {
  const auto connected = try_connect(gateway);
  ASSERT_TRUE(connected.ok()) << connected.fault().text;
  expect_refused("is not a client's");
  run_for(io, std::chrono::milliseconds{1200});  // the listener has closed the socket for good
  for (int i = 0; i < 3; ++i) {
    connected.value()->send(message(1, "let me in"));
    run_for(io, std::chrono::milliseconds{50});
  }
  const auto client = std::make_shared<Peer>();
  client->start(connected.value());
  ASSERT_TRUE(run_until(io, [&] { return client->ended(); }));
  EXPECT_THAT(client->endings[0], HasSubstr("its role does not fit"));
}

TEST_F(RefusalTest, older_tls) {
  boost::asio::ssl::context context = careless_context(submitter);
  SSL_CTX_set_max_proto_version(context.native_handle(), TLS1_2_VERSION);
  CarelessClient old{io, context, listener->port()};
  ASSERT_TRUE(run_until(io, [&] { return !old.error().empty() || old.greeted(); }));
  EXPECT_FALSE(old.greeted());
  expect_refused("it does not speak TLS 1.3");
}

TEST_F(RefusalTest, half_a_handshake) {
  PlainPeer half{io, listener->port()};
  half.say(std::string("\x16\x03\x01\x02\x00\x01", 6));
  expect_refused("it did not finish the handshake within 400 ms");
  EXPECT_TRUE(run_until(io, [&] { return half.closed(); }));
}

TEST_F(RefusalTest, a_handshake_a_byte_at_a_time) {
  PlainPeer slow{io, listener->port()};
  const std::string record("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11);
  for (const char byte : record) {
    slow.say({byte});
    run_for(io, std::chrono::milliseconds{60});
  }
  expect_refused("it did not finish the handshake within 400 ms");
  EXPECT_TRUE(run_until(io, [&] { return slow.closed(); }));
}

TEST_F(RefusalTest, silence) {
  PlainPeer silent{io, listener->port()};
  silent.listen();
  expect_refused("it did not finish the handshake within 400 ms");
  EXPECT_TRUE(run_until(io, [&] { return silent.closed(); }));
}

TEST_F(RefusalTest, leaving_at_once) {
  PlainPeer{io, listener->port()}.close();
  expect_refused("it closed the connection in the middle of the handshake");
}

TEST_F(RefusalTest, more_silent_peers_than_handshakes_at_once_only_delay_others) {
  std::vector<std::unique_ptr<PlainPeer>> silent;
  for (int i = 0; i < 10; ++i) {
    silent.push_back(std::make_unique<PlainPeer>(io, listener->port()));
    silent.back()->listen();
  }
  EXPECT_TRUE(run_until(io, [&] { return log.lines.size() == 10; }));
}

TEST_F(RefusalTest, flood_is_logged_by_number) {
  for (int i = 0; i < 120; ++i) {
    PlainPeer peer{io, listener->port()};
    peer.say("no TLS at all");
    ASSERT_TRUE(run_until(io, [&] { return peer.closed(); }));
  }
  EXPECT_LT(log.lines.size(), 80);
  EXPECT_GE(log.lines.size(), 50);
}

TEST(Listener, looks_at_the_role_and_not_only_at_the_purpose_of_a_certificate) {
  boost::asio::io_context io;
  RememberingLog log;
  const Crafted server = craft("URI:gangway:role/gateway", "serverAuth");
  std::size_t let_in = 0;
  const auto listener = Listener::open(io, server.identity, {}, log, [&](auto connection) {
                          ++let_in;
                          connection->close();
                        }).value();
  const auto refused_as = [&](const std::string& names, const std::string& usage) {
    const Identity identity = craft(names, usage, &server).identity;
    boost::asio::ssl::context context = careless_context(identity);
    CarelessClient client{io, context, listener->port()};
    log.lines.clear();
    EXPECT_TRUE(run_until(io, [&] { return !client.error().empty(); }));
    return log.lines.empty() ? std::string{} : log.lines.front();
  };
  EXPECT_EQ(refused_as("URI:gangway:role/client_submit", "clientAuth"), "");
  EXPECT_EQ(let_in, 1);
  EXPECT_THAT(refused_as("URI:gangway:role/gateway", "clientAuth"), HasSubstr("is not a client's"));
  EXPECT_THAT(refused_as("URI:gangway:role/client_submit", "serverAuth"), HasSubstr("is not a client's"));
  EXPECT_THAT(refused_as("DNS:example", "clientAuth"), HasSubstr("is not a client's"));
  EXPECT_THAT(refused_as("", ""), HasSubstr("is not a client's"));
  EXPECT_EQ(let_in, 1);
}

class ListenerTest : public GatewayTest {};

TEST_F(ListenerTest, lets_in_every_kind_of_client) {
  listen();
  for (const Role role : {Role::client_observe, Role::client_submit, Role::client_administer}) {
    const std::shared_ptr<Peer> client = enter(authority.issue(role).value());
    EXPECT_EQ(accepted.back()->connection->role(), role);
    client->connection->close();
  }
  EXPECT_THAT(log.lines, IsEmpty());
}

TEST_F(ListenerTest, listens_on_loopback_and_a_port_of_the_system_unless_told_otherwise) {
  listen();
  EXPECT_EQ(listener->address(), "127.0.0.1");
  EXPECT_GT(listener->port(), 0);
}

TEST_F(ListenerTest, takes_the_first_free_port_of_a_range_and_says_when_there_is_none) {
  listen();  // the system chooses a port; the range below begins with it
  const std::unique_ptr<Listener> first = std::move(listener);
  ListenerOptions options;
  options.port_low = first->port();
  options.port_high = static_cast<std::uint16_t>(std::min(first->port() + 50, 65535));
  listen(options);
  EXPECT_GT(listener->port(), first->port());
  EXPECT_LE(listener->port(), options.port_high);

  options.port_high = options.port_low;
  const auto none = Listener::open(io, gateway, options, log, [](auto) {});
  ASSERT_FALSE(none.ok());
  const std::string port = std::to_string(first->port());
  EXPECT_THAT(none.fault().text, AllOf(HasSubstr("range " + port + "-" + port), HasSubstr("give a wider range")));
}

TEST_F(ListenerTest, prefers_a_port_to_its_range_if_it_is_free) {
  listen();
  const std::unique_ptr<Listener> taken = std::move(listener);
  std::uint16_t free_port = 0;
  {
    const auto passing = Listener::open(io, gateway, {}, log, [](auto) {});
    free_port = passing.value()->port();
  }
  ListenerOptions options;
  options.first_port = free_port;
  listen(options);
  EXPECT_EQ(listener->port(), free_port);

  options.first_port = taken->port();
  listen(options);
  EXPECT_NE(listener->port(), taken->port()) << "another one will do";
  EXPECT_GT(listener->port(), 0);
}

TEST_F(ListenerTest, cannot_be_opened_on_an_empty_range_a_foreign_address_or_without_a_certificate) {
  const auto fault_of = [&](const Identity& identity, const ListenerOptions& options) {
    const auto opened = Listener::open(io, identity, options, log, [](auto) {});
    return opened.ok() ? std::string{} : opened.fault().text;
  };
  ListenerOptions options;
  options.port_low = 5000;
  options.port_high = 4000;
  EXPECT_THAT(fault_of(gateway, options), HasSubstr("5000-4000"));
  options = {};
  options.address = "192.0.2.1";
  EXPECT_THAT(fault_of(gateway, options), HasSubstr("cannot listen on 192.0.2.1"));
  Identity mixed = gateway;
  mixed.key_pem = submitter.key_pem;
  EXPECT_THAT(fault_of(mixed, {}), HasSubstr("do not belong together"));
  mixed.key_pem = "nonsense";
  EXPECT_THAT(fault_of(mixed, {}), HasSubstr("key of this side's certificate cannot be read"));
}

TEST_F(ListenerTest, lets_others_in_at_once_however_many_say_nothing_or_little) {
  ListenerOptions options;
  options.handshake_timeout = base::seconds(3600);
  options.handshakes_max = 4;
  listen(options);
  std::vector<std::unique_ptr<PlainPeer>> strangers;
  for (int i = 0; i < 30; ++i) {
    strangers.push_back(std::make_unique<PlainPeer>(io, listener->port()));
    i % 5 == 0 ? strangers.back()->say("\x16") : strangers.back()->listen();
  }
  const std::shared_ptr<Peer> client = enter(submitter);
  EXPECT_THAT(log.lines, Contains(HasSubstr("it said nothing while others waited")));
  EXPECT_THAT(log.lines, Contains(HasSubstr("did not finish the handshake while others waited")));
  client->connection->close();
}

TEST_F(ListenerTest, closes_its_port_when_destroyed_and_leaves_connections_alone) {
  listen();
  const std::shared_ptr<Peer> client = enter(submitter);
  PlainPeer unfinished{io, listener->port()};
  unfinished.listen();
  run_for(io, std::chrono::milliseconds{50});
  const std::uint16_t port = listener->port();
  listener.reset();
  EXPECT_TRUE(run_until(io, [&] { return unfinished.closed(); }));
  expect_serves(*client, *accepted.back());
  EXPECT_FALSE(try_connect_to(port, submitter).ok());
  client->connection->close();
}

TEST_F(ListenerTest, may_be_destroyed_by_whoever_it_hands_a_connection) {
  auto opened = Listener::open(io, gateway, {}, log, [this](std::shared_ptr<Connection> connection) {
    listener.reset();
    connection->close();
  });
  listener = std::move(opened).value();
  const auto client = try_connect(submitter);
  EXPECT_TRUE(run_until(io, [&] { return listener == nullptr; }));
}

/// Holds every descriptor the process may still open.
class NoDescriptors {
 public:
  NoDescriptors() {
    getrlimit(RLIMIT_NOFILE, &before_);
    rlimit few = before_;
    few.rlim_cur = static_cast<rlim_t>(dup(0));  // the lowest free one: from here on there is none
    close(static_cast<int>(few.rlim_cur));
    setrlimit(RLIMIT_NOFILE, &few);
  }
  ~NoDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;

 private:
  rlimit before_{};
};

TEST_F(ListenerTest, goes_on_when_descriptors_have_run_out) {
  listen();
  const std::shared_ptr<Peer> bystander = enter(submitter);
  PlainPeer waiting{io, listener->port()};
  {
    const NoDescriptors none;
    // Asio asked for the next connection long ago: the kernel answers now, and has no descriptor for it.
    ASSERT_TRUE(run_until(io, [&] { return !log.lines.empty(); }));
    EXPECT_THAT(log.lines.front(), AllOf(HasSubstr("cannot accept a connection"), HasSubstr("Too many open files")));
    expect_serves(*bystander, *accepted.back());
    run_for(io, std::chrono::milliseconds{250});
    EXPECT_LE(log.lines.size(), 6) << "accept is tried again without a pause";
  }
  const std::shared_ptr<Peer> late = enter(submitter);
  late->connection->close();
  bystander->connection->close();
}

}  // namespace
}  // namespace gangway::tls
