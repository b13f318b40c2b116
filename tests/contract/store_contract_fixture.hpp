// What the suite of store_contract.hpp plays with: a store, and facts in one line each.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "core/controller.hpp"
#include "core/store.hpp"
#include "support/parked_again.hpp"

namespace gangway::core {

template <class Make>
class StoreContract : public ::testing::Test {
 protected:
  void appends(std::vector<Fact> facts) {
    std::vector<Record> batch;
    for (Fact& fact : facts) batch.push_back(Record{++number_, std::move(fact)});
    store_->append(batch);
    make_.settle(*store_);
    all_.insert(all_.end(), batch.begin(), batch.end());
  }
  std::vector<Record> replayed() const {
    std::vector<Record> records;
    store_->replay([&](const Record& record) { records.push_back(record); });
    return records;
  }
  /// What a controller knows that has read these records.
  static DurableState state_of(const std::vector<Record>& records) {
    Controller controller{Identity{"contract", 0}, base::Limits{}};
    for (const Record& record : records) controller.apply(record);
    return controller.durable_state();
  }
  /// The store may leave records out, but not change what they lead to.
  void expect_same_state() {
    expect_same(state_of(replayed()), state_of(all_));
    const std::uint64_t durable_number = store_->durable_number();
    make_.reopen(store_);
    EXPECT_EQ(store_->durable_number(), durable_number);
    expect_same(state_of(replayed()), state_of(all_));
  }
  /// A store need not know which parked tasks have come into the window.
  static void expect_same(const DurableState& stored, const DurableState& all) {
    const DurableState from_store = support::parked_again(stored);
    const DurableState from_all = support::parked_again(all);
    EXPECT_EQ(from_store.tasks, from_all.tasks);
    EXPECT_EQ(from_store.sessions, from_all.sessions);
    EXPECT_EQ(from_store.modules, from_all.modules);
    EXPECT_EQ(from_store.environment, from_all.environment);
    EXPECT_EQ(from_store.waiting, from_all.waiting);
    EXPECT_EQ(from_store.running, from_all.running);
    EXPECT_GE(from_store.records, from_all.records) << "the next record would have a number that was given";
  }

  static Fact accepted(std::uint64_t task, std::vector<EngineId> engines = {}) {
    return TaskAccepted{SessionId{1},
                        wire::RequestId{task},
                        TaskId{task},
                        std::move(engines),
                        "f",
                        {"x"},
                        base::SharedBytes{base::ByteVector(8)},
                        10,
                        {7}};
  }
  /// Its operation has so many bytes, which all are `content`.
  static Fact push(std::uint64_t task, std::size_t bytes, char content, std::vector<EngineId> engines = {}) {
    Fact fact = accepted(task, std::move(engines));
    std::get<TaskAccepted>(fact).operation = filled(bytes, content);
    std::get<TaskAccepted>(fact).environment = "genome";
    return fact;
  }
  static base::SharedBytes filled(std::size_t bytes, char content) {
    return base::SharedBytes{base::ByteVector(bytes, static_cast<std::byte>(content))};
  }
  static Fact set(std::uint64_t task, std::size_t bytes, bool kept = true, std::string name = "genome") {
    return EnvironmentSet{std::move(name), TaskId{task}, bytes, kept};
  }
  static TaskAccepted parked(std::uint64_t task, std::size_t bytes = 8) {
    Fact fact = accepted(task);
    auto& accepted = std::get<TaskAccepted>(fact);
    accepted.parked = true;
    accepted.operation = filled(bytes, 'p');
    return accepted;
  }
  std::vector<std::uint64_t> ids_of_parked(ReadParked wanted) {
    std::vector<std::uint64_t> ids;
    for (const TaskAccepted& task : store_->parked(wanted)) ids.push_back(task.first_task.value());
    return ids;
  }
  static Fact failed(std::uint64_t task) {
    wire::Failure failure;
    failure.text = "why not";
    return TaskSettled{TaskId{task}, {}, failure};
  }
  static Fact started(std::uint64_t task, std::uint32_t attempt) {
    return AttemptStarted{{TaskId{task}, attempt}, EngineId{0}, 20};
  }
  static Fact settled(std::uint64_t task, std::uint32_t attempt, std::size_t result_bytes = 100) {
    wire::RunInfo run;
    run.attempt = attempt;
    return TaskSettled{TaskId{task}, run, base::SharedBytes{base::ByteVector(result_bytes)}};
  }

  Make make_;
  std::unique_ptr<Store> store_ = make_();
  std::uint64_t number_ = 0;
  std::vector<Record> all_;
};

}  // namespace gangway::core
