// Sessions outlive connections: detached, resumed, ended.
#include <gmock/gmock.h>

#include <string>

#include "controller_fixture.hpp"

namespace gangway::core {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class Sessions : public ControllerTest {
 protected:
  std::uint32_t sessions() { return controller().status().sessions; }
  std::string result(ConnectionId id, TaskId task) {
    const auto found = answer(id, task);
    return found ? text(std::get<base::SharedBytes>(found->outcome)) : "none";
  }
};

TEST_F(Sessions, WithoutTasksEndWithTheirConnection) {
  joins(0);
  const ConnectionId id = client();
  const TaskId task = submits(id);
  finishes(0);
  acknowledges(id, {task});
  happens(ConnectionClosed{id});
  EXPECT_EQ(sessions(), 0U);
  EXPECT_EQ(controller().next_deadline(), std::nullopt);
}

TEST_F(Sessions, RunOnWithoutAConnectionAndTellTheirAnswersToWhoComesBack) {
  joins(0);
  const ConnectionId id = client();
  const TaskId settled = submits(id, {0});
  finishes(0, base::milliseconds(20), "before");
  const TaskId running = submits(id, {0});
  const TaskId waiting = submits(id);
  happens(ConnectionClosed{id});
  finishes(0, base::milliseconds(20), "meanwhile");
  EXPECT_THAT(effects().to_clients, IsEmpty());
  EXPECT_EQ(handed(0), Ids{waiting.value()});

  const ConnectionId back = comes_back(id);
  EXPECT_EQ(session_of(back), session_of(id));
  EXPECT_TRUE(heard<wire::Welcome>(back)[0].resumed);
  const wire::RequestId first{1};
  EXPECT_THAT(heard<wire::TaskAccepted>(back),
              ElementsAre(wire::TaskAccepted{first, settled, 1}, wire::TaskAccepted{wire::RequestId{2}, running, 1},
                          wire::TaskAccepted{wire::RequestId{3}, waiting, 1}));
  EXPECT_TRUE(std::holds_alternative<wire::SessionResumed>(effects().to_clients.back().message));
  EXPECT_EQ(result(back, settled), "before");
  EXPECT_EQ(result(back, running), "meanwhile");
  EXPECT_EQ(result(back, waiting), "none");
  finishes(0, base::milliseconds(20), "after");
  EXPECT_EQ(result(back, waiting), "after");
  acknowledges(back, {settled, running, waiting});
  EXPECT_THAT(controller().durable_state().tasks.all(), IsEmpty());
}

TEST_F(Sessions, LingerForAWhileOnly) {
  joins(0);
  const ConnectionId id = client();
  submits(id);
  submits(id);
  happens(ConnectionClosed{id});
  EXPECT_EQ(controller().next_deadline(), now + limits.session_linger);
  passes(limits.session_linger - base::milliseconds(1));
  EXPECT_EQ(sessions(), 1U);
  passes(base::milliseconds(1));
  EXPECT_EQ(sessions(), 0U);
  EXPECT_EQ(controller().status().tasks_waiting, 0U);
  EXPECT_EQ(controller().status().tasks_running, 1U) << "abandoned";
  finishes(0);
  EXPECT_THAT(controller().durable_state().tasks.all(), IsEmpty());

  const ConnectionId late = comes_back(id);
  EXPECT_NE(session_of(late), session_of(id));
  EXPECT_FALSE(heard<wire::Welcome>(late)[0].resumed);
  EXPECT_THAT(heard<wire::SessionResumed>(late), IsEmpty());
}

TEST_F(Sessions, ThatWereResumedDoNotLingerAnyMore) {
  joins(0);
  const ConnectionId id = client();
  submits(id);
  happens(ConnectionClosed{id});
  const ConnectionId back = comes_back(id);
  for (base::Duration gone{}; gone < limits.session_linger + limits.session_linger; gone = gone + base::seconds(30)) {
    says(back, wire::Ping{1});
    passes(base::seconds(30));
  }
  EXPECT_EQ(goodbye(back), "");
  EXPECT_EQ(sessions(), 1U);
}

TEST_F(Sessions, EndAtOnceWhenTheClientSaysSo) {
  joins(0);
  const ConnectionId id = client();
  const TaskId running = submits(id);
  submits(id);
  submits(id, {0});
  says(id, wire::EndSession{});
  EXPECT_TRUE(closed(id));
  EXPECT_EQ(sessions(), 0U);
  EXPECT_EQ(controller().status().tasks_waiting, 0U);
  EXPECT_EQ(controller().status().tasks_running, 2U);
  EXPECT_EQ(handed(0).front(), running.value());
  finishes(0);
  EXPECT_THAT(effects().to_clients, IsEmpty());
  finishes(0);
  EXPECT_EQ(controller().status().tasks_running, 0U);
  EXPECT_THAT(controller().durable_state().tasks.all(), IsEmpty());
}

TEST_F(Sessions, OfClientsThatBreakTheProtocolEnd) {
  joins(0);
  const ConnectionId id = client();
  submits(id);
  says(id, wire::Hello{});
  EXPECT_EQ(sessions(), 0U);
}

TEST_F(Sessions, OfSilentClientsStay) {
  joins(0);
  const ConnectionId id = client();
  const TaskId task = submits(id);
  passes(limits.client_silence_max);
  EXPECT_THAT(goodbye(id), HasSubstr("nothing was heard"));
  finishes(0);
  EXPECT_EQ(result(comes_back(id), task), "done");
}

TEST_F(Sessions, HaveOneConnectionTheLatest) {
  joins(0);
  const ConnectionId older = client();
  const TaskId task = submits(older);
  const ConnectionId newer = comes_back(older);
  EXPECT_THAT(goodbye(older), HasSubstr("newer connection"));
  EXPECT_EQ(sessions(), 1U);
  says(older, wire::SubmitTask{wire::RequestId{9}, {}, "f", {}, bytes("late")});
  EXPECT_TRUE(effects().empty());
  happens(ConnectionClosed{older});
  EXPECT_TRUE(effects().empty());
  finishes(0);
  EXPECT_FALSE(answer(older, task));
  EXPECT_EQ(result(newer, task), "done");
}

TEST_F(Sessions, AreNotResumedByObservers) {
  joins(0);
  const ConnectionId id = client();
  submits(id);
  happens(ConnectionClosed{id});
  const ConnectionId observer = client(Role::observe, session_of(id));
  EXPECT_NE(session_of(observer), session_of(id));
  EXPECT_THAT(heard<wire::TaskAccepted>(observer), IsEmpty());
}

TEST_F(Sessions, NameTasksWithTheNumberOfPartsThatAreNotAcknowledged) {
  for (std::uint32_t engine = 0; engine < 3; ++engine) joins(engine);
  const ConnectionId id = client();
  const TaskId first = submits(id, {0, 1, 2});
  const TaskId second{first.value() + 1};
  finishes(0);
  finishes(1, base::milliseconds(20), "one");
  acknowledges(id, {first});
  const ConnectionId back = comes_back(id);
  EXPECT_EQ(heard<wire::TaskAccepted>(back), std::vector({wire::TaskAccepted{wire::RequestId{1}, first, 2}}));
  EXPECT_FALSE(answer(back, first));
  EXPECT_EQ(result(back, second), "one");
  EXPECT_EQ(answer(back, second)->part, 1U);
}

TEST_F(Sessions, CountTheirRequestsOn) {
  const ConnectionId id = client();
  submits(id);
  submits(id);
  const ConnectionId back = comes_back(id);
  says(back, wire::QueryCluster{wire::RequestId{2}});
  EXPECT_THAT(goodbye(back), HasSubstr("request 2 follows request 2"));
}

TEST_F(Sessions, WhoseClientsAreAwayKeepOnlySoManyResults) {
  limits.session_results_bytes_max = 10;
  joins(0);
  const ConnectionId id = client();
  const TaskId first = submits(id, {0});
  for (int i = 0; i < 3; ++i) submits(id, {0});
  happens(ConnectionClosed{id});
  while (!handed(0).empty()) finishes(0, base::milliseconds(1), "more than ten");
  EXPECT_EQ(controller().status().tasks_waiting, 3U);
  const ConnectionId back = comes_back(id);
  EXPECT_THAT(handed(0), IsEmpty());
  acknowledges(back, {first});
  EXPECT_THAT(handed(0), SizeIs(1));
}

TEST_F(Sessions, ThatWaitForTheirClientsCountAmongThoseThereMayBe) {
  limits.sessions_max = 2;
  const ConnectionId first = client();
  submits(first);
  happens(ConnectionClosed{first});
  const ConnectionId second = client();
  submits(second);
  happens(ConnectionClosed{second});
  const ConnectionId third = client();
  EXPECT_THAT(goodbye(third), HasSubstr("at most 2 sessions, and 2 of them wait"));
  EXPECT_EQ(goodbye(comes_back(first)), "");
}

TEST_F(Sessions, EndWithTheCluster) {
  joins(0);
  const ConnectionId id = client();
  submits(id);
  happens(ConnectionClosed{id});
  const ConnectionId administrator = client(Role::administer);
  says(administrator, wire::Shutdown{next_request(administrator)});
  EXPECT_EQ(sessions(), 0U);
}

TEST_F(Sessions, MayNameMoreThanOneEventUsuallyDoes) {
  constexpr std::size_t submissions = 5;
  limits.session_tasks_max = static_cast<std::uint32_t>(submissions * base::list_entries_max);
  joins(0);
  const ConnectionId id = client();
  for (std::size_t i = 0; i < submissions; ++i) {
    submits(id, std::vector<std::uint64_t>(base::list_entries_max, 4711));
  }
  comes_back(id);
  EXPECT_THAT(effects().stored_answers, SizeIs(submissions * base::list_entries_max));
}

}  // namespace
}  // namespace gangway::core
