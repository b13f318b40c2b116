// Tasks that follow others: after they succeeded, after they failed, after they ended.
#include <gmock/gmock.h>

#include "unit/core/controller_fixture.hpp"

namespace gangway::core {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using wire::Condition;
using wire::FailureKind;

class Prerequisites : public ControllerTest {
 protected:
  TaskId follows(ConnectionId id, Condition condition, const std::vector<TaskId>& tasks) {
    wire::Prerequisite after{condition, {}};
    for (const TaskId task : tasks) after.parts.push_back({task, {}, 0});
    return submits_after(id, {after});
  }
  TaskId submits_after(ConnectionId id, std::vector<wire::Prerequisite> after) {
    wire::SubmitTask task;
    task.after = std::move(after);
    return submits_task(id, std::move(task));
  }
};

TEST_F(Prerequisites, HoldATaskUntilAnotherSucceeds) {
  joins(0);
  joins(1);
  const ConnectionId id = client();
  const TaskId first = submits(id);
  const TaskId second = follows(id, Condition::succeeded, {first});
  EXPECT_THAT(handed(1), IsEmpty());
  EXPECT_EQ(controller().status().tasks_waiting, 1U);
  finishes(0);
  EXPECT_EQ(handed(0), Ids{second.value()});
}

TEST_F(Prerequisites, ThatFailFailATaskAtOnceAndAreNamed) {
  joins(0);
  const ConnectionId id = client();
  const TaskId first = submits(id);
  const TaskId second = follows(id, Condition::succeeded, {first});
  fails(0);
  EXPECT_EQ(failure(id, second).kind, FailureKind::not_run);
  EXPECT_EQ(failure(id, second).text,
            "it was to follow task " + std::to_string(first.value()) + " (f), which failed");
}

TEST_F(Prerequisites, ThatFailFailTheWholeChainBehind) {
  joins(0);
  const ConnectionId id = client();
  TaskId last = submits(id);
  for (int i = 0; i < 100; ++i) last = follows(id, Condition::succeeded, {last});
  fails(0);
  EXPECT_EQ(failure(id, last).kind, FailureKind::not_run);
  EXPECT_EQ(controller().status().tasks_waiting, 0U);
}

TEST_F(Prerequisites, MayBeThatAnotherFails) {
  joins(0);
  const ConnectionId id = client();
  const TaskId first = submits(id);
  const TaskId repair = follows(id, Condition::failed, {first});
  fails(0);
  EXPECT_EQ(handed(0), Ids{repair.value()});
}

TEST_F(Prerequisites, ThatAnotherFailsAreMissedWhenItSucceeds) {
  joins(0);
  const ConnectionId id = client();
  const TaskId first = submits(id);
  const TaskId repair = follows(id, Condition::failed, {first});
  finishes(0);
  EXPECT_THAT(failure(id, repair).text, HasSubstr("only if that failed, and it succeeded"));
}

TEST_F(Prerequisites, OfSeveralPartsAreFailuresWhenAllHaveEndedAndOneFailed) {
  for (std::uint32_t engine = 0; engine < 3; ++engine) joins(engine);
  const ConnectionId id = client();
  const TaskId first = submits(id, {0, 1, 2});
  const TaskId repair = follows(id, Condition::failed, {first, TaskId{first.value() + 1}, TaskId{first.value() + 2}});
  finishes(0);
  fails(1);
  EXPECT_THAT(handed(0), IsEmpty()) << "engine 2 has not answered";
  finishes(2);
  EXPECT_EQ(handed(0), Ids{repair.value()});
}

TEST_F(Prerequisites, MayBeThatAnotherEndsInAnyWay) {
  joins(0);
  const ConnectionId id = client();
  const TaskId first = submits(id);
  const TaskId second = submits(id);
  const TaskId third = follows(id, Condition::ended, {first, second});
  fails(0);
  EXPECT_EQ(handed(0), Ids{second.value()});
  finishes(0);
  EXPECT_EQ(handed(0), Ids{third.value()});
}

TEST_F(Prerequisites, MustAllBeMet) {
  joins(0);
  const ConnectionId id = client();
  const TaskId first = submits(id);
  const TaskId second = submits(id);
  const TaskId third =
      submits_after(id, {{Condition::failed, {{first, {}, 0}}}, {Condition::succeeded, {{second, {}, 0}}}});
  fails(0);
  EXPECT_EQ(handed(0), Ids{second.value()});
  finishes(0);
  EXPECT_EQ(handed(0), Ids{third.value()});
}

TEST_F(Prerequisites, ThatHaveEndedAlreadyAreJudgedAtOnce) {
  joins(0);
  const ConnectionId id = client();
  const TaskId first = submits(id);
  finishes(0);
  const TaskId second = follows(id, Condition::succeeded, {first});
  EXPECT_EQ(handed(0), Ids{second.value()});
  const TaskId third = follows(id, Condition::failed, {first});
  EXPECT_EQ(failure(id, third).kind, FailureKind::not_run);
}

TEST_F(Prerequisites, MayBeNamedByTheirRequest) {
  joins(0);
  const ConnectionId id = client();
  submits(id);
  const wire::RequestId request{1};
  const TaskId second = submits_after(id, {{Condition::succeeded, {{{}, request, 0}}}});
  finishes(0);
  EXPECT_EQ(handed(0), Ids{second.value()});
}

TEST_F(Prerequisites, OfOthersAreRefused) {
  joins(0);
  const ConnectionId other = client();
  const TaskId theirs = submits(other);
  const ConnectionId id = client();
  EXPECT_EQ(follows(id, Condition::succeeded, {theirs}), TaskId{});
  ASSERT_EQ(heard<wire::Refused>(id).size(), 1U);
  EXPECT_THAT(heard<wire::Refused>(id)[0].reason, HasSubstr("is none of this session"));
}

TEST_F(Prerequisites, OfDirectTasksAreRefused) {
  joins(0);
  const ConnectionId id = client();
  wire::SubmitTask task;
  task.engines = {EngineId{0}};
  task.after = {{Condition::ended, {{submits(id), {}, 0}}}};
  EXPECT_EQ(submits_task(id, task), TaskId{});
  EXPECT_EQ(heard<wire::Refused>(id).size(), 1U);
}

TEST_F(Prerequisites, MayHaveTheSamePart) {
  joins(0);
  const ConnectionId id = client();
  const TaskId first = submits(id);
  const TaskId second = submits(id);
  const wire::Prerequisite both{Condition::ended, {{first, {}, 0}, {second, {}, 0}}};
  const TaskId third = submits_after(id, {both, {Condition::succeeded, both.parts}});
  fails(0);
  EXPECT_EQ(failure(id, third).kind, FailureKind::not_run);
}

TEST_F(Prerequisites, EndWithTheirSession) {
  joins(0);
  const ConnectionId id = client();
  const TaskId first = submits(id);
  follows(id, Condition::succeeded, {first});
  says(id, wire::EndSession{});
  finishes(0);
  EXPECT_THAT(handed(0), IsEmpty());
}

TEST_F(Prerequisites, OutliveARestart) {
  joins(0);
  const ConnectionId id = client();
  const TaskId first = submits(id);
  const TaskId second = submits(id);
  const TaskId third = follows(id, Condition::succeeded, {first, second});
  finishes(0);
  acknowledges(id, {first});
  restarts();
  const ConnectionId back = comes_back(id);
  joins(0);
  EXPECT_EQ(handed(0), Ids{second.value()});
  finishes(0);
  EXPECT_EQ(handed(0), Ids{third.value()});
  EXPECT_FALSE(answer(back, third));
}

TEST_F(Prerequisites, AreMissedWhenTheLastEngineIsLost) {
  joins(0);
  const ConnectionId id = client();
  const TaskId first = submits(id);
  const TaskId second = follows(id, Condition::succeeded, {first});
  const TaskId third = follows(id, Condition::ended, {second});
  is_lost(0);
  EXPECT_EQ(failure(id, first).kind, FailureKind::engine_lost);
  EXPECT_EQ(failure(id, second).kind, FailureKind::not_run);
  EXPECT_EQ(failure(id, third).kind, FailureKind::engine_lost);
}

}  // namespace
}  // namespace gangway::core
