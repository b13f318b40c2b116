#include "mpi/loop.hpp"

#include <sys/resource.h>

#include <chrono>
#include <optional>
#include <utility>

#include <gtest/gtest.h>
#include <boost/asio/steady_timer.hpp>

#include "base/limits.hpp"
#include "mpi/doorbell.hpp"
#include "mpi/link.hpp"
#include "support/mpi_world.hpp"
#include "traffic.hpp"

namespace gangway::test {
namespace {

using std::chrono::milliseconds;

std::chrono::microseconds cpu_time() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return std::chrono::seconds{usage.ru_utime.tv_sec + usage.ru_stime.tv_sec} +
         std::chrono::microseconds{usage.ru_utime.tv_usec + usage.ru_stime.tv_usec};
}

// A rank with everything a loop serves.
class LoopTest : public testing::Test {
 protected:
  void make(mpi::LinkEvents link_events, mpi::LoopEvents loop_events) {
    link.emplace(world(), doorbell, std::move(link_events), mpi::LinkLimits{});
    loop.emplace(world(), doorbell, *link, io, std::move(loop_events));
    meet();
  }
  // Runs the loop until somebody stops it, but for a minute at most.
  void run() {
    deadline.expires_after(std::chrono::minutes{1});
    deadline.async_wait([this](const boost::system::error_code& error) {
      if (error) return;
      ADD_FAILURE() << "the loop still runs after a minute";
      loop->stop();
    });
    loop->run();
    deadline.cancel();
    io.poll();
  }
  void run_for(milliseconds time) {
    boost::asio::steady_timer end{io, time};
    end.async_wait([this](const boost::system::error_code&) { loop->stop(); });
    run();
  }
  void TearDown() override {
    meet();
    loop.reset();
    link.reset();
    meet();
  }

  boost::asio::io_context io;
  boost::asio::steady_timer deadline{io};
  mpi::Doorbell doorbell = doorbell_of_this_test();
  std::optional<mpi::Link> link;
  std::optional<mpi::Loop> loop;
  const int rank = world().rank();
  const int ranks = world().size();
};

bool nothing_to_do() {
  return false;
}

mpi::LinkEvents nobody_calls() {
  mpi::LinkEvents events;
  events.deliver = [](int, std::uint8_t, const base::SharedBytes&, const base::SharedBytes&) { ADD_FAILURE(); };
  return events;
}

TEST_F(LoopTest, AnIdleSecondCostsNoCpu) {
  mpi::LoopEvents events;
  events.turn = nothing_to_do;
  make(nobody_calls(), std::move(events));
  const auto before = cpu_time();
  run_for(milliseconds{1000});
  EXPECT_LT(cpu_time() - before, milliseconds{50});
  EXPECT_GE(loop->counts().sleeps, 5U);
  EXPECT_EQ(loop->counts().naps, 0U);
}

TEST_F(LoopTest, ABellWakesASleepingRank) {
  constexpr std::uint32_t pings = 20;
  std::uint32_t received = 0;
  mpi::LinkEvents link_events;
  // The last rank answers; rank 0 counts the answers, and tells all when it has them.
  constexpr std::uint8_t ping = 1;
  constexpr std::uint8_t end = 2;
  link_events.deliver = [&](int source, std::uint8_t number, const base::SharedBytes&, const base::SharedBytes&) {
    ++received;
    if (number == end) loop->stop();
    if (rank != 0 && number == ping) link->send(source, {ping, {}, {}});
  };
  mpi::LoopEvents events;
  events.turn = nothing_to_do;
  make(std::move(link_events), std::move(events));

  boost::asio::steady_timer pause{io};
  std::uint32_t sent = 0;
  const std::function<void()> next = [&] {
    pause.expires_after(milliseconds{20});
    pause.async_wait([&](const boost::system::error_code& error) {
      if (error) return;
      if (sent++ < pings) {
        link->send(ranks - 1, {ping, {}, {}});
        next();
        return;
      }
      for (int target = 0; target < ranks; ++target) link->send(target, {end, {}, {}});
    });
  };
  if (rank == 0) next();
  run();
  if (ranks == 1) return;  // it need not be woken to hear itself
  if (rank == ranks - 1) {
    EXPECT_EQ(received, pings + 1);
    EXPECT_GE(loop->counts().bells, pings / 2) << "it slept between the pings, so the bell must have rung";
  } else {
    EXPECT_EQ(received, rank == 0 ? pings + 1 : 1U);
  }
}

// The loop takes a few at a time; the socket must go on telling it of the others.
TEST_F(LoopTest, AFloodOfRingsIsHeardToItsEnd) {
  mpi::LoopEvents events;
  events.turn = [this] {
    if (loop->counts().bells > mpi::Doorbell::rings_taken_max) loop->stop();
    return false;
  };
  make(nobody_calls(), std::move(events));
  for (std::uint64_t i = 0; i < 2 * mpi::Doorbell::rings_taken_max; ++i) doorbell.bells().ring(rank);
  run();
  EXPECT_GT(loop->counts().bells, mpi::Doorbell::rings_taken_max);
}

TEST_F(LoopTest, TrafficBetweenLoopsArrives) {
  constexpr std::uint32_t messages = 400;
  constexpr std::size_t bytes_max = base::mib;
  constexpr std::uint8_t done = 255;
  TrafficCheck check{rank, ranks, bytes_max};
  int done_ranks = 0;
  mpi::LinkEvents link_events;
  link_events.deliver = [&](int source, std::uint8_t number, const base::SharedBytes& head,
                            const base::SharedBytes& bulk) {
    if (check.received(source) < messages) return check.expect_next(source, number, head, bulk);
    EXPECT_EQ(number, done);
    ++done_ranks;
  };
  std::uint32_t sent = 0;
  mpi::LoopEvents events;
  events.turn = [&] {
    if (done_ranks == ranks && link->idle()) loop->stop();
    if (sent > messages || link->waiting()) return false;
    for (int target = 0; target < ranks; ++target) {
      link->send(target, sent < messages ? traffic_message(rank, target, sent, bytes_max)
                                         : wire::EncodedMessage{done, {}, {}});
    }
    ++sent;
    return true;
  };
  make(std::move(link_events), std::move(events));
  run();
  EXPECT_TRUE(check.all_received(messages));
}

TEST_F(LoopTest, SaysWhenItSleepsAndKeepsToTheLongestSleep) {
  std::uint32_t asleep = 0;
  std::uint32_t awake = 0;
  std::uint32_t turns_asleep = 0;
  mpi::LoopEvents events;
  events.turn = [&] {
    turns_asleep += asleep - awake;
    return false;
  };
  events.sleep_max = [] { return base::milliseconds(2); };
  events.asleep = [&](bool sleeps) { ++(sleeps ? asleep : awake); };
  make(nobody_calls(), std::move(events));
  run_for(milliseconds{300});
  EXPECT_EQ(asleep, awake);
  EXPECT_GE(turns_asleep, asleep) << "it must look for work after it said that it sleeps";
  EXPECT_GE(asleep, 10U) << "sleeps of 2 ms in 300 ms";
}

TEST_F(LoopTest, StopsFromATurnAndRunsAgain) {
  int turns = 0;
  mpi::LoopEvents events;
  events.turn = [&] {
    ++turns;
    loop->stop();
    return true;
  };
  make(nobody_calls(), std::move(events));
  run();
  EXPECT_EQ(turns, 1);
  run();
  EXPECT_EQ(turns, 2);
}

}  // namespace
}  // namespace gangway::test
