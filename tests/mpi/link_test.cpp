#include "mpi/link.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "mpi/doorbell.hpp"
#include "support/mpi_world.hpp"
#include "traffic.hpp"

namespace gangway::test {
namespace {

wire::EncodedMessage small_message(std::uint8_t number, std::size_t bytes) {
  return {number, pattern(number, bytes), {}};
}

// Links of one test must not hear those of the next.
class LinkTest : public testing::Test {
 protected:
  void make_link(mpi::LinkEvents events, mpi::LinkLimits limits = {}) {
    link.emplace(world(), doorbell, std::move(events), limits);
    meet();
  }
  void TearDown() override {
    meet();
    link.reset();
    meet();
  }

  mpi::Doorbell doorbell = doorbell_of_this_test();
  std::optional<mpi::Link> link;
  const int rank = world().rank();
  const int ranks = world().size();
};

class LinkTraffic : public LinkTest, public testing::WithParamInterface<mpi::LinkLimits> {};

TEST_P(LinkTraffic, ArrivesWholeAndInOrder) {
  constexpr std::uint32_t messages = 250;
  constexpr std::size_t bytes_max = 4 * base::mib;
  TrafficCheck check{rank, ranks, bytes_max};
  mpi::LinkEvents events;
  events.deliver = [&check](int source, std::uint8_t number, const base::SharedBytes& head,
                            const base::SharedBytes& bulk) { check.expect_next(source, number, head, bulk); };
  make_link(std::move(events), GetParam());
  for (std::uint32_t index = 0; index < messages; ++index) {
    for (int target = 0; target < ranks; ++target) {
      link->send(target, traffic_message(rank, target, index, bytes_max));
      link->poll();
    }
  }
  EXPECT_TRUE(poll_until(*link, [&] { return check.all_received(messages) && link->idle(); }));
  for (int target = 0; target < ranks; ++target) EXPECT_EQ(link->queued_bytes(target), 0U);
  EXPECT_GT(doorbell.messages_sent_to_me(), 0U);
}

INSTANTIATE_TEST_SUITE_P(, LinkTraffic,
                         testing::Values(mpi::LinkLimits{}, mpi::LinkLimits{1, 1, 1}, mpi::LinkLimits{5, 2, 65'536}));

TEST_F(LinkTest, TheLargestObjectsLandWhereTheReceiverWants) {
  const int target = ranks - 1;
  constexpr std::uint8_t objects = 3;
  std::size_t landed_bytes = 0;
  std::vector<std::uint8_t> order;
  const base::SharedBytes object{pattern(7, base::object_bytes_max)};
  mpi::LinkEvents events;
  events.allocate = [&landed_bytes](int, std::size_t bytes) {
    landed_bytes += bytes;
    auto memory = std::make_shared<base::ByteVector>(bytes + 64);
    const std::size_t skip = 64 - reinterpret_cast<std::uintptr_t>(memory->data()) % 64;
    return mpi::Landing{std::span{*memory}.subspan(skip, bytes), memory};
  };
  events.deliver = [&](int source, std::uint8_t number, const base::SharedBytes&, const base::SharedBytes& bulk) {
    EXPECT_EQ(source, 0);
    order.push_back(number);
    EXPECT_TRUE(number % 2 == 1 || bulk == object);
  };
  make_link(std::move(events));
  if (rank == 0) {
    for (std::uint8_t i = 0; i < objects; ++i) {
      link->send(target, {static_cast<std::uint8_t>(2 * i), pattern(i, 50), object});
      link->send(target, small_message(static_cast<std::uint8_t>(2 * i + 1), 10));
    }
    EXPECT_GT(link->queued_bytes(target), base::object_bytes_max);
  }
  const std::size_t expected = rank == target ? 2 * objects : 0;
  EXPECT_TRUE(poll_until(*link, [&] { return order.size() == expected && link->idle(); }));
  EXPECT_TRUE(std::ranges::is_sorted(order)) << "the small messages must not overtake";
  EXPECT_EQ(landed_bytes, rank == target ? objects * base::object_bytes_max : 0);
}

TEST_F(LinkTest, SharedBytesAreReleasedWhenSent) {
  std::uint32_t received = 0;
  mpi::LinkEvents events;
  events.deliver = [&received](int, std::uint8_t, const base::SharedBytes&, const base::SharedBytes&) { ++received; };
  make_link(std::move(events));
  auto memory = std::make_shared<const base::ByteVector>(base::mib);
  const std::weak_ptr<const base::ByteVector> watched = memory;
  for (int target = 0; target < ranks; ++target) {
    link->send(target, {1, {}, base::SharedBytes{memory, *memory}});
  }
  memory.reset();
  EXPECT_FALSE(watched.expired());
  EXPECT_TRUE(poll_until(*link, [&] { return received == static_cast<std::uint32_t>(ranks) && link->idle(); }));
  EXPECT_TRUE(watched.expired());
}

TEST_F(LinkTest, WithoutAcknowledgementsNoMoreThanTheWindowIsSent) {
  constexpr std::uint32_t messages = 1000;
  constexpr std::size_t bytes = 200;
  std::uint32_t received = 0;
  mpi::LinkEvents events;
  events.deliver = [&received](int, std::uint8_t, const base::SharedBytes&, const base::SharedBytes&) { ++received; };
  const mpi::LinkLimits limits;
  make_link(std::move(events), limits);
  const int target = ranks - 1;
  if (rank == 0) {
    for (std::uint32_t i = 0; i < messages; ++i) link->send(target, small_message(1, bytes));
    EXPECT_EQ(link->queued_bytes(target), (messages - limits.window_messages) * bytes);
    EXPECT_TRUE(link->waiting());
  }
  meet();  // nobody has polled its link until here
  const std::uint32_t expected = rank == target ? messages : 0;
  EXPECT_TRUE(poll_until(*link, [&] { return received == expected && link->idle(); }));
}

TEST_F(LinkTest, AnAnswerMayBeSentFromADelivery) {
  constexpr std::uint32_t answers = 500;
  std::uint32_t received = 0;
  mpi::LinkEvents events;
  events.deliver = [&](int source, std::uint8_t number, const base::SharedBytes&, const base::SharedBytes& bulk) {
    ++received;
    if (received < answers) link->send(source, {number, {}, bulk});
  };
  make_link(std::move(events));
  const int partner = ranks - 1 - rank;
  link->send(partner, {5, {}, base::SharedBytes{pattern(1, 5000)}});
  EXPECT_TRUE(poll_until(*link, [&] { return received == answers && link->idle(); }));
}

TEST_F(LinkTest, ADeathIsTold) {
  std::optional<std::pair<int, int>> told;
  mpi::LinkEvents events;
  events.deliver = [](int, std::uint8_t, const base::SharedBytes&, const base::SharedBytes&) {};
  events.death_told = [&](int dead, int status) { told = {dead, status}; };
  make_link(std::move(events));
  link->tell_death(ranks - 1 - rank, 100 + rank, 9);
  EXPECT_TRUE(poll_until(*link, [&] { return told.has_value(); }));
  EXPECT_EQ(told, (std::pair{100 + ranks - 1 - rank, 9}));
}

TEST_F(LinkTest, WhoIsAskedAnswersThoughItsWindowIsShut) {
  mpi::LinkEvents events;
  events.deliver = [](int, std::uint8_t, const base::SharedBytes&, const base::SharedBytes&) {};
  mpi::LinkLimits limits;
  limits.window_messages = 1000;  // nobody acknowledges a single message for that
  make_link(std::move(events), limits);
  const int partner = ranks - 1 - rank;
  const std::uint64_t before = link->received_on_node();
  link->ask(partner);
  // The question of the partner, and its answer.
  EXPECT_TRUE(poll_until(*link, [&] { return link->received_on_node() == before + 2; }));
}

}  // namespace
}  // namespace gangway::test
