// Which tasks are attempted again after a failure, and what is told of the attempts before.
#include <gmock/gmock.h>

#include "core/retry.hpp"
#include "unit/core/controller_fixture.hpp"

namespace gangway::core {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::StrEq;
using wire::FailureKind;

constexpr wire::RetryPolicy once{0, true};

class Retries : public ControllerTest {};

TEST_F(Retries, AFailureIsFinalWithoutThem) {
  joins(0);
  const ConnectionId id = client();
  const TaskId task = submits(id);
  fails(0);
  EXPECT_EQ(failure(id, task).attempt, 1U);
  EXPECT_THAT(failure(id, task).story, IsEmpty());
}

TEST_F(Retries, RunATaskAgainUntilItSucceeds) {
  joins(0);
  const ConnectionId id = client();
  const TaskId task = submits_with(id, wire::RetryPolicy{2, false});
  fails(0);
  fails(0);
  EXPECT_FALSE(answer(id, task));
  finishes(0);
  EXPECT_EQ(answer(id, task)->run.attempt, 3U);
}

TEST_F(Retries, AreUsedUpAndTheLastFailureTellsOfThoseBefore) {
  joins(0);
  const ConnectionId id = client();
  const TaskId task = submits_with(id, wire::RetryPolicy{2, false});
  fails(0, FailureKind::exception, "first");
  fails(0, FailureKind::exception, "second");
  fails(0, FailureKind::exception, "third");
  EXPECT_EQ(failure(id, task).text, "third");
  EXPECT_EQ(failure(id, task).attempt, 3U);
  EXPECT_EQ(failure(id, task).story,
            "attempt 1 failed on engine 0 (E: first), attempt 2 failed on engine 0 (E: second)");
  EXPECT_THAT(handed(0), IsEmpty());
}

TEST_F(Retries, AreNotUsedUpByLostEngines) {
  joins(0);
  joins(1);
  const ConnectionId id = client();
  const TaskId task = submits_with(id, wire::RetryPolicy{1, false});
  is_lost(0);
  fails(1);
  finishes(1);
  EXPECT_EQ(answer(id, task)->run.attempt, 3U);
}

TEST_F(Retries, DoNotHelpWhoKillsItsWorkerEachTime) {
  limits.worker_kills_max = 3;
  joins(0);
  const ConnectionId id = client();
  const TaskId task = submits_with(id, wire::RetryPolicy{100, false});
  for (int kill = 0; kill < 3; ++kill) fails(0, FailureKind::worker_crashed, "signal 11");
  EXPECT_EQ(failure(id, task).kind, FailureKind::worker_crashed);
  EXPECT_THAT(failure(id, task).story, HasSubstr("attempt 2 failed on engine 0 (E: signal 11)"));
}

TEST_F(Retries, AreNotMadeOfWhatCannotRun) {
  joins(0);
  const ConnectionId id = client();
  const TaskId task = submits_with(id, wire::RetryPolicy{5, false});
  fails(0, FailureKind::not_run);
  EXPECT_EQ(failure(id, task).kind, FailureKind::not_run);
}

TEST_F(Retries, AreRememberedByTheJournal) {
  joins(0);
  const ConnectionId id = client();
  const TaskId task = submits_with(id, wire::RetryPolicy{1, false});
  fails(0, FailureKind::exception, "before the restart");
  restarts();
  const ConnectionId back = comes_back(id);
  joins(0);
  fails(0, FailureKind::exception, "behind it");
  EXPECT_EQ(failure(back, task).story, "attempt 1 failed on engine 0 (E: before the restart)");
}

TEST_F(Retries, OfATaskWhoseSessionHasEndedAreNotMade) {
  joins(0);
  const ConnectionId id = client();
  submits_with(id, wire::RetryPolicy{5, false});
  says(id, wire::EndSession{});
  fails(0);
  EXPECT_THAT(handed(0), IsEmpty());
}

class AtMostOnce : public ControllerTest {};

TEST_F(AtMostOnce, FailsWithItsEngine) {
  joins(0);
  joins(1);
  const ConnectionId id = client();
  const TaskId task = submits_with(id, once);
  is_lost(0, "signal 9");
  EXPECT_EQ(failure(id, task).kind, FailureKind::engine_lost);
  EXPECT_THAT(failure(id, task).text, HasSubstr("signal 9): it may have run or not"));
  EXPECT_EQ(failure(id, task).engine, EngineId{0});
  EXPECT_THAT(handed(1), IsEmpty());
}

TEST_F(AtMostOnce, FailsWhenTheClusterIsStartedAgainWhileItMayRun) {
  joins(0);
  const ConnectionId id = client();
  const TaskId running = submits_with(id, once);
  const TaskId waiting = submits_with(id, once);
  restarts();
  const ConnectionId back = comes_back(id);
  EXPECT_THAT(failure(back, running).text, HasSubstr("started again"));
  joins(0);
  EXPECT_EQ(handed(0), Ids{waiting.value()}) << "it had not begun";
}

TEST_F(AtMostOnce, IsHandedOutAgainWhenItWasGivenBackUnrun) {
  joins(0);
  const ConnectionId id = client();
  is_quick(0, id);
  submits(id);
  const TaskId task = submits_with(id, once);
  ASSERT_EQ(handed(0).size(), 2U);
  returns_rest(0);
  finishes(0);
  EXPECT_EQ(handed(0), Ids{task.value()});
}

FailedAttempt attempt(std::uint32_t number) {
  return {number, EngineId{0}, FailureKind::exception, "r" + std::to_string(number)};
}

TEST(Story, OfManyAttemptsIsShort) {
  std::vector<FailedAttempt> attempts;
  for (std::uint32_t number = 1; number <= 100; ++number) attempts.push_back(attempt(number));
  const std::string story = story_of(attempts);
  EXPECT_THAT(story, HasSubstr("attempt 3 failed on engine 0 (r3), 92 more, attempt 96 failed on engine 0 (r96)"));
  EXPECT_THAT(story, testing::EndsWith("attempt 100 failed on engine 0 (r100)"));
}

TEST(Story, CutsALongReasonBetweenCharacters) {
  std::string text(198, 'x');
  text += "\u00e9\u00e9";
  const std::string reason = reason_of({FailureKind::exception, "", text, EngineId{0}, "", 1});
  EXPECT_THAT(reason, StrEq(std::string(198, 'x') + "\u00e9..."));
}

TEST(Story, OfAReasonIsOneLine) {
  EXPECT_EQ(reason_of({FailureKind::exception, "E", "a\nb", EngineId{0}, "", 1}), "E: a b");
}

}  // namespace
}  // namespace gangway::core
