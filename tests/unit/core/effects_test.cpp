// Effects are values with an order; the controller gives the same ones for the same events.
#include <gmock/gmock.h>

#include "controller_fixture.hpp"

namespace gangway::core {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

class EffectsOf : public ControllerTest {};

TEST_F(EffectsOf, ASubmissionAreRecordsThenAHandOutThenAnAnswer) {
  joins(4);
  const ConnectionId id = client();
  says(id, wire::SubmitTask{wire::RequestId{7}, {}, "norm", {}, bytes("work")});

  Effects expected;
  expected.journal = {
      Record{2, TaskAccepted{SessionId{1}, wire::RequestId{7}, TaskId{1}, {}, "norm", {}, bytes("work"), now.ns}},
      Record{3, AttemptStarted{{TaskId{1}, 1}, EngineId{4}, now.ns}},
  };
  expected.to_engines = {{{EngineId{4}}, wire::RunTask{{TaskId{1}, 1}, true, bytes("work")}}};
  expected.to_clients = {{id, wire::TaskAccepted{wire::RequestId{7}, TaskId{1}, 1}}};
  EXPECT_EQ(effects(), expected);
}

TEST_F(EffectsOf, AnAnswerAreARecordAndAMessage) {
  joins(0);
  const ConnectionId id = client();
  const TaskId task = submits(id);
  const base::Instant handed = now;
  now = now + base::milliseconds(3);
  finishes(0, base::milliseconds(2), "42");

  const wire::RunInfo run{EngineId{0}, 1, handed.ns, handed.ns, now.ns, base::milliseconds(2).ns};
  Effects expected;
  expected.journal = {Record{4, TaskSettled{task, run, bytes("42")}}};
  expected.to_clients = {{id, wire::TaskFinished{wire::RequestId{1}, 0, task, run, bytes("42")}}};
  EXPECT_EQ(effects(), expected);
}

TEST_F(EffectsOf, SeveralEventsAddUpInOrder) {
  Controller quiet{Identity{"test", 0}, limits};
  Effects all;
  quiet.handle(EngineSpoke{EngineId{0}, wire::EngineReady{info(0)}}, now, all);
  quiet.handle(ConnectionOpened{ConnectionId{1}, Role::submit}, now, all);
  quiet.handle(ClientSpoke{ConnectionId{1}, wire::Hello{}}, now, all);
  for (std::uint64_t i = 1; i <= 2; ++i) {
    quiet.handle(
        ClientSpoke{ConnectionId{1}, wire::SubmitTask{wire::RequestId{i}, {EngineId{0}}, "f", {}, bytes("x")}}, now,
        all);
  }
  EXPECT_THAT(all.journal, SizeIs(5));
  EXPECT_THAT(all.to_clients, SizeIs(3));
  ASSERT_THAT(all.to_engines, SizeIs(2)) << "parts of different tasks are different messages";
}

TEST_F(EffectsOf, TaskIdsCarryTheGateway) {
  Controller second{Identity{"test", 2}, limits};
  Effects theirs;
  second.handle(ConnectionOpened{ConnectionId{1}, Role::submit}, now, theirs);
  second.handle(ClientSpoke{ConnectionId{1}, wire::Hello{}}, now, theirs);
  second.handle(ClientSpoke{ConnectionId{1}, wire::SubmitTask{wire::RequestId{1}, {}, "f", {}, bytes("x")}}, now,
                theirs);
  EXPECT_EQ(std::get<wire::TaskAccepted>(theirs.to_clients.back().message).first_task, TaskId{(2ULL << 48) + 1});
}

TEST_F(EffectsOf, AJournalThatEndsInTheMiddleGoesOnWithNewEngines) {
  joins(0);
  const ConnectionId id = client();
  submits(id);
  const TaskId waiting = submits(id);
  Controller restarted{Identity{"test", 0}, limits};
  for (const Record& record : journal()) restarted.apply(record);
  Effects after;
  restarted.handle(EngineSpoke{EngineId{1}, wire::EngineReady{info(1)}}, now, after);
  ASSERT_THAT(after.to_engines, SizeIs(1));
  EXPECT_EQ(std::get<wire::RunTask>(after.to_engines[0].message).attempt, (wire::AttemptRef{waiting, 1}));
}

TEST(Timers, AreDueInTheOrderOfTheirDeadlines) {
  Timers timers;
  timers.arm(TimerKind::hello, ConnectionId{1}, {30});
  timers.arm(TimerKind::silence, ConnectionId{2}, {10});
  timers.arm(TimerKind::hello, ConnectionId{3}, {20});
  timers.arm(TimerKind::hello, ConnectionId{1}, {5});
  timers.cancel(TimerKind::hello, ConnectionId{3});
  EXPECT_EQ(timers.next(), base::Instant{5});
  EXPECT_FALSE(timers.take_due({4}));
  EXPECT_EQ(timers.take_due({10})->subject, Timers::Subject{ConnectionId{1}});
  EXPECT_EQ(timers.take_due({10})->subject, Timers::Subject{ConnectionId{2}});
  EXPECT_FALSE(timers.take_due({100}));
  EXPECT_EQ(timers.size(), 0U);
}

using Deaths = ControllerTest;

TEST_F(Deaths, AMissingRecordIsABug) {
  joins(0);
  EXPECT_DEATH(controller().apply(Record{0, SessionOpened{SessionId{5}}}), "in the order of their numbers");
}

TEST(Timers, DoNotTakeASessionForTheConnectionOfThatNumber) {
  Timers timers;
  timers.arm(TimerKind::linger, SessionId{1}, {10});
  timers.arm(TimerKind::silence, ConnectionId{1}, {20});
  timers.cancel_all(ConnectionId{1});
  EXPECT_TRUE(timers.armed(TimerKind::linger, SessionId{1}));
  EXPECT_FALSE(timers.armed(TimerKind::linger, ConnectionId{1}));
  EXPECT_EQ(timers.size(), 1U);
}

}  // namespace
}  // namespace gangway::core
