// What a client may have out, and what it may leave unacknowledged.
#include <gmock/gmock.h>

#include "controller_fixture.hpp"

namespace gangway::core {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class Credit : public ControllerTest {};

TEST_F(Credit, CountsEveryPartUntilItIsAcknowledged) {
  limits.session_tasks_max = 3;
  joins(0);
  joins(1);
  const ConnectionId id = client();
  const TaskId first = submits(id, {0, 1});
  finishes(0);
  finishes(1);
  submits(id);
  acknowledges(id, {first, TaskId{first.value() + 1}});
  submits(id, {0, 1});
  EXPECT_EQ(goodbye(id), "");
  submits(id);
  EXPECT_THAT(goodbye(id), HasSubstr("exceeds the credit: 3 of 3 tasks"));
}

TEST_F(Credit, CountsTheBytesOfATaskOnceUntilItsLastPartIsAcknowledged) {
  limits.session_bytes_max = 11;  // the label takes one
  joins(0);
  joins(1);
  const ConnectionId id = client();
  const TaskId first = submits(id, {0, 1}, {}, "1234567890");
  finishes(0);
  finishes(1);
  acknowledges(id, {TaskId{first.value() + 1}, first});
  submits(id, {}, {}, "1234567890");
  EXPECT_EQ(goodbye(id), "");
  submits(id, {}, {}, "1");
  EXPECT_THAT(goodbye(id), HasSubstr("11 of 11 bytes are in use"));
}

TEST_F(Credit, CountsLabelsAndTheNamesThatATaskNeeds) {
  limits.session_bytes_max = 100;
  joins(0);
  const ConnectionId id = client();
  const std::string name(60, 'n');
  submits(id, {}, {name}, "work");
  EXPECT_EQ(goodbye(id), "") << "4 for the operation, 1 for the label, 32 + 60 for the name";
  submits(id, {}, {}, "1234");
  EXPECT_THAT(goodbye(id), HasSubstr("97 of 100 bytes are in use"));
}

TEST_F(Credit, IsNotReturnedByAPartOfATaskInBytes) {
  limits.session_bytes_max = 11;
  joins(0);
  joins(1);
  const ConnectionId id = client();
  const TaskId first = submits(id, {0, 1}, {}, "1234567890");
  finishes(0);
  acknowledges(id, {first});
  submits(id, {}, {}, "1");
  EXPECT_NE(goodbye(id), "");
}

TEST_F(Credit, OneBreachDoesNotHurtOthers) {
  limits.session_tasks_max = 1;
  joins(0);
  const ConnectionId good = client();
  const ConnectionId bad = client();
  const TaskId task = submits(good);
  submits(bad);
  submits(bad);
  EXPECT_TRUE(closed(bad));
  finishes(0);
  EXPECT_TRUE(answer(good, task));
}

TEST_F(Credit, OnlyAnAnswerOfOnesOwnCanBeAcknowledged) {
  joins(0);
  const ConnectionId owner = client();
  const ConnectionId thief = client();
  const TaskId task = submits(owner);
  finishes(0);
  acknowledges(thief, {task});
  EXPECT_THAT(goodbye(thief), HasSubstr("task 1 was acknowledged"));
  acknowledges(owner, {task});
  EXPECT_EQ(goodbye(owner), "");
  acknowledges(owner, {TaskId{2}});
  EXPECT_THAT(goodbye(owner), HasSubstr("task 2 was acknowledged"));
}

TEST_F(Credit, AnAnswerMayBeAcknowledgedTwice) {
  joins(0);
  joins(1);
  const ConnectionId id = client();
  const TaskId alone = submits(id, {0});
  const TaskId first_part = submits(id, {0, 1});
  finishes(0);
  finishes(0);
  acknowledges(id, {alone, first_part});
  acknowledges(id, {alone, first_part});
  EXPECT_EQ(goodbye(id), "");
  EXPECT_THAT(effects().journal, IsEmpty());
}

TEST_F(Credit, AnUnfinishedTaskIsNotForgottenWhenItIsAcknowledged) {
  joins(0);
  const ConnectionId id = client();
  const TaskId task = submits(id);
  acknowledges(id, {task});
  EXPECT_EQ(goodbye(id), "");
  finishes(0);
  EXPECT_TRUE(answer(id, task));
  acknowledges(id, {task});
  EXPECT_THAT(controller().durable_state().tasks.all(), IsEmpty());
}

TEST_F(Credit, ManyUnacknowledgedResultsPauseASessionButNoOther) {
  limits.session_results_bytes_max = 9;
  limits.result_bytes_guess = 0;
  joins(0);
  const ConnectionId greedy = client();
  const ConnectionId modest = client();
  const TaskId first = submits(greedy);
  const TaskId balanced = submits(greedy);
  const TaskId direct = submits(greedy, {0});
  EXPECT_EQ(handed(0), (Ids{first.value(), direct.value()}));
  finishes(0, base::milliseconds(20), "ten bytes.");
  finishes(0);
  EXPECT_THAT(handed(0), IsEmpty());
  const TaskId waits = submits(greedy, {0});
  EXPECT_THAT(handed(0), IsEmpty());
  const TaskId other = submits(modest);
  EXPECT_EQ(handed(0), Ids{other.value()});
  finishes(0);
  acknowledges(greedy, {first, direct});
  EXPECT_EQ(handed(0), (Ids{waits.value()})) << "direct tasks come first";
  finishes(0);
  acknowledges(greedy, {waits});
  EXPECT_EQ(handed(0), Ids{balanced.value()});
}

TEST_F(Credit, WhatIsForgottenIsForgottenInTheStoreToo) {
  joins(0);
  const ConnectionId id = client();
  for (int i = 0; i < 10; ++i) {
    const TaskId task = submits(id);
    finishes(0);
    acknowledges(id, {task});
  }
  EXPECT_EQ(store().size(), 1U) << "the open session";
  EXPECT_THAT(controller().durable_state().tasks.all(), IsEmpty());
}

}  // namespace
}  // namespace gangway::core
