// Balanced tasks that need named values run only where all of them are.
#include <gmock/gmock.h>

#include "controller_fixture.hpp"

namespace gangway::core {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class Needs : public ControllerTest {
 protected:
  /// A client pushes a value to an engine.
  void pushes(ConnectionId id, std::uint32_t engine, const std::string& name) {
    acknowledges(id, {push_begins(id, engine, name)});
  }
  TaskId push_begins(ConnectionId id, std::uint32_t engine, const std::string& name) {
    const TaskId task = submits(id, {engine});
    finishes(engine, base::microseconds(5), "", {name});
    return task;
  }
};

TEST_F(Needs, AreMetByTheEnginesThatHoldAllNames) {
  for (std::uint32_t engine = 0; engine < 3; ++engine) joins(engine);
  const ConnectionId id = client();
  pushes(id, 1, "x");
  pushes(id, 2, "x");
  pushes(id, 2, "y");
  const TaskId x = submits(id, {}, {"x"});
  const TaskId both = submits(id, {}, {"y", "x", "y"});
  EXPECT_EQ(handed(1), Ids{x.value()});
  EXPECT_EQ(handed(2), Ids{both.value()});
}

TEST_F(Needs, ThatNobodyHoldsFailAtOnceAndAreNamed) {
  joins(0);
  const ConnectionId id = client();
  pushes(id, 0, "y");
  const wire::Failure failed = failure(id, submits(id, {}, {"x", "y", "z"}));
  EXPECT_EQ(failed.kind, wire::FailureKind::not_run);
  EXPECT_EQ(failed.text, "no engine holds the named value \"x\", \"z\"; push it first");
}

TEST_F(Needs, OfTasksThatCameBeforeTheFirstEngineAreJudgedWhenItJoins) {
  const ConnectionId id = client();
  const TaskId task = submits(id, {}, {"x"});
  EXPECT_FALSE(answer(id, task));
  joins(0);
  EXPECT_THAT(failure(id, task).text, HasSubstr("no engine holds the named value \"x\""));
}

TEST_F(Needs, ThatNoSingleEngineHoldsFailWithThatReason) {
  joins(0);
  joins(1);
  const ConnectionId id = client();
  pushes(id, 0, "x");
  pushes(id, 1, "y");
  EXPECT_THAT(failure(id, submits(id, {}, {"x", "y"})).text, HasSubstr("no single engine holds all of"));
}

TEST_F(Needs, WaitForDirectTasksThatWereSubmittedBefore) {
  joins(0);
  joins(1);
  const ConnectionId id = client();
  submits(id, {0, 1});
  const TaskId task = submits(id, {}, {"x"});
  finishes(1, base::microseconds(5), "");
  EXPECT_FALSE(answer(id, task));
  finishes(0, base::microseconds(5), "", {"x"});
  EXPECT_EQ(handed(0), Ids{task.value()});
}

TEST_F(Needs, FailWhenTheLastDirectTaskBeforeThemDidNotBringThem) {
  joins(0);
  const ConnectionId id = client();
  submits(id, {0});
  const TaskId task = submits(id, {}, {"x"});
  submits(id, {0});
  finishes(0);
  EXPECT_THAT(failure(id, task).text, HasSubstr("\"x\"")) << "the direct task behind it does not count";
}

TEST_F(Needs, DoNotWaitForDirectTasksOfOthers) {
  joins(0);
  const ConnectionId other = client();
  submits(other, {0});
  const ConnectionId id = client();
  EXPECT_THAT(failure(id, submits(id, {}, {"x"})).text, HasSubstr("\"x\""));
}

TEST_F(Needs, ThatAreNotMetYetBlockNobody) {
  joins(0);
  joins(1);
  const ConnectionId id = client();
  submits(id, {1});
  submits(id, {}, {"x"});
  const TaskId other_name = submits(id, {}, {"y"});
  const TaskId plain = submits(id);
  EXPECT_EQ(handed(0), Ids{plain.value()});
  finishes(1, base::microseconds(5), "", {"y"});
  EXPECT_EQ(handed(1), Ids{other_name.value()});
}

TEST_F(Needs, WaitForAnEngineThatIsBusyRatherThanGoElsewhere) {
  joins(0);
  joins(1);
  const ConnectionId id = client();
  pushes(id, 0, "x");
  const TaskId first = submits(id, {}, {"x"});
  const TaskId second = submits(id, {}, {"x"});
  EXPECT_EQ(handed(0), Ids{first.value()});
  EXPECT_THAT(handed(1), IsEmpty());
  finishes(0);
  EXPECT_EQ(handed(0), Ids{second.value()});
}

TEST_F(Needs, TakeTurnsWithPlainTasksOfTheSameSession) {
  joins(0);
  const ConnectionId id = client();
  pushes(id, 0, "x");
  submits(id);
  std::vector<TaskId> plain{submits(id), submits(id)};
  std::vector<TaskId> named{submits(id, {}, {"x"}), submits(id, {}, {"x"})};
  Ids order;
  for (int i = 0; i < 4; ++i) {
    finishes(0);
    order.push_back(handed(0).front());
  }
  EXPECT_EQ(order, (Ids{named[0].value(), plain[0].value(), named[1].value(), plain[1].value()}));
}

TEST_F(Needs, AreNoLongerMetWhenANameIsRemoved) {
  joins(0);
  const ConnectionId id = client();
  pushes(id, 0, "x");
  submits(id);
  const TaskId task = submits(id, {}, {"x"});
  EXPECT_EQ(handed(0).size(), 1U);
  finishes(0, base::milliseconds(20), "", {}, {"x"});
  EXPECT_THAT(failure(id, task).text, HasSubstr("\"x\""));
}

TEST_F(Needs, AreNoLongerMetWhenTheEngineIsLost) {
  joins(0);
  joins(1);
  const ConnectionId id = client();
  pushes(id, 0, "x");
  const TaskId running = submits(id, {}, {"x"});
  const TaskId waiting = submits(id, {}, {"x"});
  is_lost(0);
  EXPECT_THAT(failure(id, running).text, HasSubstr("no engine holds"));
  EXPECT_THAT(failure(id, waiting).text, HasSubstr("no engine holds"));
  joins(0);
  EXPECT_THAT(failure(id, submits(id, {}, {"x"})).text, HasSubstr("no engine holds")) << "names went with the engine";
}

TEST_F(Needs, ThatWentWithAnEngineAreNamedWithIt) {
  joins(0);
  joins(1);
  const ConnectionId id = client();
  pushes(id, 0, "x");
  pushes(id, 0, "y");
  pushes(id, 1, "y");
  is_lost(0, "its rank broke");
  EXPECT_EQ(failure(id, submits(id, {}, {"x", "z"})).text,
            "no engine holds the named value \"x\" (lost with engine 0: its rank broke), \"z\"; push it first");
  EXPECT_EQ(handed(1), Ids{submits(id, {}, {"y"}).value()}) << "another has it";
  joins(0);
  EXPECT_THAT(failure(id, submits(id, {}, {"x"})).text, HasSubstr("\"x\" (lost with engine 0);"));
}

TEST_F(Needs, AreNoLongerMetWhenTheEngineIsLostThatSomebodyElseUsed) {
  joins(0);
  joins(1);
  const ConnectionId other = client();
  const ConnectionId id = client();
  pushes(id, 0, "x");
  submits(other, {0});
  const TaskId waiting = submits(id, {}, {"x"});
  is_lost(0);
  EXPECT_THAT(failure(id, waiting).text, HasSubstr("no engine holds"));
}

TEST_F(Needs, OfManyDifferentKindsAreForgottenWhenTheyAreDone) {
  joins(0);
  const ConnectionId id = client();
  for (int i = 0; i < 40; ++i) {
    const std::string name = std::to_string(i);
    pushes(id, 0, name);
    const TaskId task = submits(id, {}, {name});
    ASSERT_EQ(handed(0), Ids{task.value()});
    finishes(0);
    acknowledges(id, {task});
  }
  happens(ConnectionClosed{id});
}

TEST_F(Needs, OfAPausedSessionWaitToo) {
  limits.session_results_bytes_max = 1;
  joins(0);
  const ConnectionId id = client();
  pushes(id, 0, "x");
  const TaskId first = submits(id, {}, {"x"});
  const TaskId second = submits(id, {}, {"x"});
  finishes(0, base::milliseconds(1), "large");
  EXPECT_THAT(handed(0), IsEmpty());
  acknowledges(id, {first});
  EXPECT_EQ(handed(0), Ids{second.value()});
}

}  // namespace
}  // namespace gangway::core
