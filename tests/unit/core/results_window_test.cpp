#include <gmock/gmock.h>

#include <string>

#include "controller_fixture.hpp"

namespace gangway::core {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

/// Results of at most 100 bytes, unless a test says otherwise; 250 may wait for the client.
class Results : public ControllerTest {
 protected:
  Results() {
    limits.session_results_bytes_max = 250;
    limits.result_bytes_guess = 100;
  }

  /// Direct tasks for one engine; returns the first.
  TaskId submits_many(ConnectionId id, std::uint64_t engine, int count) {
    const TaskId first = submits(id, {engine});
    for (int i = 1; i < count; ++i) submits(id, {engine});
    return first;
  }
  void brings(std::uint32_t engine, std::size_t bytes) {
    finishes(engine, base::microseconds(10), std::string(bytes, 'r'));
  }
};

TEST_F(Results, OfUnknownLengthAreExpectedToBeLong) {
  joins(0);
  submits_many(client(), 0, 10);
  EXPECT_THAT(handed(0), SizeIs(2)) << "three might bring 300 bytes";
}

TEST_F(Results, OpenTheWindowWhenTheyProveToBeShort) {
  joins(0);
  submits_many(client(), 0, 60);
  brings(0, 1);
  EXPECT_THAT(handed(0), SizeIs(59));
}

TEST_F(Results, ThatProveToBeLongAreFetchedAsTheyAreAcknowledged) {
  joins(0);
  const ConnectionId id = client();
  const TaskId first = submits_many(id, 0, 10);
  brings(0, 100);
  EXPECT_THAT(handed(0), SizeIs(1)) << "one is kept, one on its way, a third would be too much";
  brings(0, 100);
  EXPECT_THAT(handed(0), IsEmpty());
  acknowledges(id, {first});
  EXPECT_THAT(handed(0), SizeIs(1));
}

TEST_F(Results, ThatDoNotFitAtAllComeOneAtATime) {
  joins(0);
  const ConnectionId id = client();
  const TaskId first = submits_many(id, 0, 3);
  brings(0, 1000);
  EXPECT_THAT(handed(0), SizeIs(1)) << "handed out before the length was known";
  brings(0, 1000);
  EXPECT_THAT(handed(0), IsEmpty());
  acknowledges(id, {first});
  EXPECT_THAT(handed(0), IsEmpty());
  acknowledges(id, {TaskId{first.value() + 1}});
  EXPECT_THAT(handed(0), SizeIs(1));
}

TEST_F(Results, OfUnknownLengthKeepNoEngineIdle) {
  for (std::uint32_t engine = 0; engine < 8; ++engine) joins(engine);
  const ConnectionId id = client();
  for (int i = 0; i < 20; ++i) submits(id);
  for (std::uint32_t engine = 0; engine < 8; ++engine) EXPECT_THAT(handed(engine), SizeIs(1)) << engine;
  submits(id, {0});
  EXPECT_THAT(handed(0), SizeIs(1)) << "but none is sent ahead";
}

TEST_F(Results, ThatAreLongHoldOtherSessionsUpNowhere) {
  joins(0);
  joins(1);
  const ConnectionId greedy = client();
  const ConnectionId modest = client();
  submits_many(greedy, 0, 10);
  submits_many(greedy, 1, 10);
  brings(0, 120);
  brings(1, 120);
  while (!handed(0).empty()) brings(0, 120);
  while (!handed(1).empty()) brings(1, 120);
  const TaskId direct = submits(modest, {0});
  const TaskId balanced = submits(modest);
  EXPECT_EQ(handed(0), Ids{direct.value()});
  EXPECT_EQ(handed(1), Ids{balanced.value()});
}

TEST_F(Results, ThatNeverCameMakeRoom) {
  limits.session_results_bytes_max = 25'000;  // what is said of the lost tasks takes room too
  limits.result_bytes_guess = 10'000;
  joins(0);
  joins(1);
  const ConnectionId id = client();
  submits_many(id, 0, 10);
  submits_many(id, 1, 10);
  EXPECT_THAT(handed(1), SizeIs(1));
  is_lost(0);
  EXPECT_THAT(handed(1), SizeIs(2));
}

TEST_F(Results, AFailureSaysNothingOfTheLengthOfAResult) {
  joins(0);
  const ConnectionId id = client();
  submits_many(id, 0, 10);
  const wire::AttemptRef attempt = runs(0).front().attempt;
  runs(0).pop_front();
  engine_says(0, wire::AttemptFinished{attempt, 1, {}, {}, wire::Failure{}});
  EXPECT_THAT(handed(0), SizeIs(2));
}

TEST_F(Results, OfASessionThatHasEndedAreExpectedByNobody) {
  joins(0);
  const ConnectionId id = client();
  submits_many(id, 0, 2);
  says(id, wire::EndSession{});
  submits_many(client(), 0, 10);
  EXPECT_THAT(handed(0), SizeIs(2 + 2));
  brings(0, 100);
}

}  // namespace
}  // namespace gangway::core
