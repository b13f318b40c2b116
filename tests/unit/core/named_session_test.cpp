// Sessions with names, which one process after the other has, and tasks with keys.
#include <gmock/gmock.h>

#include "unit/core/controller_fixture.hpp"

namespace gangway::core {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class NamedSessions : public ControllerTest {
 protected:
  /// A process opens the session.
  ConnectionId opens(const std::string& name) {
    const ConnectionId id = connected();
    says(id, wire::Hello{wire::protocol_version, "laptop:" + std::to_string(id.value()), {}, name});
    // A new process counts on from the requests that it is told of.
    for (const auto& again : heard<wire::TaskAccepted>(id)) {
      while (next_request(id) < again.request) continue;
    }
    return id;
  }
  /// The process of this connection comes back.
  ConnectionId reconnects(ConnectionId from, const std::string& name) {
    const wire::Welcome welcome = heard<wire::Welcome>(from).at(0);
    const ConnectionId id = connected();
    says(id, wire::Hello{wire::protocol_version, "laptop", welcome.session, name, welcome.opening});
    return id;
  }
  void leaves(ConnectionId id) { happens(ConnectionClosed{id}); }

  /// What the gateway does: it looks into the store first.
  TaskId submits_key(ConnectionId id, const std::string& key, const std::string& label = "f") {
    wire::SubmitTask task;
    task.request = next_request(id);
    task.key = key;
    task.label = label;
    task.operation = bytes("work");
    const auto session = controller().session_of(id);
    happens(ClientSpoke{id, support::through_codec(wire::ClientMessage{task}), store().find_kept(*session, key)});
    last_request = task.request;
    for (const SendToClient& send : effects().to_clients) {
      if (const auto* accepted = std::get_if<wire::TaskAccepted>(&send.message)) return accepted->first_task;
    }
    return {};
  }
  std::string result(ConnectionId id, wire::RequestId request) {
    std::string found;
    for (const auto& finished : heard<wire::TaskFinished>(id)) {
      if (finished.request == request) found += text(std::get<base::SharedBytes>(finished.outcome));
    }
    return found;
  }

  wire::RequestId last_request;
};

TEST_F(NamedSessions, AreThereForTheNextProcess) {
  const ConnectionId first = opens("run-17");
  EXPECT_FALSE(heard<wire::Welcome>(first)[0].resumed);
  leaves(first);
  const ConnectionId second = opens("run-17");
  EXPECT_TRUE(heard<wire::Welcome>(second)[0].resumed);
  EXPECT_EQ(session_of(second), session_of(first));
  EXPECT_EQ(heard<wire::Welcome>(second)[0].opening, 2U);
  EXPECT_EQ(heard<wire::SessionResumed>(second).size(), 1U);
}

TEST_F(NamedSessions, AreOthersUnderOtherNames) {
  EXPECT_NE(session_of(opens("a")), session_of(opens("b")));
}

TEST_F(NamedSessions, HaveOneProcessAtATime) {
  opens("run-17");
  const ConnectionId second = opens("run-17");
  EXPECT_THAT(goodbye(second), HasSubstr("\"run-17\" is in use by laptop:1"));
  EXPECT_TRUE(heard<wire::Goodbye>(second)[0].final);
}

TEST_F(NamedSessions, DoNotGoBackToAProcessThatWasReplaced) {
  const ConnectionId first = opens("run-17");
  leaves(first);
  const ConnectionId second = opens("run-17");
  leaves(second);
  EXPECT_THAT(goodbye(reconnects(first, "run-17")), HasSubstr("goes on in another process"));
  EXPECT_EQ(goodbye(reconnects(second, "run-17")), "");
}

TEST_F(NamedSessions, GoOnWithTheProcessWhoseOpeningWasLostWithThePower) {
  const wire::Welcome welcome = heard<wire::Welcome>(opens("run-17")).at(0);
  restarts();
  // The store has lost the record of the second process; the process is there.
  const ConnectionId second = connected();
  says(second, wire::Hello{wire::protocol_version, "laptop", welcome.session, "run-17", 2});
  EXPECT_EQ(goodbye(second), "");
  EXPECT_EQ(heard<wire::Welcome>(second).at(0).opening, 2U);
  const ConnectionId first = connected();
  says(first, wire::Hello{wire::protocol_version, "laptop", welcome.session, "run-17", 1});
  EXPECT_THAT(goodbye(first), HasSubstr("goes on in another process"));
}

TEST_F(NamedSessions, AreNotGivenBackToAProcessWhoseOpeningWasLostWhenThereIsANewerOne) {
  const wire::Welcome welcome = heard<wire::Welcome>(opens("run-17")).at(0);
  restarts();
  const ConnectionId third = opens("run-17");
  const ConnectionId second = connected();
  says(second, wire::Hello{wire::protocol_version, "laptop", welcome.session, "run-17", 2});
  EXPECT_THAT(goodbye(second), HasSubstr("goes on in another process"));
  EXPECT_EQ(goodbye(third), "");
}

TEST_F(NamedSessions, OutliveARestartWithTheirTasks) {
  joins(0);
  const ConnectionId first = opens("run-17");
  const TaskId task = submits_key(first, "k");
  restarts();
  const ConnectionId again = reconnects(first, "run-17");
  EXPECT_EQ(heard<wire::TaskAccepted>(again)[0].first_task, task);
  joins(0);
  finishes(0);
  EXPECT_EQ(result(again, last_request), "done");
}

TEST_F(NamedSessions, EndWhenTheClientSaysSoAndThenAreNew) {
  const ConnectionId first = opens("run-17");
  says(first, wire::EndSession{});
  EXPECT_FALSE(heard<wire::Welcome>(opens("run-17"))[0].resumed);
}

TEST_F(NamedSessions, EndWhenNobodyComesForLong) {
  const ConnectionId first = opens("run-17");
  leaves(first);
  passes(limits.named_session_linger);
  EXPECT_FALSE(heard<wire::Welcome>(opens("run-17"))[0].resumed);
}

class Keys : public NamedSessions {};

TEST_F(Keys, AreTheSameTaskInTheNextProcess) {
  joins(0);
  const ConnectionId first = opens("run-17");
  const TaskId task = submits_key(first, "k");
  leaves(first);
  const ConnectionId second = opens("run-17");
  EXPECT_EQ(submits_key(second, "k"), task);
  finishes(0);
  EXPECT_EQ(result(second, last_request), "done");
  EXPECT_THAT(handed(0), IsEmpty());
}

TEST_F(Keys, BringTheAnswerThatNobodyHasAcknowledged) {
  joins(0);
  const ConnectionId first = opens("run-17");
  submits_key(first, "k");
  finishes(0);
  leaves(first);
  const ConnectionId second = opens("run-17");
  submits_key(second, "k");
  EXPECT_EQ(result(second, last_request), "done");
}

TEST_F(Keys, BringTheAnswerThatWasAcknowledgedToo) {
  joins(0);
  const ConnectionId first = opens("run-17");
  const TaskId task = submits_key(first, "k");
  finishes(0);
  acknowledges(first, {task});
  EXPECT_EQ(controller().durable_state().tasks.all().size(), 0U) << "only the store knows it";
  leaves(first);
  restarts();
  const ConnectionId second = opens("run-17");
  EXPECT_EQ(submits_key(second, "k"), task);
  EXPECT_EQ(result(second, last_request), "done");
  acknowledges(second, {task});
  EXPECT_EQ(submits_key(second, "k"), task);
  EXPECT_EQ(result(second, last_request), "done") << "as often as it is asked for";
}

TEST_F(Keys, OfAnotherFunctionAreRefused) {
  const ConnectionId id = opens("run-17");
  submits_key(id, "k", "cost(double)");
  EXPECT_EQ(submits_key(id, "k", "mass(double)"), TaskId{});
  EXPECT_THAT(heard<wire::Refused>(id)[0].reason, HasSubstr("which is cost(double); take another one"));
}

TEST_F(Keys, NeedANamedSession) {
  const ConnectionId id = client();
  EXPECT_EQ(submits_key(id, "k"), TaskId{});
  EXPECT_THAT(heard<wire::Refused>(id)[0].reason, HasSubstr("named session"));
}

TEST_F(Keys, GoWithTheirSession) {
  joins(0);
  const ConnectionId first = opens("run-17");
  const TaskId task = submits_key(first, "k");
  finishes(0);
  acknowledges(first, {task});
  says(first, wire::EndSession{});
  EXPECT_NE(submits_key(opens("run-17"), "k"), task);
}

}  // namespace
}  // namespace gangway::core
