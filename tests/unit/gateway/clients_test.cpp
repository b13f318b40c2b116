#include "gateway/clients.hpp"

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <gmock/gmock.h>

#include "unit/tls/loop.hpp"
#include "unit/tls/raw_peer.hpp"
#include "wire/codec.hpp"

namespace gangway::gateway {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

std::string bytes_of(const wire::ClientMessage& message) {
  const wire::EncodedMessage encoded = wire::encode(message);
  const auto header = wire::frame_header(encoded.number, encoded.body_bytes());
  std::string bytes{reinterpret_cast<const char*>(header.data()), header.size()};
  bytes.append(reinterpret_cast<const char*>(encoded.head.data()), encoded.head.size());
  return bytes;
}

/// The clients of a gateway whose controller is the test.
class ClientsTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(clients.listen(authority.issue(tls::Role::gateway).value(), {}).ok()); }
  void TearDown() override { tls::run_for(io, std::chrono::milliseconds{20}); }

  template <class Event>
  [[nodiscard]] std::vector<Event> seen() const {
    std::vector<Event> found;
    for (const core::Event& event : events) {
      if (const auto* wanted = std::get_if<Event>(&event)) found.push_back(*wanted);
    }
    return found;
  }

  /// What a client has said, welcomed as soon as it says Hello.
  core::ConnectionId welcome() {
    EXPECT_TRUE(tls::run_until(io, [&] { return !seen<core::ClientSpoke>().empty(); })) << "no Hello";
    const core::ConnectionId id = seen<core::ClientSpoke>().front().connection;
    clients.send(id, wire::Welcome{});
    clients.flush(base::Instant{});
    return id;
  }

  boost::asio::io_context io;
  tls::RememberingLog log;
  std::vector<core::Event> events;
  tls::Authority authority = tls::Authority::create("demo").value();
  tls::Identity submitter = authority.issue(tls::Role::client_submit).value();
  Clients clients{io, log, [this](core::Event event) { events.push_back(std::move(event)); }};
};

TEST_F(ClientsTest, a_byte_now_and_then_is_no_sign_of_life_and_some_kib_are) {
  boost::asio::ssl::context context = tls::careless_context(submitter);
  tls::CarelessClient slow{io, context, clients.port()};
  ASSERT_TRUE(tls::run_until(io, [&] { return slow.greeted(); }));
  slow.say(bytes_of(wire::Hello{}));
  const core::ConnectionId id = welcome();
  clients.take_stirred();

  const auto header = wire::frame_header(3, base::mib);
  slow.say({reinterpret_cast<const char*>(header.data()), header.size()});
  for (int i = 0; i < 5; ++i) {
    slow.say("x");
    tls::run_for(io, std::chrono::milliseconds{20});
    EXPECT_THAT(clients.take_stirred(), IsEmpty());
  }
  slow.say(std::string(8 * base::kib, 'x'));
  EXPECT_TRUE(tls::run_until(io, [&] { return !clients.take_stirred().empty(); }));
  EXPECT_THAT(clients.take_stirred(), IsEmpty());
  EXPECT_THAT(seen<core::ClientSpoke>(), SizeIs(1)) << "and a frame that is not whole is no message";
  EXPECT_TRUE(seen<core::ConnectionClosed>().empty()) << id.value();
}

TEST_F(ClientsTest, who_does_not_read_is_not_read_until_he_does) {
  std::optional<base::Result<std::shared_ptr<tls::Connection>>> connected;
  tls::connect(io, "127.0.0.1", clients.port(), submitter, {}, [&](auto result) { connected = std::move(result); });
  ASSERT_TRUE(tls::run_until(io, [&] { return connected.has_value(); }));
  const auto peer = std::make_shared<tls::Peer>();
  peer->start(connected->value());
  peer->connection->send(wire::encode(wire::ClientMessage{wire::Hello{}}));
  const core::ConnectionId id = welcome();
  ASSERT_TRUE(tls::run_until(io, [&] { return !peer->frames.empty(); }));
  peer->connection->pause_reading();

  const base::SharedBytes result{base::ByteVector(16 * base::mib)};
  for (int i = 0; i < 6; ++i) clients.send(id, wire::TaskFinished{{}, 0, {}, {}, result});
  clients.flush(base::Instant{});
  const auto say = [&](std::uint64_t number) {
    peer->connection->send(wire::encode(wire::ClientMessage{wire::Ping{number}}));
    tls::run_for(io, std::chrono::milliseconds{100});
  };
  say(1);
  EXPECT_THAT(seen<core::ClientSpoke>(), SizeIs(2)) << "Hello, and what shows that too much is queued";
  for (std::uint64_t number = 2; number < 10; ++number) say(number);
  clients.resume_drained();
  tls::run_for(io, std::chrono::milliseconds{100});
  EXPECT_THAT(seen<core::ClientSpoke>(), SizeIs(2));

  peer->connection->resume_reading();
  ASSERT_TRUE(tls::run_until(io, [&] {
    clients.resume_drained();
    return seen<core::ClientSpoke>().size() == 10;
  }));
  peer->connection->close();
}

TEST_F(ClientsTest, while_reading_is_held_nobody_is_read_and_all_count_as_heard_of) {
  const auto connect = [&] {
    std::optional<base::Result<std::shared_ptr<tls::Connection>>> connected;
    tls::connect(io, "127.0.0.1", clients.port(), submitter, {}, [&](auto result) { connected = std::move(result); });
    EXPECT_TRUE(tls::run_until(io, [&] { return connected.has_value(); }));
    const auto peer = std::make_shared<tls::Peer>();
    peer->start(connected->value());
    peer->connection->send(wire::encode(wire::ClientMessage{wire::Hello{}}));
    return peer;
  };
  const auto say = [&](const tls::Peer& peer) {
    peer.connection->send(wire::encode(wire::ClientMessage{wire::Ping{1}}));
    tls::run_for(io, std::chrono::milliseconds{100});
  };
  const auto first = connect();
  const core::ConnectionId id = welcome();
  clients.take_stirred();
  clients.hold_reading(true);
  say(*first);
  clients.resume_drained();
  say(*first);
  EXPECT_THAT(seen<core::ClientSpoke>(), SizeIs(1)) << "the Hello";
  EXPECT_THAT(clients.take_stirred(), ElementsAre(id)) << "that it is not heard is not its fault";

  const auto late = connect();
  ASSERT_TRUE(tls::run_until(io, [&] { return seen<core::ClientSpoke>().size() == 2; }))
      << "who comes now may say Hello";
  say(*late);
  EXPECT_THAT(seen<core::ClientSpoke>(), SizeIs(2)) << "and no more";

  clients.hold_reading(false);
  EXPECT_TRUE(tls::run_until(io, [&] { return seen<core::ClientSpoke>().size() == 5; }));
  clients.take_stirred();
  EXPECT_THAT(clients.take_stirred(), IsEmpty());
  first->connection->close();
  late->connection->close();
}

TEST_F(ClientsTest, what_is_not_urgent_waits_for_company_or_for_its_time) {
  std::optional<base::Result<std::shared_ptr<tls::Connection>>> connected;
  tls::connect(io, "127.0.0.1", clients.port(), submitter, {}, [&](auto result) { connected = std::move(result); });
  ASSERT_TRUE(tls::run_until(io, [&] { return connected.has_value(); }));
  const auto peer = std::make_shared<tls::Peer>();
  peer->start(connected->value());
  peer->connection->send(wire::encode(wire::ClientMessage{wire::Hello{}}));
  const core::ConnectionId id = welcome();
  ASSERT_TRUE(tls::run_until(io, [&] { return peer->frames.size() == 1; }));

  const base::Instant start = base::Instant{} + base::seconds(1);
  clients.send(id, wire::TaskAccepted{});
  clients.flush(start);
  tls::run_for(io, std::chrono::milliseconds{50});
  EXPECT_THAT(peer->frames, SizeIs(1)) << "accepted, which the client need not know at once";
  ASSERT_TRUE(clients.flush_due().has_value());
  clients.flush(*clients.flush_due());
  EXPECT_TRUE(tls::run_until(io, [&] { return peer->frames.size() == 2; })) << "its time has come";
  EXPECT_FALSE(clients.flush_due().has_value());

  clients.send(id, wire::TaskAccepted{});
  clients.send(id, wire::TaskFinished{});
  clients.flush(start);
  EXPECT_TRUE(tls::run_until(io, [&] { return peer->frames.size() == 4; })) << "it leaves with the answer";
  EXPECT_FALSE(clients.flush_wanted());
  peer->connection->close();
}

TEST_F(ClientsTest, bytes_that_are_no_message_end_one_connection_with_a_reason) {
  boost::asio::ssl::context context = tls::careless_context(submitter);
  tls::CarelessClient stranger{io, context, clients.port()};
  ASSERT_TRUE(tls::run_until(io, [&] { return stranger.greeted(); }));
  const auto header = wire::frame_header(200, 3);
  stranger.say(std::string{reinterpret_cast<const char*>(header.data()), header.size()} + "???");
  ASSERT_TRUE(tls::run_until(io, [&] { return !seen<core::ConnectionClosed>().empty(); }));
  EXPECT_THAT(log.lines, testing::Contains(testing::HasSubstr("unknown number")));
}

TEST_F(ClientsTest, who_is_welcome_is_told_of_trouble_and_who_comes_meanwhile_is_turned_away) {
  const auto connect = [&] {
    std::optional<base::Result<std::shared_ptr<tls::Connection>>> connected;
    tls::connect(io, "127.0.0.1", clients.port(), submitter, {}, [&](auto result) { connected = std::move(result); });
    EXPECT_TRUE(tls::run_until(io, [&] { return connected.has_value(); }));
    const auto peer = std::make_shared<tls::Peer>();
    peer->start(connected->value());
    peer->connection->send(wire::encode(wire::ClientMessage{wire::Hello{}}));
    return peer;
  };
  const auto heard = [&](tls::Peer& peer, std::size_t number) {
    EXPECT_TRUE(tls::run_until(io, [&] { return peer.frames.size() > number; }));
    const wire::Frame& frame = peer.frames.at(number);
    return wire::decode_gateway_message(frame.number, frame.body).value();
  };
  const auto first = connect();
  welcome();
  clients.turn_away("the disk is full");
  const auto late = connect();
  EXPECT_EQ(heard(*late, 0), wire::GatewayMessage{wire::Goodbye{"the disk is full"}});
  EXPECT_THAT(seen<core::ClientSpoke>(), SizeIs(1)) << "of the late one's Hello nobody hears";
  clients.tell_all(wire::JournalState{"full"}, Clients::Word::news);
  clients.flush(base::Instant{});
  EXPECT_EQ(heard(*first, 1), wire::GatewayMessage{wire::JournalState{"full"}});
  clients.turn_away(std::nullopt);
  const auto later = connect();
  EXPECT_TRUE(tls::run_until(io, [&] { return seen<core::ClientSpoke>().size() == 2; }));
  first->connection->close();
  late->connection->close();
  later->connection->close();
}

}  // namespace
}  // namespace gangway::gateway
