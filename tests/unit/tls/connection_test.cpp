#include "tls/connection.hpp"

#include "loop.hpp"
#include "raw_peer.hpp"

namespace gangway::tls {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class ConnectionTest : public GatewayTest {
 protected:
  void SetUp() override {
    listen();
    client = enter(submitter);
    gateway_end = accepted.back().get();
  }

  void TearDown() override {
    client->connection->close();
    GatewayTest::TearDown();
  }

  std::shared_ptr<Peer> client;
  Peer* gateway_end = nullptr;
};

TEST_F(ConnectionTest, both_ends_know_who_is_at_the_other) {
  EXPECT_EQ(client->connection->role(), Role::gateway);
  EXPECT_EQ(gateway_end->connection->role(), Role::client_submit);
  EXPECT_EQ(client->connection->peer(), "127.0.0.1:" + std::to_string(listener->port()));
  EXPECT_THAT(gateway_end->connection->peer(), HasSubstr("127.0.0.1:"));
}

TEST_F(ConnectionTest, carries_frames_both_ways) {
  client->connection->send(message(3, "hello"));
  ASSERT_TRUE(run_until(io, [&] { return !gateway_end->frames.empty(); }));
  EXPECT_EQ(gateway_end->frames[0].number, 3);
  EXPECT_EQ(text_of(gateway_end->frames[0]), "hello");
  gateway_end->connection->send(message(9, "", base::SharedBytes::copy_of(base::bytes_of("welcome"))));
  ASSERT_TRUE(run_until(io, [&] { return !client->frames.empty(); }));
  EXPECT_EQ(client->frames[0].number, 9);
  EXPECT_EQ(text_of(client->frames[0]), "welcome");
}

TEST_F(ConnectionTest, keeps_many_small_frames_in_order) {
  constexpr std::size_t count = 50'000;
  for (std::size_t i = 0; i < count; ++i) {
    client->connection->send(message(1, std::to_string(i)));
  }
  ASSERT_TRUE(run_until(io, [&] { return gateway_end->frames.size() == count; }));
  for (std::size_t i = 0; i < count; ++i) {
    ASSERT_EQ(text_of(gateway_end->frames[i]), std::to_string(i));
  }
  EXPECT_EQ(client->connection->queued_bytes(), 0);
}

TEST_F(ConnectionTest, carries_the_largest_object_both_ways_at_once) {
  const base::SharedBytes object = pattern(base::object_bytes_max);
  gateway_end->connection->set_frame_bytes_max(base::frame_bytes_max);
  client->connection->send(message(1, "up", object));
  gateway_end->connection->send(message(2, "down", object));
  client->connection->send(message(3, "after"));
  EXPECT_GT(client->connection->queued_bytes(), 63 * base::mib);
  ASSERT_TRUE(run_until(io, [&] { return gateway_end->frames.size() == 2 && client->frames.size() == 1; }));
  EXPECT_EQ(gateway_end->frames[0].body.cut(2, object.size()), object);
  EXPECT_EQ(text_of(gateway_end->frames[1]), "after");
  EXPECT_EQ(client->frames[0].body.cut(4, object.size()), object);
}

TEST_F(ConnectionTest, delivers_nothing_while_reading_is_paused) {
  gateway_end->connection->set_frame_bytes_max(base::frame_bytes_max);
  gateway_end->connection->pause_reading();
  client->connection->send(message(1, "early", pattern(16 * base::mib)));
  run_for(io, std::chrono::milliseconds{300});
  EXPECT_THAT(gateway_end->frames, IsEmpty());
  EXPECT_GT(client->connection->queued_bytes(), 0) << "the sender does not feel that nobody reads";
  gateway_end->connection->resume_reading();
  EXPECT_THAT(gateway_end->frames, IsEmpty()) << "delivered inside resume_reading()";
  EXPECT_TRUE(run_until(io, [&] { return gateway_end->frames.size() == 1; }));
}

TEST_F(ConnectionTest, may_be_paused_and_resumed_by_the_receiver_of_a_frame) {
  auto connection = try_connect(submitter).value();
  std::size_t received = 0;
  bool resume_wanted = false;
  connection->start(
      [&](wire::Frame) {
        EXPECT_FALSE(resume_wanted) << "a frame was delivered while reading was paused";
        ++received;
        connection->pause_reading();
        resume_wanted = true;
      },
      [](base::Fault) {});
  ASSERT_TRUE(run_until(io, [&] { return accepted.size() == 2; }));
  for (int i = 0; i < 5; ++i) {
    accepted.back()->connection->send(message(1, "x"));
  }
  ASSERT_TRUE(run_until(io, [&] {
    if (std::exchange(resume_wanted, false)) {
      connection->resume_reading();
    }
    return received == 5;
  }));
  connection->close();
}

TEST_F(ConnectionTest, sends_everything_before_it_closes_when_asked_to) {
  const base::SharedBytes object = pattern(8 * base::mib);
  gateway_end->connection->send(message(1, "", object));
  gateway_end->connection->send(message(2, "goodbye"));
  gateway_end->connection->close_when_sent();
  gateway_end->connection->send(message(3, "too late"));
  ASSERT_TRUE(run_until(io, [&] { return client->ended() && gateway_end->ended(); }));
  ASSERT_THAT(client->frames, SizeIs(2));
  EXPECT_EQ(client->frames[0].body, object);
  EXPECT_EQ(text_of(client->frames[1]), "goodbye");
  EXPECT_THAT(client->endings[0], HasSubstr("closed the connection"));
  EXPECT_THAT(gateway_end->endings[0], HasSubstr("was closed by this side"));
}

TEST_F(ConnectionTest, sends_everything_although_the_peer_keeps_talking) {
  for (int i = 0; i < 2000; ++i) {
    client->connection->send(message(1, std::string(4000, 'x')));
  }
  gateway_end->connection->send(message(2, "goodbye"));
  gateway_end->connection->close_when_sent();
  ASSERT_TRUE(run_until(io, [&] { return client->ended() && gateway_end->ended(); }));
  ASSERT_THAT(client->frames, SizeIs(1));
  EXPECT_EQ(text_of(client->frames[0]), "goodbye");
}

TEST_F(ConnectionTest, leaves_a_peer_that_does_not_listen_after_a_while) {
  client->connection->pause_reading();
  gateway_end->connection->send(message(1, "", pattern(32 * base::mib)));
  gateway_end->connection->close_when_sent();
  EXPECT_TRUE(run_until(io, [&] { return gateway_end->ended(); }));
}

TEST_F(ConnectionTest, tells_both_ends_once_that_it_is_closed) {
  client->connection->close();
  EXPECT_THAT(client->endings, IsEmpty()) << "called inside close()";
  client->connection->close();
  client->connection->close_when_sent();
  client->connection->send(message(1, "into the void"));
  ASSERT_TRUE(run_until(io, [&] { return client->ended() && gateway_end->ended(); }));
  run_for(io, std::chrono::milliseconds{50});
  EXPECT_THAT(client->endings, SizeIs(1));
  EXPECT_THAT(gateway_end->endings, SizeIs(1));
  EXPECT_THAT(gateway_end->endings[0],
              AllOf(HasSubstr(gateway_end->connection->peer()), HasSubstr("closed the connection")));
}

TEST_F(ConnectionTest, may_be_closed_by_the_receiver_of_a_frame) {
  auto connection = try_connect(submitter).value();
  std::size_t received = 0;
  bool closed = false;
  connection->start(
      [&](wire::Frame) {
        ++received;
        connection->close();
      },
      [&](base::Fault) { closed = true; });
  ASSERT_TRUE(run_until(io, [&] { return accepted.size() == 2; }));
  for (int i = 0; i < 5; ++i) {
    accepted.back()->connection->send(message(1, "x"));
  }
  ASSERT_TRUE(run_until(io, [&] { return closed; }));
  EXPECT_EQ(received, 1);
}

TEST_F(ConnectionTest, reports_its_end_although_it_is_started_after_it) {
  auto connection = try_connect(submitter).value();
  connection->close();
  run_for(io, std::chrono::milliseconds{20});
  bool closed = false;
  connection->start([](wire::Frame) {}, [&](base::Fault) { closed = true; });
  EXPECT_TRUE(run_until(io, [&] { return closed; }));
}

TEST_F(ConnectionTest, refuses_a_frame_above_the_bound_and_takes_it_when_the_bound_is_raised) {
  gateway_end->connection->set_frame_bytes_max(100'000);
  client->connection->send(message(1, "", pattern(100'000)));
  ASSERT_TRUE(run_until(io, [&] { return gateway_end->frames.size() == 1; }));
  client->connection->send(message(1, "", pattern(100'001)));
  ASSERT_TRUE(run_until(io, [&] { return gateway_end->ended() && client->ended(); }));
  EXPECT_THAT(gateway_end->frames, SizeIs(1));
  EXPECT_THAT(gateway_end->endings[0], AllOf(HasSubstr("broke the protocol"), HasSubstr("100001")));
}

TEST_F(ConnectionTest, accepts_only_a_small_frame_before_the_bound_is_raised) {
  client->connection->send(message(1, "", pattern(base::hello_frame_bytes_max + 1)));
  ASSERT_TRUE(run_until(io, [&] { return gateway_end->ended(); }));
  EXPECT_THAT(gateway_end->frames, IsEmpty());
}

TEST_F(ConnectionTest, survives_authenticated_nonsense_of_another_client) {
  const std::string huge{"GWY1\x01\0\0\0\0\0\0\0\0\0\0\x80", 16};  // announces 2^63 bytes
  for (const std::string& nonsense : {huge, std::string{"GET / HTTP/1.0\r\n\r\n"}, std::string(5000, '\xff')}) {
    boost::asio::ssl::context context = careless_context(submitter);
    CarelessClient rogue{io, context, listener->port()};
    const std::size_t before = accepted.size();
    ASSERT_TRUE(run_until(io, [&] { return rogue.greeted() && accepted.size() > before; }));
    rogue.say(nonsense);
    ASSERT_TRUE(run_until(io, [&] { return accepted.back()->ended() && !rogue.error().empty(); }));
    EXPECT_THAT(accepted.back()->endings[0], HasSubstr("broke the protocol"));
    EXPECT_THAT(accepted.back()->frames, IsEmpty());
  }
  expect_serves(*client, *gateway_end);
}

}  // namespace
}  // namespace gangway::tls
