// What every store must tell about tasks that it knows. Instantiated beside StoreContract, with the same makers.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "contract/store_contract.hpp"

namespace gangway::core {

using TaskNumbers = std::vector<std::uint64_t>;

template <class Make>
class StoreQueries : public StoreContract<Make> {
 protected:
  /// Task 1 waits; 2 runs on engine 0; 3 has a result, 4 a failure of engine 3; 5 and 6 are the parts of one for
  /// engines 1 and 2, of which the first runs.
  void write_tasks() {
    wire::Failure failure;
    failure.type = "std::domain_error";
    failure.text = "negative\nmass";
    const Fact done = this->settled(3, 1);
    Fact failed = TaskSettled{TaskId{4}, {EngineId{3}, 2, 10, 20, 30, 5}, failure};
    this->appends({SessionOpened{SessionId{1}, "run-17", 1}, this->accepted(1), this->accepted(2), this->accepted(3),
                   this->accepted(4), this->accepted(5, {EngineId{1}, EngineId{2}}), this->started(2, 1),
                   this->started(3, 1), done, AttemptStarted{{TaskId{4}, 2}, EngineId{3}, 20}, std::move(failed),
                   AttemptStarted{{TaskId{5}, 1}, EngineId{1}, 20}});
  }
  [[nodiscard]] TaskNumbers ids(const wire::TaskFilter& filter) const {
    TaskNumbers found;
    for (const wire::TaskRow& row : this->store_->tasks(filter).rows) found.push_back(row.task.value());
    return found;
  }
  [[nodiscard]] wire::TaskRow row(std::uint64_t task) const {
    wire::TaskFilter filter;
    filter.tasks = {TaskId{task}};
    const TaskPage page = this->store_->tasks(filter);
    EXPECT_EQ(page.rows.size(), 1U);
    return page.rows.empty() ? wire::TaskRow{} : page.rows.front();
  }
};

TYPED_TEST_SUITE_P(StoreQueries);

TYPED_TEST_P(StoreQueries, TellWhatHasBecomeOfEachPart) {
  this->write_tasks();
  const wire::TaskRow waiting = this->row(1);
  EXPECT_EQ(waiting.state, wire::TaskState::waiting);
  EXPECT_FALSE(waiting.has_engine);
  EXPECT_EQ(waiting.label, "f");
  EXPECT_EQ(waiting.session, SessionId{1});
  EXPECT_EQ(waiting.session_name, "run-17");
  EXPECT_EQ(waiting.operation_bytes, 8U);
  EXPECT_TRUE(waiting.live);
  const wire::TaskRow running = this->row(2);
  EXPECT_EQ(running.state, wire::TaskState::running);
  EXPECT_TRUE(running.has_engine);
  EXPECT_EQ(running.attempts, 1U);
  const wire::TaskRow succeeded = this->row(3);
  EXPECT_EQ(succeeded.state, wire::TaskState::succeeded);
  EXPECT_EQ(succeeded.answer_bytes, 100U);
  EXPECT_FALSE(succeeded.delivered);
  const wire::TaskRow failed = this->row(4);
  EXPECT_EQ(failed.state, wire::TaskState::failed);
  EXPECT_EQ(failed.engine, EngineId{3});
  EXPECT_EQ(failed.attempts, 2U);
  EXPECT_EQ(failed.run_ns, 5);
  EXPECT_EQ(failed.failure, "std::domain_error: negative mass");
  EXPECT_EQ(this->row(5).state, wire::TaskState::running);
  EXPECT_EQ(this->row(6).state, wire::TaskState::waiting);
  EXPECT_EQ(this->row(6).engine, EngineId{2});
}

TYPED_TEST_P(StoreQueries, FindWhatAllConditionsHoldFor) {
  this->write_tasks();
  wire::TaskFilter filter;
  EXPECT_EQ(this->ids(filter), (TaskNumbers{6, 5, 4, 3, 2, 1})) << "newest first";
  filter.session_name = "run-17";
  filter.session = SessionId{1};
  filter.text = "f";
  EXPECT_EQ(this->ids(filter), (TaskNumbers{6, 5, 4, 3, 2, 1}));
  filter.has_engine = true;
  filter.engine = EngineId{0};
  EXPECT_EQ(this->ids(filter), (TaskNumbers{3, 2}));
  filter.state = wire::TaskState::running;
  EXPECT_EQ(this->ids(filter), (TaskNumbers{2}));
  filter.text = "g";
  EXPECT_EQ(this->ids(filter), (TaskNumbers{}));
  filter = {};
  filter.session = SessionId{2};
  EXPECT_EQ(this->ids(filter), (TaskNumbers{}));
  filter = {};
  filter.session_name = "run-18";
  EXPECT_EQ(this->ids(filter), (TaskNumbers{}));
}

TYPED_TEST_P(StoreQueries, GiveAPageAtATime) {
  this->write_tasks();
  wire::TaskFilter filter;
  filter.rows_max = 4;
  EXPECT_EQ(this->ids(filter), (TaskNumbers{6, 5, 4, 3}));
  filter.below = this->store_->tasks(filter).next;
  EXPECT_EQ(this->ids(filter), (TaskNumbers{2, 1}));
  EXPECT_EQ(this->store_->tasks(filter).next, TaskId{});
  filter.below = TaskId{6};
  filter.rows_max = 1;
  EXPECT_EQ(this->ids(filter), (TaskNumbers{5}));
}

TYPED_TEST_P(StoreQueries, LookAtABoundedNumberAndSayWhereToGoOn) {
  std::vector<Fact> facts{SessionOpened{SessionId{1}}};
  constexpr std::uint64_t tasks = 5000;
  for (std::uint64_t task = 1; task <= tasks; ++task) facts.push_back(this->accepted(task));
  this->appends(std::move(facts));
  wire::TaskFilter filter;
  filter.text = "nothing has this";
  std::uint64_t pages = 0;
  do {
    const TaskPage page = this->store_->tasks(filter);
    EXPECT_TRUE(page.rows.empty());
    EXPECT_TRUE(filter.below == TaskId{} || page.next < filter.below) << "it goes on";
    filter.below = page.next;
  } while (++pages < tasks && filter.below != TaskId{});
  EXPECT_GE(pages, 5U);
  EXPECT_LE(pages, 10U);
}

TYPED_TEST_P(StoreQueries, GiveAnswersAndWhatWasSubmitted) {
  this->write_tasks();
  EXPECT_EQ(this->store_->outcome(TaskId{1}), std::nullopt);
  EXPECT_EQ(this->store_->outcome(TaskId{99}), std::nullopt);
  ASSERT_TRUE(this->store_->outcome(TaskId{3}));
  EXPECT_EQ(std::get<base::SharedBytes>(*this->store_->outcome(TaskId{3})).size(), 100U);
  EXPECT_EQ(std::get<wire::Failure>(*this->store_->outcome(TaskId{4})).type, "std::domain_error");
  const StoredOperation direct{"f", {"x"}, {7}, {}, EngineId{2}, base::SharedBytes{base::ByteVector(8)}};
  EXPECT_EQ(this->store_->operation(TaskId{6}), direct);
  EXPECT_EQ(this->store_->operation(TaskId{1})->target, std::nullopt);
  EXPECT_EQ(this->store_->operation(TaskId{99}), std::nullopt);
}

REGISTER_TYPED_TEST_SUITE_P(StoreQueries, TellWhatHasBecomeOfEachPart, FindWhatAllConditionsHoldFor, GiveAPageAtATime,
                            LookAtABoundedNumberAndSayWhereToGoOn, GiveAnswersAndWhatWasSubmitted);

}  // namespace gangway::core
