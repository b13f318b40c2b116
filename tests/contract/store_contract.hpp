// What every store must do. A store's test instantiates the suite with a maker:
//
//   struct MakeMemoryStore {
//     std::unique_ptr<core::Store> operator()() const;
//     void settle(core::Store&) const;   // returns when all that was appended is durable
//     void reopen(std::unique_ptr<core::Store>&) const;   // as after a restart; nothing if it ends with its process
//   };
//   INSTANTIATE_TYPED_TEST_SUITE_P(Memory, StoreContract, MakeMemoryStore);
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "contract/store_contract_fixture.hpp"

namespace gangway::core {

TYPED_TEST_SUITE_P(StoreContract);

TYPED_TEST_P(StoreContract, IsEmptyAtFirst) {
  EXPECT_EQ(this->store_->durable_number(), 0U);
  EXPECT_TRUE(this->replayed().empty());
}

TYPED_TEST_P(StoreContract, GivesBackWhatIsUnfinishedInOrder) {
  this->appends({SessionOpened{SessionId{1}}, this->accepted(1), this->accepted(2)});
  this->appends({this->started(1, 1)});
  EXPECT_EQ(this->store_->durable_number(), 4U);
  this->expect_same_state();
}

TYPED_TEST_P(StoreContract, TakesAnEmptyBatch) {
  this->appends({});
  EXPECT_EQ(this->store_->durable_number(), 0U);
}

TYPED_TEST_P(StoreContract, KeepsAResultUntilItIsForgotten) {
  this->appends({SessionOpened{SessionId{1}}, this->accepted(1), this->started(1, 1), this->settled(1, 1)});
  this->expect_same_state();
  this->appends({TaskForgotten{TaskId{1}}});
  this->expect_same_state();
}

TYPED_TEST_P(StoreContract, RemembersAttemptsThatWereReturnedOrLost) {
  this->appends(
      {SessionOpened{SessionId{1}}, this->accepted(1), this->started(1, 1), AttemptReturned{{TaskId{1}, 1}}});
  this->expect_same_state();
  this->appends(
      {this->started(1, 2), AttemptFailed{{TaskId{1}, 2}, EngineId{0}, wire::FailureKind::engine_lost, "signal 9"}});
  this->expect_same_state();
  this->appends({this->started(1, 3), AttemptReturned{{TaskId{1}, 3}}, this->started(1, 4)});
  this->expect_same_state();
  this->appends({AttemptFailed{{TaskId{1}, 4}, EngineId{1}, wire::FailureKind::worker_crashed, "signal 11"},
                 this->started(1, 5)});
  this->expect_same_state();
  this->appends({this->settled(1, 5)});
  this->expect_same_state();
}

TYPED_TEST_P(StoreContract, RemembersHowOftenATaskMayRun) {
  Fact fact = this->accepted(1);
  std::get<TaskAccepted>(fact).policy = {3, true};
  this->appends({SessionOpened{SessionId{1}}, std::move(fact)});
  this->expect_same_state();
}

TYPED_TEST_P(StoreContract, RemembersSessionsByName) {
  this->appends({SessionOpened{SessionId{1}, "run-17", 1}, SessionOpened{SessionId{2}}});
  this->expect_same_state();
  this->appends({SessionAdopted{SessionId{1}, 2}});
  this->expect_same_state();
  this->appends({SessionEnded{SessionId{1}}, SessionOpened{SessionId{3}, "run-17", 1}});
  this->expect_same_state();
}

TYPED_TEST_P(StoreContract, KeepsTheAnswersOfKeys) {
  const std::string key = "k";
  Fact fact = this->accepted(1);
  std::get<TaskAccepted>(fact).key = key;
  this->appends(
      {SessionOpened{SessionId{1}, "run-17", 1}, std::move(fact), TaskAttached{TaskId{1}, wire::RequestId{5}}});
  this->expect_same_state();
  EXPECT_FALSE(this->store_->find_kept(SessionId{1}, key)) << "it has no answer";
  this->appends({this->started(1, 1), this->settled(1, 1)});
  this->expect_same_state();
  EXPECT_EQ(this->store_->find_kept(SessionId{1}, key), (KeptTask{TaskId{1}, "f"}));
  this->appends({TaskKept{TaskId{1}}});
  this->expect_same_state();
  EXPECT_EQ(this->store_->find_kept(SessionId{1}, key), (KeptTask{TaskId{1}, "f"}));
  EXPECT_TRUE(this->store_->answer(TaskId{1}));
  EXPECT_FALSE(this->store_->find_kept(SessionId{1}, "another"));
  EXPECT_FALSE(this->store_->find_kept(SessionId{2}, key));
  this->appends({SessionEnded{SessionId{1}}});
  EXPECT_FALSE(this->store_->find_kept(SessionId{1}, key));
  EXPECT_FALSE(this->store_->answer(TaskId{1}));
}

TYPED_TEST_P(StoreContract, GivesParkedTasksPageByPage) {
  using Ids = std::vector<std::uint64_t>;
  this->appends({SessionOpened{SessionId{1}}, SessionOpened{SessionId{2}}, this->accepted(1), this->parked(2),
                 this->parked(3), this->accepted(4, {EngineId{0}}), this->parked(5), this->parked(6, 100'000)});
  this->expect_same_state();
  EXPECT_EQ(this->ids_of_parked({SessionId{1}, {}, {}, 2, 1000}), (Ids{2, 3}));
  EXPECT_EQ(this->ids_of_parked({SessionId{1}, TaskId{3}, {}, 9, 1'000'000}), (Ids{5, 6}));
  EXPECT_EQ(this->ids_of_parked({SessionId{1}, {}, {}, 9, 9}), (Ids{2, 3})) << "the bytes are enough";
  EXPECT_EQ(this->ids_of_parked({SessionId{1}, TaskId{6}, {}, 9, 9}), Ids{});
  EXPECT_EQ(this->ids_of_parked({SessionId{2}, {}, {}, 9, 9}), Ids{});
  EXPECT_EQ(this->store_->parked({SessionId{1}, TaskId{5}, {}, 9, 9}), std::vector{this->parked(6, 100'000)});
}

TYPED_TEST_P(StoreContract, ListsParkedTasksWithoutTheirOperations) {
  this->appends({SessionOpened{SessionId{1}}, this->parked(1, 100), this->parked(2, 70'000)});
  std::vector<TaskAccepted> expected{this->parked(1, 0), this->parked(2, 0)};
  expected[0].left_out_bytes = 100;
  expected[1].left_out_bytes = 70'000;
  EXPECT_EQ(this->store_->parked({SessionId{1}, {}, ConnectionId{7}, 9, 1}), expected);
}

TYPED_TEST_P(StoreContract, ParksATaskUntilItIsHandedOut) {
  using Ids = std::vector<std::uint64_t>;
  const ReadParked all{SessionId{1}, {}, {}, 9, 1000};
  this->appends({SessionOpened{SessionId{1}}, this->parked(1), this->parked(2), TaskUnparked{this->parked(1)}});
  this->expect_same_state();
  EXPECT_EQ(this->ids_of_parked(all), (Ids{1, 2})) << "it may be parked again";
  this->appends({this->started(1, 1)});
  this->expect_same_state();
  EXPECT_EQ(this->ids_of_parked(all), Ids{2});
  this->appends({AttemptReturned{{TaskId{1}, 1}}});
  this->expect_same_state();
  EXPECT_EQ(this->ids_of_parked(all), Ids{2});
  this->appends({TaskUnparked{this->parked(2)}, this->settled(2, 0), TaskForgotten{TaskId{2}}});
  this->expect_same_state();
  EXPECT_EQ(this->ids_of_parked(all), Ids{});
  this->appends({SessionEnded{SessionId{1}}});
  this->expect_same_state();
}

TYPED_TEST_P(StoreContract, FindsAParkedTaskByItsIdOrRequest) {
  std::vector<Fact> facts{SessionOpened{SessionId{1}}, SessionOpened{SessionId{2}}};
  for (std::uint64_t task = 10; task <= 30; ++task) {
    TaskAccepted fact = this->parked(task);
    fact.session = SessionId{1 + task % 2};
    fact.request = wire::RequestId{task * 10};
    facts.emplace_back(fact);
  }
  this->appends(std::move(facts));
  for (std::uint64_t task = 10; task <= 30; ++task) {
    const SessionId session{1 + task % 2};
    const SessionId other{2 - task % 2};
    EXPECT_EQ(this->store_->find_parked(session, {TaskId{task}, {}, 0}), TaskId{task});
    EXPECT_EQ(this->store_->find_parked(session, {{}, wire::RequestId{task * 10}, 0}), TaskId{task});
    EXPECT_EQ(this->store_->find_parked(other, {TaskId{task}, {}, 0}), std::nullopt);
    EXPECT_EQ(this->store_->find_parked(other, {{}, wire::RequestId{task * 10}, 0}), std::nullopt);
    EXPECT_EQ(this->store_->find_parked(session, {{}, wire::RequestId{task * 10 + 5}, 0}), std::nullopt);
  }
  this->appends({TaskUnparked{this->parked(12)}, this->started(12, 1)});
  EXPECT_EQ(this->store_->find_parked(SessionId{1}, {TaskId{12}, {}, 0}), std::nullopt);
  EXPECT_EQ(this->store_->find_parked(SessionId{1}, {{}, wire::RequestId{120}, 0}), std::nullopt);
}

TYPED_TEST_P(StoreContract, RemembersWhatATaskWaitsFor) {
  Fact fact = this->accepted(4);
  std::get<TaskAccepted>(fact).after = {
      {wire::Condition::succeeded, {{TaskId{1}, {}}, {TaskId{2}, {}}}},
      {wire::Condition::failed, {{TaskId{2}, {}}, {TaskId{3}, false}}},
  };
  this->appends({SessionOpened{SessionId{1}}, this->accepted(1), this->accepted(2), std::move(fact)});
  this->expect_same_state();
  this->appends({this->started(1, 1), this->settled(1, 1), TaskForgotten{TaskId{1}}});
  this->expect_same_state();
  this->appends({this->started(2, 1), this->settled(2, 1), TaskForgotten{TaskId{2}}});
  this->expect_same_state();
  this->appends({this->started(4, 1)});
  this->expect_same_state();
  this->appends({this->settled(4, 1), TaskForgotten{TaskId{4}}});
  this->expect_same_state();
}

TYPED_TEST_P(StoreContract, RemembersThatATaskWaitsInVain) {
  Fact fact = this->accepted(2);
  std::get<TaskAccepted>(fact).after = {{wire::Condition::failed, {{TaskId{1}, {}}}}};
  this->appends({SessionOpened{SessionId{1}}, this->accepted(1), std::move(fact), this->started(1, 1),
                 this->settled(1, 1), TaskForgotten{TaskId{1}}});
  this->expect_same_state();
  this->appends({SessionEnded{SessionId{1}}});
  this->expect_same_state();
}

TYPED_TEST_P(StoreContract, KeepsTheOtherPartsOfATask) {
  this->appends({SessionOpened{SessionId{1}}, this->accepted(1, {EngineId{0}, EngineId{1}, EngineId{2}}),
                 this->started(1, 1), this->started(2, 1), this->started(3, 1), this->settled(2, 1),
                 TaskForgotten{TaskId{2}}});
  this->expect_same_state();
  this->appends({this->settled(1, 1), this->settled(3, 1), TaskForgotten{TaskId{3}}});
  this->expect_same_state();
  this->appends({TaskForgotten{TaskId{1}}});
  this->expect_same_state();
}

TYPED_TEST_P(StoreContract, ForgetsTheTasksOfASessionThatEnded) {
  this->appends({SessionOpened{SessionId{1}}, SessionOpened{SessionId{2}}, this->accepted(1), this->accepted(2),
                 this->settled(1, 0), SessionEnded{SessionId{1}}});
  this->expect_same_state();
}

TYPED_TEST_P(StoreContract, AcceptsTheEndOfAnAttemptWhoseSessionHasEnded) {
  this->appends({SessionOpened{SessionId{1}}, this->accepted(1), this->started(1, 1), SessionEnded{SessionId{1}},
                 TaskForgotten{TaskId{1}}});
  this->expect_same_state();
}

TYPED_TEST_P(StoreContract, KeepsModules) {
  this->appends({ModuleStored{{}, base::SharedBytes{base::ByteVector(50)}}, LibraryAdded{{}}, LibraryAdded{{1}},
                 LibraryAdded{{}}});
  this->expect_same_state();
}

TYPED_TEST_P(StoreContract, TellsAnswersUntilTheyAreForgotten) {
  this->appends({SessionOpened{SessionId{1}}, this->accepted(1, {EngineId{0}, EngineId{1}}), this->started(1, 1),
                 this->started(2, 1)});
  EXPECT_EQ(this->store_->answer(TaskId{1}), std::nullopt) << "it runs";
  EXPECT_EQ(this->store_->answer(TaskId{9}), std::nullopt) << "there is no such task";
  wire::Failure failure;
  failure.text = "why not";
  wire::RunInfo run{EngineId{1}, 1, 10, 20, 30, 5};
  const TaskSettled failed{TaskId{2}, run, failure};
  this->appends({this->settled(1, 1), failed});
  ASSERT_TRUE(this->store_->answer(TaskId{1}));
  EXPECT_EQ(std::get<base::SharedBytes>(this->store_->answer(TaskId{1})->outcome).size(), 100U);
  EXPECT_EQ(this->store_->answer(TaskId{2}), failed);
  this->appends({TaskForgotten{TaskId{2}}});
  EXPECT_EQ(this->store_->answer(TaskId{2}), std::nullopt);
  EXPECT_TRUE(this->store_->answer(TaskId{1}));
  this->appends({TaskForgotten{TaskId{1}}});
  EXPECT_EQ(this->store_->answer(TaskId{1}), std::nullopt);
}

TYPED_TEST_P(StoreContract, GivesNoIdTwice) {
  this->appends({SessionOpened{SessionId{1}}, this->accepted(1), this->started(1, 1), this->settled(1, 1),
                 TaskForgotten{TaskId{1}}, SessionEnded{SessionId{1}}});
  const DurableState state = this->state_of(this->replayed());
  EXPECT_EQ(state.last_task, 1U);
  EXPECT_EQ(state.last_session, 1U);
}

TYPED_TEST_P(StoreContract, ForgetsModulesAndKeepsThoseThatCameAgain) {
  const Fact one = ModuleStored{{1}, base::SharedBytes{base::ByteVector(50)}};
  const Fact two = ModuleStored{{2}, base::SharedBytes{base::ByteVector(60)}};
  this->appends({one, two, ModuleForgotten{{1}}});
  this->expect_same_state();
  this->appends({one, ModuleForgotten{{2}}});
  this->expect_same_state();
  for (int i = 0; i < 1000; ++i) this->appends({two, ModuleForgotten{{2}}});
  EXPECT_LE(this->replayed().size(), 10U);
  this->expect_same_state();
}

TYPED_TEST_P(StoreContract, DoesNotGrowWithTasksThatAreDone) {
  this->appends({SessionOpened{SessionId{1}}});
  for (std::uint64_t task = 1; task <= 1000; ++task) {
    this->appends(
        {this->accepted(task), this->started(task, 1), this->settled(task, 1), TaskForgotten{TaskId{task}}});
  }
  EXPECT_LE(this->replayed().size(), 10U);
  this->expect_same_state();
}

TYPED_TEST_P(StoreContract, KeepsLargeOperations) {
  this->appends({SessionOpened{SessionId{1}}, this->push(1, 1'000'000, 'a'), this->push(2, 1'000'000, 'a'),
                 this->push(3, 2'000'000, 'b'), this->started(1, 1), this->settled(1, 1), TaskForgotten{TaskId{1}}});
  this->expect_same_state();
  this->appends(
      {this->started(2, 1), this->started(3, 1), this->settled(2, 1), this->settled(3, 1), TaskForgotten{TaskId{2}}});
  this->expect_same_state();
  this->appends({SessionEnded{SessionId{1}}});
  this->expect_same_state();
}

TYPED_TEST_P(StoreContract, KeepsTheEnvironmentWhateverBecomesOfTheTasksThatSetIt) {
  for (const std::size_t bytes : {std::size_t{10}, std::size_t{1'000'000}}) {
    const std::uint64_t task = this->number_ + 1;
    const SessionId session{task};
    Fact push = this->push(task, bytes, 'a');
    std::get<TaskAccepted>(push).session = session;
    this->appends({SessionOpened{session}, push, this->started(task, 1), this->set(task, bytes),
                   this->settled(task, 1), TaskForgotten{TaskId{task}}, SessionEnded{session}});
    this->expect_same_state();
    EXPECT_EQ(this->store_->environment("genome"), this->filled(bytes, 'a'));
  }
  EXPECT_EQ(this->store_->environment("another"), std::nullopt);
  this->appends({EnvironmentErased{"genome"}});
  this->expect_same_state();
  EXPECT_EQ(this->store_->environment("genome"), std::nullopt);
}

TYPED_TEST_P(StoreContract, KeepsTheLatestValueOfEachName) {
  this->appends({SessionOpened{SessionId{1}}, this->push(1, 100'000, 'a'), this->push(2, 200'000, 'b'),
                 this->push(3, 300'000, 'c'), this->set(1, 100'000), this->set(2, 200'000),
                 this->set(3, 300'000, true, "another")});
  this->expect_same_state();
  EXPECT_EQ(this->store_->environment("genome"), this->filled(200'000, 'b'));
  EXPECT_EQ(this->store_->environment("another"), this->filled(300'000, 'c'));
  this->appends({this->set(3, 300'000, false)});
  this->expect_same_state();
  EXPECT_EQ(this->store_->environment("genome"), std::nullopt) << "it was not kept";
}

TYPED_TEST_P(StoreContract, RemembersThatAPartFailedWhoseAnswerIsForgotten) {
  this->appends({SessionOpened{SessionId{1}}, this->push(1, 10, 'a', {EngineId{0}, EngineId{1}}), this->started(1, 1),
                 this->started(2, 1), this->failed(1), TaskForgotten{TaskId{1}}});
  this->expect_same_state();
}

REGISTER_TYPED_TEST_SUITE_P(
    StoreContract, IsEmptyAtFirst, KeepsLargeOperations, KeepsTheEnvironmentWhateverBecomesOfTheTasksThatSetIt,
    KeepsTheLatestValueOfEachName, RemembersThatAPartFailedWhoseAnswerIsForgotten, GivesBackWhatIsUnfinishedInOrder,
    TakesAnEmptyBatch, KeepsAResultUntilItIsForgotten, RemembersAttemptsThatWereReturnedOrLost,
    RemembersHowOftenATaskMayRun, RemembersSessionsByName, KeepsTheAnswersOfKeys, RemembersWhatATaskWaitsFor,
    RemembersThatATaskWaitsInVain, KeepsTheOtherPartsOfATask, ForgetsTheTasksOfASessionThatEnded,
    AcceptsTheEndOfAnAttemptWhoseSessionHasEnded, KeepsModules, TellsAnswersUntilTheyAreForgotten, GivesNoIdTwice,
    ForgetsModulesAndKeepsThoseThatCameAgain, DoesNotGrowWithTasksThatAreDone, GivesParkedTasksPageByPage,
    ListsParkedTasksWithoutTheirOperations, ParksATaskUntilItIsHandedOut, FindsAParkedTaskByItsIdOrRequest);

}  // namespace gangway::core
