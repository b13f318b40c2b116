// What is pushed to all engines is given to those that join later, before their first task.
#include <gmock/gmock.h>

#include <string>

#include "controller_fixture.hpp"

namespace gangway::core {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class EnvironmentTest : public ControllerTest {
 protected:
  /// A client asks to set a value on engines, as the library does for all().
  TaskId begins_to_push(ConnectionId id, std::vector<std::uint64_t> engines, const std::string& name,
                        std::string_view value) {
    wire::SubmitTask task{next_request(id), {}, "push " + name, {}, bytes(value)};
    for (const std::uint64_t engine : engines) task.engines.emplace_back(static_cast<std::uint32_t>(engine));
    task.environment = name;
    says(id, task);
    const auto accepted = heard<wire::TaskAccepted>(id);
    return accepted.empty() ? TaskId{} : accepted.back().first_task;
  }
  void carries_out(std::uint32_t engine, const std::string& name) {
    finishes(engine, base::microseconds(5), "", {name});
  }
  void carries_out_badly(std::uint32_t engine) {
    const wire::AttemptRef attempt = runs(engine).front().attempt;
    runs(engine).pop_front();
    wire::Failure failure;
    failure.text = "no room";
    engine_says(engine, wire::AttemptFinished{attempt, 0, {}, {}, failure});
  }
  /// To the end, on engine 0 alone.
  void pushes(ConnectionId id, const std::string& name, std::string_view value) {
    begins_to_push(id, {0}, name, value);
    carries_out(0, name);
  }
  /// "x = 1, y = 2"
  std::string given(std::uint32_t engine) {
    std::string all;
    for (const wire::SetEnvironment& value : environment(engine)) {
      all += (all.empty() ? "" : ", ") + value.name + " = " + text(value.operation);
    }
    return all;
  }
};

TEST_F(EnvironmentTest, IsGivenToAnEngineThatJoinsBeforeItsFirstTask) {
  joins(0);
  const ConnectionId id = client();
  pushes(id, "x", "1");
  pushes(id, "y", "2");
  const TaskId task = submits(id, {}, {"x"});
  is_lost(0);
  EXPECT_EQ(failure(id, task).kind, wire::FailureKind::engine_lost);
  joins(1);
  EXPECT_EQ(given(1), "x = 1, y = 2");
  submits(id, {}, {"x", "y"});
  EXPECT_THAT(handed(1), SizeIs(1));
}

TEST_F(EnvironmentTest, SurvivesARestartAndTasksWaitForIt) {
  joins(0);
  joins(1);
  const ConnectionId id = client();
  const TaskId push = begins_to_push(id, {0, 1}, "genome", "ACGT");
  carries_out(0, "genome");
  carries_out(1, "genome");
  acknowledges(id, {push, TaskId{push.value() + 1}});
  submits(id);
  submits(id);
  const TaskId waiting = submits(id, {}, {"genome"});
  restarts();
  EXPECT_FALSE(answer(comes_back(id), waiting));
  joins(1);
  ASSERT_EQ(given(1), "genome = ACGT");
  ASSERT_TRUE(std::holds_alternative<wire::SetEnvironment>(effects().to_engines.front().message));
  EXPECT_THAT(handed(1), SizeIs(1)) << "one of the tasks";
  while (!handed(1).empty()) finishes(1);
  EXPECT_EQ(controller().status().tasks_waiting, 0U) << "all of them were run, also the one that needs the genome";
}

TEST_F(EnvironmentTest, IsWhatWasSubmittedLast) {
  joins(0);
  joins(1);
  const ConnectionId first = client();
  const ConnectionId second = client();
  begins_to_push(first, {0, 1}, "x", "old");
  begins_to_push(second, {0, 1}, "x", "new");
  carries_out(0, "x");
  carries_out(0, "x");
  carries_out(1, "x");
  carries_out(1, "x");
  joins(2);
  EXPECT_EQ(given(2), "x = new");
  pushes(first, "x", "newest");
  joins(3);
  EXPECT_EQ(given(3), "x = newest");
}

TEST_F(EnvironmentTest, OfTwoTheEarlierDoesNotCountThoughItIsDoneLater) {
  joins(0);
  joins(1);
  const ConnectionId id = client();
  begins_to_push(id, {0}, "x", "early");
  begins_to_push(id, {1}, "x", "late");
  carries_out(1, "x");
  carries_out(0, "x");
  EXPECT_EQ(given(0), "x = late") << "it has the earlier one until then";
  joins(2);
  EXPECT_EQ(given(2), "x = late");
}

TEST_F(EnvironmentTest, LeavesOutWhatDidNotSucceedEverywhere) {
  joins(0);
  joins(1);
  const ConnectionId id = client();
  const TaskId push = begins_to_push(id, {0, 1}, "x", "1");
  carries_out_badly(0);
  acknowledges(id, {push});
  restarts();
  joins(0);
  joins(1);
  carries_out(1, "x");
  joins(2);
  EXPECT_EQ(given(2), "");
}

TEST_F(EnvironmentTest, ReachesThoseThatJoinedWhileItWasSet) {
  joins(0);
  joins(1);
  const ConnectionId id = client();
  begins_to_push(id, {0, 1}, "x", "1");
  carries_out(0, "x");
  joins(2);
  EXPECT_EQ(given(2), "");
  carries_out(1, "x");
  EXPECT_EQ(given(2), "x = 1");
  EXPECT_EQ(given(0) + given(1), "") << "they have it";
  submits(id, {}, {"x"});
}

TEST_F(EnvironmentTest, ReachesThoseWhoseAnswerIsOlderThanARestart) {
  joins(0);
  joins(1);
  const ConnectionId id = client();
  begins_to_push(id, {0, 1}, "x", "1");
  carries_out(0, "x");
  restarts();
  joins(0);
  joins(1);
  carries_out(1, "x");
  EXPECT_EQ(given(0), "x = 1");
}

TEST_F(EnvironmentTest, IsKeptUpToALimitAndNamesWhatIsNot) {
  limits.environment_bytes_max = 10;
  joins(0);
  const ConnectionId id = client();
  pushes(id, "small", "123456");
  pushes(id, "large", "1234567");
  restarts();
  joins(0);
  ASSERT_THAT(environment(0), SizeIs(2));
  EXPECT_EQ(environment(0)[1].name, "small");
  EXPECT_EQ(environment(0)[1].missing, "");
  EXPECT_THAT(environment(0)[0].missing, HasSubstr("\"large\" takes 7 bytes"));
  const ConnectionId back = comes_back(id);
  EXPECT_THAT(failure(back, submits(back, {}, {"large"})).text,
              AllOf(HasSubstr("no engine holds the named value \"large\": "), HasSubstr("takes 7 bytes"),
                    HasSubstr("keeps 10 bytes in all"), HasSubstr("environment_max in [controller]")));
  pushes(back, "small", "1");
  pushes(back, "large", "123456789");
  joins(1);
  ASSERT_THAT(environment(1), SizeIs(2));
  EXPECT_EQ(environment(1)[0].missing, "") << "now there was room";
}

TEST_F(EnvironmentTest, HasABoundedNumberOfNames) {
  limits.environment_names_bytes_max = 3;
  joins(0);
  const ConnectionId id = client();
  pushes(id, "ab", "1");
  pushes(id, "cd", "2");
  pushes(id, "e", "3");
  joins(1);
  EXPECT_EQ(given(1), "ab = 1, e = 3");
}

TEST_F(EnvironmentTest, LosesAValueThatIsErasedOnAllEngines) {
  joins(0);
  joins(1);
  const ConnectionId id = client();
  begins_to_push(id, {0, 1}, "x", "1");
  carries_out(0, "x");
  carries_out(1, "x");
  submits(id, {0, 1});
  finishes(0, base::microseconds(5), "", {}, {"x"});
  joins(2);
  EXPECT_EQ(given(2), "x = 1") << "engine 1 has it still";
  finishes(1, base::microseconds(5), "", {}, {"x"});
  submits(id, {2});
  finishes(2, base::microseconds(5), "", {}, {"x"});
  joins(3);
  EXPECT_EQ(given(3), "");
  EXPECT_EQ(store().environment("x"), std::nullopt);
}

TEST_F(EnvironmentTest, ThatAnEngineRefusesIsToldToTasksThatNeedIt) {
  joins(0);
  const ConnectionId id = client();
  pushes(id, "x", "1");
  restarts();
  joins(0);
  const ConnectionId back = comes_back(id);
  engine_says(0, wire::EnvironmentRefused{"x", "no room for 'x'"});
  EXPECT_THAT(failure(back, submits(back, {}, {"x"})).text,
              AllOf(HasSubstr("no engine holds the named value \"x\""), HasSubstr("engine 0: no room for 'x'")));
  pushes(back, "x", "2");
  submits(back, {}, {"x"});
  EXPECT_THAT(handed(0), SizeIs(1));
  engine_says(0, wire::EnvironmentRefused{"of no concern", "?"});
}

TEST_F(EnvironmentTest, LeavesOutWhatTasksSet) {
  joins(0);
  const ConnectionId id = client();
  submits(id, {0});
  carries_out(0, "x");
  restarts();
  joins(0);
  EXPECT_THAT(environment(0), IsEmpty());
  const ConnectionId back = comes_back(id);
  EXPECT_THAT(failure(back, submits(back, {}, {"x"})).text, HasSubstr("\"x\"; push it first"));
}

TEST_F(EnvironmentTest, CountsItsNameAgainstTheCredit) {
  const ConnectionId id = client();
  begins_to_push(id, {0}, "name", "12345");
  ASSERT_EQ(controller().durable_state().sessions.size(), 1U);
  EXPECT_EQ(controller().durable_state().sessions.begin()->second.bytes_used, 5U + 4U + 9U) << "and its label";
}

}  // namespace
}  // namespace gangway::core
