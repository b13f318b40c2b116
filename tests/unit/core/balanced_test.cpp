// Balanced tasks: which engine, whose turn, how many ahead.
#include <gmock/gmock.h>

#include "controller_fixture.hpp"

namespace gangway::core {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class BalancedTasks : public ControllerTest {};

TEST_F(BalancedTasks, GoToTheEngineWithTheFewestThenTheLowestId) {
  joins(0);
  joins(1);
  const ConnectionId id = client();
  const TaskId a = submits(id);
  const TaskId b = submits(id);
  EXPECT_EQ(handed(0), Ids{a.value()});
  EXPECT_EQ(handed(1), Ids{b.value()});
  EXPECT_TRUE(runs(0).front().returnable);
}

TEST_F(BalancedTasks, AreNotHandedAheadWhileRunTimesAreUnknownOrLong) {
  joins(0);
  const ConnectionId id = client();
  for (int i = 0; i < 3; ++i) submits(id);
  EXPECT_THAT(handed(0), SizeIs(1));
  finishes(0, base::milliseconds(20));
  EXPECT_THAT(handed(0), SizeIs(1));
}

TEST_F(BalancedTasks, AreHandedAheadForAsMuchWorkAsAllowed) {
  limits.engine_ahead = base::milliseconds(1);
  joins(0);
  const ConnectionId id = client();
  submits(id);
  finishes(0, base::microseconds(250));
  for (int i = 0; i < 9; ++i) submits(id);
  EXPECT_THAT(handed(0), SizeIs(4));
  finishes(0, base::milliseconds(100));
  EXPECT_THAT(handed(0), SizeIs(3)) << "a long run shrinks the window";
}

TEST_F(BalancedTasks, AreHandedAheadUpToTheWindow) {
  limits.engine_attempts_max = 5;
  joins(0);
  const ConnectionId id = client();
  is_quick(0, id);
  for (int i = 0; i < 9; ++i) submits(id);
  EXPECT_THAT(handed(0), SizeIs(5));
}

TEST_F(BalancedTasks, OfSeveralSessionsTakeTurns) {
  joins(0);
  const ConnectionId many = client();
  const ConnectionId few = client();
  const TaskId a1 = submits(many);
  const TaskId a2 = submits(many);
  const TaskId a3 = submits(many);
  const TaskId b1 = submits(few);
  const TaskId b2 = submits(few);
  Ids order;
  for (int i = 0; i < 5; ++i) {
    order.push_back(handed(0).front());
    finishes(0);
  }
  EXPECT_EQ(order, (Ids{a1.value(), b1.value(), a2.value(), b2.value(), a3.value()}));
}

TEST_F(BalancedTasks, LetDirectOnesPass) {
  limits.engine_attempts_max = 1;
  joins(0);
  joins(1);
  const ConnectionId id = client();
  submits(id, {0, 1});
  const TaskId balanced = submits(id);
  const TaskId direct = submits(id, {0});
  finishes(0);
  EXPECT_EQ(handed(0), Ids{direct.value()});
  finishes(1);
  EXPECT_EQ(handed(1), Ids{balanced.value()});
}

TEST_F(BalancedTasks, DoNotSlipPastADirectOneThatWaitsForRoom) {
  limits.engine_bytes_max = 10;
  joins(0);
  const ConnectionId id = client();
  is_quick(0, id);
  const TaskId running = submits(id, {0}, {}, "123456");
  const TaskId waiting = submits(id, {0}, {}, "1234567");
  const TaskId balanced = submits(id, {}, {}, "1");
  EXPECT_EQ(handed(0), Ids{running.value()});
  finishes(0);
  EXPECT_EQ(handed(0), (Ids{waiting.value(), balanced.value()}));
}

TEST_F(BalancedTasks, ThatAreReturnedGoElsewhereInTheirOldOrder) {
  joins(0);
  const ConnectionId id = client();
  is_quick(0, id);
  const TaskId stays = submits(id);
  const TaskId first = submits(id);
  const TaskId second = submits(id);
  EXPECT_THAT(handed(0), SizeIs(3));
  returns_rest(0);
  EXPECT_EQ(handed(0), Ids{stays.value()}) << "the window has shrunk to 1";
  const TaskId last = submits(id);
  joins(1);
  EXPECT_EQ(handed(1), Ids{first.value()});
  EXPECT_EQ(runs(1).front().attempt.attempt, 2U);
  finishes(1);
  EXPECT_EQ(handed(1), Ids{second.value()});
  finishes(1);
  EXPECT_EQ(handed(1), Ids{last.value()});
  EXPECT_EQ(runs(1).front().attempt.attempt, 1U);
}

TEST_F(BalancedTasks, ThatAreReturnedTwiceAreReturnedOnce) {
  joins(0);
  joins(1);
  const ConnectionId id = client();
  const TaskId task = submits(id);
  const wire::AttemptsReturned returned{{{task, 1}, {task, 1}, {TaskId{99}, 1}}};
  runs(0).clear();
  engine_says(0, returned);
  EXPECT_EQ(controller().status().late_answers, 2U);
  EXPECT_EQ(controller().status().tasks_running, 1U);
}

TEST_F(BalancedTasks, OfALostEngineAreMadeAgainElsewhere) {
  joins(0);
  joins(1);
  const ConnectionId id = client();
  const TaskId task = submits(id);
  submits(id);
  is_lost(0);
  finishes(1);
  EXPECT_EQ(handed(1), Ids{task.value()});
  EXPECT_EQ(runs(1).front().attempt.attempt, 2U);
  finishes(1);
  EXPECT_EQ(answer(id, task)->run.attempt, 2U);
}

TEST_F(BalancedTasks, ThatLoseTooManyEnginesFailWithTheirStory) {
  limits.attempts_max = 2;
  for (std::uint32_t engine = 0; engine < 3; ++engine) joins(engine);
  const ConnectionId id = client();
  const TaskId task = submits(id);
  is_lost(0, "signal 9");
  ASSERT_EQ(handed(1), Ids{task.value()});
  is_lost(1, "no heartbeat");
  EXPECT_THAT(handed(2), IsEmpty());
  const wire::Failure failed = failure(id, task);
  EXPECT_EQ(failed.kind, wire::FailureKind::engine_lost);
  EXPECT_EQ(failed.text,
            "given up after 2 lost engines: attempt 1 ended with engine 0 (signal 9), "
            "attempt 2 ended with engine 1 (no heartbeat)");
  EXPECT_EQ(failed.engine, EngineId{1});
  EXPECT_EQ(failed.host, "node1");
  EXPECT_EQ(failed.attempt, 2U);
}

TEST_F(BalancedTasks, FailWhenNoEngineIsLeft) {
  joins(0);
  const ConnectionId id = client();
  const TaskId running = submits(id);
  const TaskId waiting = submits(id);
  is_lost(0);
  EXPECT_THAT(failure(id, running).text, HasSubstr("no engines left"));
  EXPECT_THAT(failure(id, waiting).text, HasSubstr("no engines left"));
  EXPECT_THAT(failure(id, submits(id)).text, HasSubstr("no engines left"));
}

TEST_F(BalancedTasks, WaitForTheFirstEngine) {
  const ConnectionId id = client();
  const TaskId task = submits(id);
  EXPECT_FALSE(answer(id, task));
  joins(0);
  EXPECT_EQ(handed(0), Ids{task.value()});
}

TEST_F(BalancedTasks, AnswersOfOldAttemptsAreDroppedAndCounted) {
  joins(0);
  joins(1);
  const ConnectionId id = client();
  const TaskId task = submits(id);
  is_lost(0);
  EXPECT_EQ(handed(1), Ids{task.value()});
  engine_says(1, wire::AttemptFinished{{task, 1}, 5, {}, {}, bytes("old")});
  EXPECT_FALSE(answer(id, task));
  joins(0);
  engine_says(0, wire::AttemptFinished{{task, 2}, 5, {}, {}, bytes("another's")});
  EXPECT_FALSE(answer(id, task));
  EXPECT_EQ(controller().status().late_answers, 2U);
  finishes(1, base::milliseconds(1), "good");
  EXPECT_EQ(text(std::get<base::SharedBytes>(answer(id, task)->outcome)), "good");
}

TEST_F(BalancedTasks, MessagesOfEnginesThatAreNotThereAreDroppedAndCounted) {
  joins(0);
  is_lost(0);
  engine_says(0, wire::EngineLeaving{});
  engine_says(7, wire::AttemptFinished{{TaskId{1}, 1}, 5, {"x"}, {}, bytes("")});
  joins(1);
  joins(1);
  is_lost(9);
  EXPECT_EQ(controller().status().stray_messages, 4U);
}

TEST_F(BalancedTasks, ALargeOneIsNotOvertakenForEver) {
  limits.engine_bytes_max = 10;
  joins(0);
  const ConnectionId id = client();
  is_quick(0, id);
  submits(id, {}, {}, "123456");
  const TaskId large = submits(id, {}, {}, "123456");
  submits(id, {}, {}, "1");
  EXPECT_THAT(handed(0), SizeIs(1));
  finishes(0, base::microseconds(10));
  EXPECT_EQ(handed(0).front(), large.value());
}

}  // namespace
}  // namespace gangway::core
