// The gateway dies, and its controller is made anew of what the store kept.
#include <gmock/gmock.h>

#include <string>

#include "controller_fixture.hpp"

namespace gangway::core {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// What a task of submits() counts: "work", labelled "f".
constexpr std::uint64_t counted_bytes = 5;

class Restart : public ControllerTest {};

TEST_F(Restart, HandsWhatRanOutAgainUnderTheNextNumber) {
  joins(0);
  const ConnectionId id = client();
  const TaskId task = submits(id);
  EXPECT_EQ(runs(0).front().attempt, (wire::AttemptRef{task, 1}));
  restarts();
  EXPECT_EQ(controller().status().tasks_waiting, 1U);
  EXPECT_EQ(controller().status().tasks_running, 0U);
  joins(0);
  EXPECT_EQ(runs(0).front().attempt, (wire::AttemptRef{task, 2}));
  finishes(0);
  EXPECT_TRUE(answer(comes_back(id), task));
}

TEST_F(Restart, KeepsTheOrderOfDirectTasks) {
  limits.engine_attempts_max = 2;
  joins(0);
  const ConnectionId id = client();
  Ids all;
  for (int i = 0; i < 4; ++i) all.push_back(submits(id, {0}).value());
  ASSERT_THAT(handed(0), SizeIs(2));
  restarts();
  joins(0);
  Ids ran;
  while (!handed(0).empty()) {
    ran.push_back(handed(0).front());
    finishes(0);
  }
  EXPECT_EQ(ran, all);
}

TEST_F(Restart, NumbersTheAttemptsOfEachPartOnItsOwn) {
  limits.session_results_bytes_max = 10;
  limits.engine_attempts_max = 1;
  joins(0);
  joins(1);
  const ConnectionId id = client();
  const TaskId before = submits(id, {1});
  const TaskId parts = submits(id, {0, 1});
  finishes(1, base::milliseconds(1), "more than ten");
  ASSERT_EQ(handed(0), Ids{parts.value()});
  ASSERT_THAT(handed(1), IsEmpty());
  restarts();
  joins(0);
  joins(1);
  acknowledges(comes_back(id), {before});
  EXPECT_EQ(runs(0).front().attempt, (wire::AttemptRef{parts, 2}));
  EXPECT_EQ(runs(1).front().attempt, (wire::AttemptRef{TaskId{parts.value() + 1}, 1}));
}

TEST_F(Restart, KeepsAnswersForTheirClient) {
  joins(0);
  const ConnectionId id = client();
  const TaskId kept = submits(id);
  finishes(0, base::milliseconds(1), "kept");
  const TaskId acknowledged = submits(id);
  finishes(0);
  acknowledges(id, {acknowledged});
  restarts();
  const ConnectionId back = comes_back(id);
  EXPECT_THAT(heard<wire::TaskAccepted>(back),
              ElementsAre(wire::TaskAccepted{wire::RequestId{1}, kept, 1, 1, counted_bytes}));
  ASSERT_TRUE(answer(back, kept));
  EXPECT_EQ(text(std::get<base::SharedBytes>(answer(back, kept)->outcome)), "kept");
  acknowledges(back, {kept, acknowledged});
  EXPECT_EQ(goodbye(back), "");
  EXPECT_THAT(controller().durable_state().tasks.all(), IsEmpty());
}

TEST_F(Restart, EndsSessionsThatHaveNothingToKeepAndDetachesTheOthers) {
  client();
  const ConnectionId id = client();
  submits(id);
  restarts();
  EXPECT_EQ(controller().status().sessions, 1U);
  EXPECT_EQ(controller().status().connections, 0U);
  EXPECT_EQ(controller().next_deadline(), now + limits.session_linger);
  passes(limits.session_linger);
  EXPECT_EQ(controller().status().sessions, 0U);
}

TEST_F(Restart, DropsWhatRanForASessionThatHasEnded) {
  joins(0);
  const ConnectionId id = client();
  submits(id);
  says(id, wire::EndSession{});
  restarts();
  joins(0);
  EXPECT_THAT(handed(0), IsEmpty());
  EXPECT_THAT(controller().durable_state().tasks.all(), IsEmpty());
}

TEST_F(Restart, DropsWhatRanForASessionThatHasEndedAlsoIfTheStoreDoesNot) {
  joins(0);
  const ConnectionId id = client();
  submits(id);
  says(id, wire::EndSession{});
  Controller restarted{Identity{"test", 0}, limits};
  for (const Record& record : journal()) restarted.apply(record);
  ASSERT_THAT(restarted.durable_state().tasks.all(), SizeIs(1));
  Effects theirs;
  restarted.handle(Restarted{}, now, theirs);
  restarted.check_invariants();
  EXPECT_THAT(restarted.durable_state().tasks.all(), IsEmpty());
}

TEST_F(Restart, LeavesIdsOutThatMayHaveBeenToldAndLost) {
  joins(0);
  const ConnectionId id = client();
  const TaskId last = submits(id);
  restarts();
  const ConnectionId stranger = client();
  EXPECT_GT(session_of(stranger).value(), session_of(id).value() + 1000);
  EXPECT_GT(submits(stranger).value(), last.value() + 1000);
}

TEST_F(Restart, FailsTasksWhoseValuesWereLostWithTheEngines) {
  joins(0);
  const ConnectionId id = client();
  submits(id, {0});
  finishes(0, base::milliseconds(1), "", {"x"});
  const TaskId holds = submits(id, {}, {"x"});
  restarts();
  joins(0);
  EXPECT_THAT(failure(comes_back(id), holds).text, HasSubstr("no engine holds the named value \"x\""));
}

TEST_F(Restart, LetsDirectTasksWaitForTheirEngines) {
  joins(0);
  joins(1);
  const ConnectionId id = client();
  const TaskId parts = submits(id, {0, 1});
  restarts();
  const ConnectionId back = comes_back(id);
  joins(1);
  EXPECT_EQ(handed(1), Ids{parts.value() + 1});
  const TaskId later = submits(back, {0});
  EXPECT_FALSE(answer(back, later)) << "its engine is expected";
  joins(0);
  EXPECT_EQ(handed(0), (Ids{parts.value(), later.value()}));
}

TEST_F(Restart, FailsDirectTasksWhoseEngineIsLostBeforeItJoins) {
  joins(0);
  const ConnectionId id = client();
  const TaskId task = submits(id, {0});
  restarts();
  const ConnectionId back = comes_back(id);
  EXPECT_EQ(controller().awaited(), std::set<EngineId>{EngineId{0}});
  is_lost(0, "its node did not come back");
  EXPECT_THAT(controller().awaited(), IsEmpty());
  EXPECT_THAT(failure(back, task).text, HasSubstr("its node did not come back"));
}

TEST_F(Restart, ForgetsNoFailedAttempt) {
  limits.attempts_max = 2;
  joins(0);
  const ConnectionId id = client();
  const TaskId task = submits(id);
  joins(1);
  is_lost(0);
  restarts();
  joins(2);
  const ConnectionId back = comes_back(id);
  is_lost(2);
  EXPECT_THAT(failure(back, task).text, HasSubstr("given up after 2 lost engines"));
}

TEST_F(Restart, KeepsASessionAsideThatHasTooManyResults) {
  limits.session_results_bytes_max = 10;
  joins(0);
  const ConnectionId id = client();
  const TaskId first = submits(id, {0});
  submits(id, {0});
  finishes(0, base::milliseconds(1), "more than ten");
  restarts();
  joins(0);
  EXPECT_THAT(handed(0), IsEmpty());
  acknowledges(comes_back(id), {first});
  EXPECT_THAT(handed(0), SizeIs(1));
}

}  // namespace
}  // namespace gangway::core
