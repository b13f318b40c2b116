// A store whose commits take their time, over the twin in memory. It outlives its gateway.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/store.hpp"
#include "sim/world.hpp"

namespace gangway::sim {

class SimStore final : public core::Store {
 public:
  /// `on_durable` is called whenever durable_number() has risen.
  SimStore(World& world, std::function<void()> on_durable) : world_{world}, on_durable_{std::move(on_durable)} {}

  void append(std::vector<core::Record> batch) override {
    if (batch.empty()) return;
    const base::Duration commit = world_.random().span(base::microseconds(10), delay_max_);
    last_commit_ = std::max(last_commit_, world_.now() + commit);
    waiting_.push_back(std::move(batch));
    world_.at(last_commit_, [this, life = life_] {
      if (life == life_ && !waiting_.empty()) commit_some();
    });
  }
  [[nodiscard]] std::uint64_t durable_number() const override { return memory_.durable_number(); }
  void replay(const std::function<void(const core::Record&)>& visit) const override { memory_.replay(visit); }

  [[nodiscard]] std::optional<core::TaskSettled> answer(TaskId task) const override { return memory_.answer(task); }

  [[nodiscard]] std::optional<core::KeptTask> find_kept(SessionId session, const std::string& key) const override {
    return memory_.find_kept(session, key);
  }
  [[nodiscard]] std::vector<core::TaskAccepted> parked(const core::ReadParked& wanted) const override {
    return memory_.parked(wanted);
  }
  [[nodiscard]] std::optional<TaskId> find_parked(SessionId session, const wire::PartRef& named) const override {
    return memory_.find_parked(session, named);
  }
  [[nodiscard]] std::optional<base::SharedBytes> environment(const std::string& name) const override {
    return memory_.environment(name);
  }

  [[nodiscard]] core::TaskPage tasks(const wire::TaskFilter& filter) const override { return memory_.tasks(filter); }
  [[nodiscard]] std::optional<wire::Outcome> outcome(TaskId task) const override { return memory_.outcome(task); }
  [[nodiscard]] std::optional<core::StoredOperation> operation(TaskId task) const override {
    return memory_.operation(task);
  }

  void set_delay_max(base::Duration delay) { delay_max_ = delay; }

  /// The gateway dies: what is not durable never will be. The power takes `tail` more transactions, as far as they
  /// were not forced to the disk. Returns how many it took. The first one of the next life is forced.
  std::size_t crash(std::size_t tail) {
    ++life_;
    waiting_.clear();
    last_commit_ = world_.now();
    sync_next_ = true;
    const std::size_t lost = std::min(tail, transactions_.size() - synced_);
    if (lost == 0) return 0;
    transactions_.resize(transactions_.size() - lost);
    memory_ = core::MemoryStore{};
    for (const std::vector<core::Record>& records : transactions_) memory_.append(records);
    return lost;
  }

 private:
  /// A transaction has one batch or more, and is there whole or not at all.
  void commit_some() {
    const std::size_t batches = world_.random().chance(80) ? 1 : waiting_.size();
    std::vector<core::Record> transaction;
    for (std::size_t i = 0; i < batches; ++i) {
      transaction.insert(transaction.end(), waiting_.front().begin(), waiting_.front().end());
      waiting_.pop_front();
    }
    memory_.append(transaction);
    transactions_.push_back(std::move(transaction));
    if (std::exchange(sync_next_, false)) synced_ = transactions_.size();
    on_durable_();
  }

  World& world_;
  std::function<void()> on_durable_;
  core::MemoryStore memory_;
  std::deque<std::vector<core::Record>> waiting_;        // batches
  std::vector<std::vector<core::Record>> transactions_;  // all that are durable
  std::size_t synced_ = 0;                               // so many of them survive the power too
  bool sync_next_ = false;
  std::uint64_t life_ = 0;
  base::Duration delay_max_ = base::microseconds(50);
  base::Instant last_commit_{};
};

}  // namespace gangway::sim
