#include "keeper/channel.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <chrono>
#include <cstring>
#include <random>
#include <string>
#include <thread>

#include "forked.hpp"

namespace gangway::keeper {
namespace {

using namespace std::chrono_literals;

wire::EncodedMessage message_of(std::uint8_t number, std::string_view text, std::string_view bulk = {}) {
  const base::ByteView head = base::bytes_of(text);
  return {.number = number,
          .head = base::ByteVector(head.begin(), head.end()),
          .bulk = base::SharedBytes::copy_of(base::bytes_of(bulk))};
}

std::string text_of(const ChannelMessage& message) {
  const base::ByteView body = message.body.view();
  return {reinterpret_cast<const char*>(body.data()), body.size()};
}

ChannelDescriptors copies_of(const ChannelDescriptors& descriptors) {
  return {.memory = os::Descriptor{::dup(descriptors.memory.get())},
          .event = os::Descriptor{::dup(descriptors.event.get())}};
}

bool wait_for_event(const RankEnd& rank, std::chrono::milliseconds wait_max) {
  pollfd event{.fd = rank.event_fd(), .events = POLLIN, .revents = 0};
  return ::poll(&event, 1, static_cast<int>(wait_max.count())) == 1;
}

/// As a rank's loop does it.
ChannelMessage wait_for_message(RankEnd& rank) {
  for (;;) {
    if (auto message = rank.receive()) return *std::move(message);
    if (rank.broken()) return {};
    rank.set_sleeping(true);
    auto message = rank.receive();
    if (!message) wait_for_event(rank, 60s);
    rank.set_sleeping(false);
    rank.silence_bell();
    if (message) return *std::move(message);
  }
}

class Channel : public testing::Test {
 protected:
  ChannelDescriptors descriptors_ = ChannelDescriptors::create().value();

  RankEnd rank_end() { return RankEnd::open(copies_of(descriptors_)).value(); }
  WorkerEnd worker_end(base::Duration spin = {}) { return WorkerEnd::open(copies_of(descriptors_), spin).value(); }

  /// Answers each message with the same one until the channel is closed.
  auto echo(base::Duration spin = {}) {
    return [this, spin] {
      WorkerEnd worker = worker_end(spin);
      while (auto message = worker.receive()) {
        worker.send({.number = message->number, .head = {}, .bulk = message->body});
      }
      return worker.broken() ? 1 : 0;
    };
  }
};

TEST_F(Channel, CarriesMessagesBothWays) {
  RankEnd rank = rank_end();
  WorkerEnd worker = worker_end();
  ASSERT_TRUE(rank.send(message_of(3, "run ", "this")));
  auto at_worker = worker.receive();
  EXPECT_EQ(at_worker->number, 3);
  EXPECT_EQ(text_of(*at_worker), "run this");
  ASSERT_TRUE(worker.send(message_of(4, "", "done")));
  auto at_rank = rank.receive();
  EXPECT_EQ(at_rank->number, 4);
  EXPECT_EQ(text_of(*at_rank), "done");
  EXPECT_FALSE(rank.receive());
}

TEST_F(Channel, LosesNoWakeUpInManyRoundTrips) {
  for (const base::Duration spin : {base::Duration{}, channel_spin_default}) {
    descriptors_ = ChannelDescriptors::create().value();
    Forked worker{echo(spin)};
    {
      RankEnd rank = rank_end();
      // Each lost wake-up costs a second, until a safety net ends the wait.
      const auto start = std::chrono::steady_clock::now();
      for (std::uint32_t i = 0; i < 100'000; ++i) {
        const std::string text = std::to_string(i);
        ASSERT_TRUE(rank.send(message_of(1, text)));
        ASSERT_EQ(text_of(wait_for_message(rank)), text);
      }
      EXPECT_LT(std::chrono::steady_clock::now() - start, 50s);
    }
    EXPECT_EQ(worker.exit_code(), 0);
  }
}

TEST_F(Channel, KeepsTheOrderOfMillionsThroughAFullRing) {
  constexpr std::uint32_t count = 2'000'000;
  Forked worker{echo()};
  RankEnd rank = rank_end();
  std::uint32_t sent = 0;
  std::uint32_t received = 0;
  std::uint32_t refused = 0;
  while (received < count) {
    while (sent < count && rank.send(message_of(1, {reinterpret_cast<const char*>(&sent), sizeof(sent)}))) ++sent;
    refused += sent < count ? 1 : 0;
    rank.set_sleeping(true);
    auto message = rank.receive();
    if (!message) {
      ASSERT_TRUE(wait_for_event(rank, 60s));
    }
    rank.set_sleeping(false);
    rank.silence_bell();
    for (; message; message = rank.receive()) {
      std::uint32_t value = 0;
      std::memcpy(&value, message->body.view().data(), sizeof(value));
      ASSERT_EQ(value, received++);
    }
  }
  EXPECT_GT(refused, 0U) << "the ring was never full";
}

TEST_F(Channel, CarriesTheLargestMessages) {
  Forked worker{echo()};
  RankEnd rank = rank_end();
  std::mt19937 random{1};
  for (int i = 0; i < 200; ++i) {
    std::string large(channel_message_bytes_max - static_cast<std::size_t>(i), '\0');
    for (char& c : large) c = static_cast<char>(random());
    ASSERT_TRUE(rank.send(message_of(1, large)));
    ASSERT_EQ(text_of(wait_for_message(rank)), large);
  }
}

TEST_F(Channel, TellsTheRankWhenThereIsRoomAgain) {
  RankEnd rank = rank_end();
  WorkerEnd worker = worker_end();
  const auto large = message_of(1, std::string(200'000, 'x'));
  while (rank.send(large)) {
  }
  EXPECT_FALSE(wait_for_event(rank, 0ms));
  worker.receive();
  EXPECT_TRUE(wait_for_event(rank, 0ms));
  EXPECT_TRUE(rank.send(large));
}

TEST_F(Channel, MakesAWorkerWaitWhileTheRingIsFull) {
  const auto large = message_of(1, std::string(200'000, 'x'));
  Forked worker{[&] {
    WorkerEnd end = worker_end();
    for (int i = 0; i < 20; ++i) end.send(large);
    return 0;
  }};
  RankEnd rank = rank_end();
  std::this_thread::sleep_for(50ms);
  for (int i = 0; i < 20; ++i) ASSERT_EQ(text_of(wait_for_message(rank)).size(), 200'000U);
  EXPECT_EQ(worker.exit_code(), 0);
}

TEST_F(Channel, RingsNoBellForARankThatIsAwake) {
  RankEnd rank = rank_end();
  WorkerEnd worker = worker_end();
  worker.send(message_of(1, "a"));
  EXPECT_FALSE(wait_for_event(rank, 0ms));
  rank.set_sleeping(true);
  worker.send(message_of(1, "b"));
  EXPECT_TRUE(wait_for_event(rank, 0ms));
  rank.set_sleeping(false);
  EXPECT_TRUE(wait_for_event(rank, 0ms));
  rank.silence_bell();
  EXPECT_FALSE(wait_for_event(rank, 0ms));
}

TEST_F(Channel, EndsTheWorkersWaitWhenTheRankLeaves) {
  Forked waits_for_a_message{[&] {
    WorkerEnd worker = worker_end();
    return worker.receive() ? 1 : 0;
  }};
  {
    RankEnd rank = rank_end();
    std::this_thread::sleep_for(20ms);
  }
  EXPECT_EQ(waits_for_a_message.exit_code(), 0);

  descriptors_ = ChannelDescriptors::create().value();
  Forked waits_for_room{[&] {
    WorkerEnd worker = worker_end();
    while (worker.send(message_of(1, std::string(100'000, 'x')))) {
    }
    return 0;
  }};
  {
    RankEnd rank = rank_end();
    std::this_thread::sleep_for(20ms);
  }
  EXPECT_EQ(waits_for_room.exit_code(), 0);
}

TEST_F(Channel, SurvivesAWorkerThatScribblesOverAllOfIt) {
  std::mt19937 random{7};
  for (int round = 0; round < 200; ++round) {
    descriptors_ = ChannelDescriptors::create().value();
    RankEnd rank = rank_end();
    struct stat status {};
    ASSERT_EQ(::fstat(descriptors_.memory.get(), &status), 0);
    const auto bytes = static_cast<std::size_t>(status.st_size);
    const Mapping scribbled = Mapping::map(descriptors_.memory.get(), bytes, 0).value();
    for (int place = 0; place < 4; ++place) {
      rank.send(message_of(1, "hello"));
      // The words at the front, where the indices are, and anything in between.
      for (std::size_t i = 0; i < 4096 && round % 2 == 0; ++i) scribbled.data()[i] = static_cast<std::byte>(random());
      std::memset(scribbled.data() + random() % (bytes - 4096), static_cast<int>(random()), 4096);
      for (int i = 0; i < 10; ++i) rank.receive();
    }
  }
}

TEST_F(Channel, ReportsNonsenseAsBroken) {
  RankEnd rank = rank_end();
  const Mapping scribbled = Mapping::map(descriptors_.memory.get(),
                                         static_cast<std::size_t>(::lseek(descriptors_.memory.get(), 0, SEEK_END)), 0)
                                .value();
  std::memset(scribbled.data(), 0x5a, scribbled.bytes());
  EXPECT_FALSE(rank.receive());
  EXPECT_TRUE(rank.broken());
  EXPECT_FALSE(rank.send(message_of(1, "anybody there?")));
}

TEST_F(Channel, CannotBeCutByTheWorker) {
  EXPECT_NE(::ftruncate(descriptors_.memory.get(), 0), 0);
}

TEST_F(Channel, KeepsTheLastWordsOfADeadWorker) {
  RankEnd rank = rank_end();
  EXPECT_FALSE(rank.last_words());
  Forked worker{[&] {
    WorkerEnd end = worker_end();
    end.last_words().write({.signal = SIGSEGV, .fault_address = 0xdead, .stack_overflow = true});
    end.last_words().write({.signal = SIGABRT, .fault_address = 0, .stack_overflow = false});
    ::raise(SIGKILL);
    return 0;
  }};
  worker.wait();
  EXPECT_EQ(rank.last_words(), (LastWords{.signal = SIGSEGV, .fault_address = 0xdead, .stack_overflow = true}));
}

TEST_F(Channel, IsNotInheritedByWhatTheWorkerForks) {
  Forked worker{[&] {
    WorkerEnd end = worker_end();
    Forked grandchild{[&] {
      end.last_words().write({.signal = SIGSEGV});
      return 0;
    }};
    return grandchild.wait() != 0 ? 0 : 1;  // killed; by a sanitizer, ended with a report
  }};
  EXPECT_EQ(worker.exit_code(), 0);
  EXPECT_FALSE(rank_end().last_words());
}

TEST_F(Channel, RefusesAMessageThatBelongsIntoTheArena) {
  RankEnd rank = rank_end();
  EXPECT_DEATH(rank.send(message_of(1, std::string(channel_message_bytes_max + 1, 'x'))),
               "too large for the channel");
}

}  // namespace
}  // namespace gangway::keeper
