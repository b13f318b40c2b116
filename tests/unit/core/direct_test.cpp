// Direct tasks: one part for each engine, in the order of submission.
#include <gmock/gmock.h>

#include "controller_fixture.hpp"

namespace gangway::core {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class DirectTasks : public ControllerTest {};

TEST_F(DirectTasks, LeaveForAllEnginesAsOneMessageWithOneBuffer) {
  for (std::uint32_t engine = 0; engine < 3; ++engine) joins(engine);
  const ConnectionId id = client();
  const TaskId first = submits(id, {0, 1, 2});
  ASSERT_THAT(effects().to_engines, SizeIs(1));
  EXPECT_THAT(effects().to_engines[0].engines, ElementsAre(EngineId{0}, EngineId{1}, EngineId{2}));
  for (std::uint32_t engine = 0; engine < 3; ++engine) {
    EXPECT_EQ(handed(engine), Ids{first.value() + engine});
    EXPECT_EQ(text(runs(engine).front().operation), "work");
    EXPECT_FALSE(runs(engine).front().returnable);
  }
}

TEST_F(DirectTasks, LeaveAsOneMessageInWhateverOrderTheEnginesAreNamed) {
  limits.result_bytes_guess = 1;
  for (std::uint32_t engine = 0; engine < 3; ++engine) joins(engine);
  const TaskId first = submits(client(), {2, 0, 1, 0});
  ASSERT_THAT(effects().to_engines, SizeIs(1));
  EXPECT_THAT(handed(0), ElementsAre(first.value() + 1, first.value() + 3));
  EXPECT_THAT(handed(1), ElementsAre(first.value() + 2));
  EXPECT_THAT(handed(2), ElementsAre(first.value()));
}

TEST_F(DirectTasks, TwoTasksInARowAreNotMistakenForOne) {
  joins(0);
  joins(1);
  const ConnectionId id = client();
  submits(id, {0}, {}, "first");
  submits(id, {1}, {}, "second");
  EXPECT_EQ(text(runs(0).front().operation), "first");
  EXPECT_EQ(text(runs(1).front().operation), "second");
}

TEST_F(DirectTasks, AreAnsweredPartByPart) {
  joins(0);
  joins(1);
  const ConnectionId id = client();
  const TaskId first = submits(id, {0, 1});
  finishes(1, base::milliseconds(2), "b");
  finishes(0, base::milliseconds(1), "a");
  const auto answers = heard<wire::TaskFinished>(id);
  ASSERT_THAT(answers, SizeIs(2));
  EXPECT_EQ(answers[0].part, 1U);
  EXPECT_EQ(answers[0].task, TaskId{first.value() + 1});
  EXPECT_EQ(answers[0].run.engine, EngineId{1});
  EXPECT_EQ(answers[0].run.attempt, 1U);
  EXPECT_EQ(answers[0].run.run_ns, base::milliseconds(2).ns);
  EXPECT_EQ(text(std::get<base::SharedBytes>(answers[0].outcome)), "b");
  EXPECT_EQ(answers[1].part, 0U);
}

TEST_F(DirectTasks, OfAllSessionsComeInTheOrderOfSubmission) {
  limits.engine_attempts_max = 1;
  joins(0);
  const ConnectionId a = client();
  const ConnectionId b = client();
  submits(a, {0});
  const std::vector<TaskId> order{submits(b, {0}), submits(a, {0}), submits(b, {0})};
  for (const TaskId task : order) {
    finishes(0);
    EXPECT_EQ(handed(0), Ids{task.value()});
  }
}

TEST_F(DirectTasks, FillTheWindowInNumber) {
  limits.engine_attempts_max = 2;
  joins(0);
  const ConnectionId id = client();
  for (int i = 0; i < 4; ++i) submits(id, {0});
  EXPECT_THAT(handed(0), SizeIs(2));
  finishes(0);
  EXPECT_THAT(handed(0), ElementsAre(2, 3));
}

TEST_F(DirectTasks, FillTheWindowInBytesButALargeOneGoesAlone) {
  limits.engine_bytes_max = 10;
  joins(0);
  const ConnectionId id = client();
  submits(id, {0}, {}, "123456");
  submits(id, {0}, {}, "more than ten bytes");
  submits(id, {0}, {}, "1");
  EXPECT_THAT(handed(0), ElementsAre(1));
  finishes(0);
  EXPECT_THAT(handed(0), ElementsAre(2));
  finishes(0);
  EXPECT_THAT(handed(0), ElementsAre(3));
}

TEST_F(DirectTasks, ForAnUnknownEngineFailAloneAndNameThoseThereAre) {
  for (const std::uint32_t engine : {0U, 1U, 2U, 5U}) joins(engine);
  const ConnectionId id = client();
  const TaskId first = submits(id, {1, 9});
  EXPECT_THAT(handed(1), SizeIs(1));
  const wire::Failure failed = failure(id, TaskId{first.value() + 1});
  EXPECT_EQ(failed.kind, wire::FailureKind::refused);
  EXPECT_EQ(failed.text, "engine 9 does not exist; there are the engines 0-2, 5");
}

TEST_F(DirectTasks, ForALostEngineFailWithTheReason) {
  joins(0);
  joins(1);
  is_lost(1, "its node burnt down");
  const ConnectionId id = client();
  const wire::Failure failed = failure(id, submits(id, {1}));
  EXPECT_EQ(failed.kind, wire::FailureKind::engine_lost);
  EXPECT_EQ(failed.text, "engine 1 was lost: its node burnt down; there is only engine 0");
  EXPECT_EQ(failed.host, "node1");
}

TEST_F(DirectTasks, OfAnEngineThatIsLostFailOnceWaitingOrNot) {
  limits.engine_attempts_max = 1;
  joins(0);
  joins(1);
  const ConnectionId id = client();
  const TaskId first = submits(id, {0, 1});
  const TaskId second = submits(id, {0, 1});
  is_lost(0);
  EXPECT_THAT(failure(id, first).text, HasSubstr("engine 0 was lost while it had this: its node is gone"));
  EXPECT_EQ(failure(id, first).attempt, 1U);
  EXPECT_THAT(failure(id, second).text, HasSubstr("engine 0 was lost before it began with this"));
  EXPECT_EQ(failure(id, second).attempt, 0U);
  EXPECT_FALSE(answer(id, TaskId{first.value() + 1}));
  EXPECT_THAT(handed(1), SizeIs(1));
}

TEST_F(DirectTasks, OfAnEngineThatReturnsUnderItsIdRunAgain) {
  joins(0);
  is_lost(0);
  joins(0);
  const ConnectionId id = client();
  submits(id, {0});
  EXPECT_THAT(handed(0), SizeIs(1));
}

TEST_F(DirectTasks, ThatFailInTheWorkerAreFinal) {
  joins(0);
  const ConnectionId id = client();
  const TaskId task = submits(id, {0});
  const wire::Failure crash{
      wire::FailureKind::worker_crashed, "SIGSEGV", "the worker ended", EngineId{0}, "node0", 1};
  engine_says(0, wire::AttemptFinished{{task, 1}, 5, {}, {}, crash});
  EXPECT_EQ(failure(id, task), crash);
  EXPECT_EQ(controller().status().tasks_running, 0U);
}

}  // namespace
}  // namespace gangway::core
