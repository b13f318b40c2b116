// Tasks that wait beyond the window: the store alone keeps them until there is room.
#include <gmock/gmock.h>

#include "unit/core/controller_fixture.hpp"

namespace gangway::core {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class ParkedTasks : public ControllerTest {
 protected:
  void SetUp() override {
    limits.window_tasks_max = 4;
    limits.window_session_tasks = 2;
    limits.page_tasks_max = 2;
    limits.engine_ahead = {};
  }
  /// Submits so many plain tasks; returns their ids.
  std::vector<TaskId> submits_many(ConnectionId id, int count) {
    std::vector<TaskId> tasks;
    for (int i = 0; i < count; ++i) tasks.push_back(submits(id));
    return tasks;
  }
  std::size_t in_memory() { return controller().durable_state().tasks.all().size(); }
  const Session& session(ConnectionId id) { return controller().durable_state().sessions.at(session_of(id)); }
  void reads_all() {
    while (store_reads()) {
    }
  }
  /// One engine works until nothing is left; returns what it had, in order.
  std::vector<TaskId> works(std::uint32_t engine) {
    std::vector<TaskId> done;
    for (reads_all(); !handed(engine).empty(); reads_all()) {
      done.emplace_back(handed(engine).front());
      finishes(engine);
    }
    return done;
  }
  TaskId follows(ConnectionId id, const wire::PartRef& earlier) {
    wire::SubmitTask task;
    task.after = {{wire::Condition::succeeded, {earlier}}};
    return submits_task(id, std::move(task));
  }
};

TEST_F(ParkedTasks, AreNotInMemory) {
  const ConnectionId id = client();
  submits_many(id, 10);
  EXPECT_EQ(in_memory(), 4U);
  EXPECT_EQ(session(id).parked.tasks, 6U);
  EXPECT_EQ(controller().status().tasks_waiting, 10U);
  EXPECT_EQ(heard<wire::TaskAccepted>(id).size(), 10U) << "the client sees no difference";
}

TEST_F(ParkedTasks, RunInTheOrderInWhichTheyWereSubmitted) {
  const ConnectionId id = client();
  const std::vector<TaskId> tasks = submits_many(id, 20);
  joins(0);
  EXPECT_EQ(works(0), tasks);
  for (const TaskId task : tasks) EXPECT_TRUE(answer(id, task));
  EXPECT_EQ(session(id).parked, Parked{});
}

TEST_F(ParkedTasks, AreReadBeforeTheWindowIsEmptyAndOnePageAtATime) {
  const ConnectionId id = client();
  submits_many(id, 10);
  EXPECT_THAT(effects().reads, IsEmpty()) << "the window is full";
  joins(0);
  EXPECT_THAT(effects().reads, IsEmpty()) << "it is more than half full";
  finishes(0);
  EXPECT_THAT(effects().reads, SizeIs(1));
  finishes(0);
  EXPECT_THAT(effects().reads, IsEmpty()) << "one is under way";
  EXPECT_TRUE(store_reads());
  EXPECT_EQ(session(id).parked.tasks, 4U);
}

TEST_F(ParkedTasks, ComeBeforeThoseThatAreSubmittedLater) {
  const ConnectionId id = client();
  std::vector<TaskId> tasks = submits_many(id, 6);
  joins(0);
  for (int i = 0; i < 4; ++i) finishes(0);
  EXPECT_EQ(session(id).queued, 0U) << "the store has not read yet";
  tasks.push_back(submits(id));
  EXPECT_EQ(session(id).parked.tasks, 3U) << "though there was room";
  EXPECT_EQ(works(0), (std::vector<TaskId>{tasks.begin() + 4, tasks.end()}));
}

TEST_F(ParkedTasks, OfOneSessionKeepNobodyElseOutOfTheWindow) {
  const ConnectionId busy = client();
  submits_many(busy, 10);
  const ConnectionId other = client();
  submits_many(other, 3);
  EXPECT_EQ(session(other).queued, 2U);
  EXPECT_EQ(session(other).parked.tasks, 1U);
}

TEST_F(ParkedTasks, AreThoseWhoseOperationsDoNotFit) {
  limits.window_bytes_max = 10;
  const ConnectionId id = client();
  submits(id, {}, {}, "eight..8");
  submits(id, {}, {}, "eight..8");
  submits(id, {}, {}, "eight..8");
  EXPECT_EQ(session(id).queued, 2U);
  EXPECT_EQ(session(id).parked.tasks, 1U);
  joins(0);
  EXPECT_EQ(works(0).size(), 3U);
}

TEST_F(ParkedTasks, ArePlainOnes) {
  const ConnectionId id = client();
  const std::vector<TaskId> tasks = submits_many(id, 5);
  ASSERT_EQ(session(id).parked.tasks, 1U);
  joins(0);
  submits(id, {0});
  follows(id, {tasks.front(), {}, 0});
  EXPECT_EQ(session(id).parked.tasks, 1U) << "neither the direct one nor the one that follows another";
  EXPECT_EQ(works(0).size(), 7U);
}

TEST_F(ParkedTasks, AreNamedToAClientThatComesBackBeforeAnyOfThemBegins) {
  const ConnectionId id = client();
  const std::vector<TaskId> tasks = submits_many(id, 9);
  joins(0);
  finishes(0);
  finishes(0);
  happens(ConnectionClosed{id});
  const ConnectionId back = comes_back(id);
  EXPECT_THAT(heard<wire::SessionResumed>(back), IsEmpty());
  EXPECT_TRUE(store_reads()) << "the page for the window, which was asked for before";
  EXPECT_EQ(session(back).parked.tasks, 5U) << "it is not taken";
  submits(back);
  reads_all();
  EXPECT_THAT(heard<wire::SessionResumed>(back), SizeIs(1));
  std::vector<TaskId> named;
  for (const auto& accepted : heard<wire::TaskAccepted>(back)) named.push_back(accepted.first_task);
  EXPECT_THAT(named, SizeIs(10)) << "each once, and the one that was submitted meanwhile";
  for (const TaskId task : tasks) EXPECT_THAT(named, testing::Contains(task));
  EXPECT_EQ(heard<wire::TaskAccepted>(back).back().credit_bytes, 4U + 1U);
  EXPECT_EQ(works(0).size(), 8U);
}

TEST_F(ParkedTasks, GoOnWhenTheirClientIsGoneAgainWhileTheyAreNamed) {
  const ConnectionId id = client();
  submits_many(id, 9);
  happens(ConnectionClosed{id});
  const ConnectionId back = comes_back(id);
  store_reads();
  happens(ConnectionClosed{back});
  joins(0);
  EXPECT_EQ(works(0).size(), 9U);
}

TEST_F(ParkedTasks, CountTheRequestsOfTheirSession) {
  const ConnectionId id = client();
  submits_many(id, 6);
  happens(ConnectionClosed{id});
  const ConnectionId back = client(Role::submit, session_of(id));
  says(back, wire::SubmitTask{wire::RequestId{6}, {}, "f", {}, bytes("again")});
  EXPECT_THAT(goodbye(back), HasSubstr("numbers must rise"));
}

TEST_F(ParkedTasks, CanBeFollowedByRequestAndById) {
  const ConnectionId id = client();
  const std::vector<TaskId> tasks = submits_many(id, 8);
  const TaskId by_request = follows(id, {{}, wire::RequestId{7}, 0});
  const TaskId by_id = follows(id, {tasks[7], {}, 0});
  EXPECT_NE(by_request, TaskId{});
  EXPECT_NE(by_id, TaskId{});
  joins(0);
  std::vector<TaskId> all = tasks;
  all.push_back(by_request);
  all.push_back(by_id);
  EXPECT_EQ(works(0), all);
}

TEST_F(ParkedTasks, CanBeFollowedBeforeTheStoreHasThem) {
  const ConnectionId id = client();
  submits_many(id, 6);
  wire::SubmitTask task;
  task.request = next_request(id);
  task.after = {{wire::Condition::succeeded, {{{}, wire::RequestId{6}, 0}}}};
  happens(ClientSpoke{id, task, {}, {}, 0});
  EXPECT_EQ(heard<wire::TaskAccepted>(id).size(), 7U);
}

TEST_F(ParkedTasks, ThatHaveBeenAcknowledgedCannotBeFollowed) {
  const ConnectionId id = client();
  const std::vector<TaskId> tasks = submits_many(id, 8);
  joins(0);
  finishes(0);
  finishes(0);
  store_reads();
  ASSERT_TRUE(answer(id, tasks[1]));
  ASSERT_EQ(session(id).parked.tasks, 2U);
  acknowledges(id, {tasks[1]});
  EXPECT_EQ(follows(id, {tasks[1], {}, 0}), TaskId{});
  ASSERT_THAT(heard<wire::Refused>(id), SizeIs(1));
  EXPECT_THAT(heard<wire::Refused>(id)[0].reason, HasSubstr("none of this session"));
}

TEST_F(ParkedTasks, EndWithTheirSession) {
  const ConnectionId id = client();
  submits_many(id, 10);
  says(id, wire::EndSession{});
  EXPECT_EQ(controller().status().tasks_waiting, 0U);
  EXPECT_THAT(controller().durable_state().modules.tasks, IsEmpty());
  joins(0);
  reads_all();
  EXPECT_THAT(handed(0), IsEmpty());
}

TEST_F(ParkedTasks, FailWithTheOthersWhenNoEngineIsLeft) {
  const ConnectionId id = client();
  const std::vector<TaskId> tasks = submits_many(id, 10);
  joins(0);
  is_lost(0);
  reads_all();
  EXPECT_EQ(controller().status().tasks_waiting, 0U);
  for (const TaskId task : tasks) EXPECT_TRUE(answer(id, task));
}

TEST_F(ParkedTasks, KeepTheModuleThatTheyNeed) {
  limits.modules_max = 1;
  const ConnectionId id = client();
  const wire::ModuleHash needed{1};
  says(id, wire::OfferModule{next_request(id), needed, 3});
  says(id, wire::UploadModule{next_request(id), needed, bytes("one")});
  for (int i = 0; i < 6; ++i) {
    wire::SubmitTask task;
    task.module = needed;
    submits_task(id, std::move(task));
  }
  EXPECT_THAT(controller().durable_state().modules.tasks, ElementsAre(testing::Pair(needed, 6U)));
  joins(0);
  works(0);
  EXPECT_THAT(controller().durable_state().modules.tasks, IsEmpty());
}

TEST_F(ParkedTasks, AreThereAfterARestart) {
  joins(0);
  const ConnectionId id = client();
  const std::vector<TaskId> tasks = submits_many(id, 12);
  finishes(0);
  store_reads();
  finishes(0);
  store_reads();
  restarts();
  EXPECT_LT(in_memory(), 6U) << "two answers, one that ran, and what the window had";
  EXPECT_EQ(controller().status().tasks_waiting, 10U);
  joins(0);
  EXPECT_EQ(works(0), (std::vector<TaskId>{tasks.begin() + 2, tasks.end()}));
}

TEST_F(ParkedTasks, ThatAClientAcknowledgesByMistakeStay) {
  const ConnectionId id = client();
  const std::vector<TaskId> tasks = submits_many(id, 6);
  acknowledges(id, {tasks.back()});
  EXPECT_EQ(controller().status().tasks_waiting, 6U);
}

}  // namespace
}  // namespace gangway::core
