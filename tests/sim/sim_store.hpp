// A store whose commits take their time, over the twin in memory.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "core/store.hpp"
#include "sim/world.hpp"

namespace gangway::sim {

class SimStore final : public core::Store {
 public:
  /// `on_durable` is called whenever durable_number() has risen.
  SimStore(World& world, std::function<void()> on_durable) : world_{world}, on_durable_{std::move(on_durable)} {}

  void append(std::span<const core::Record> batch) override {
    if (batch.empty()) return;
    const base::Duration commit = world_.random().span(base::microseconds(10), delay_max_);
    last_commit_ = std::max(last_commit_, world_.now() + commit);
    world_.at(last_commit_, [this, records = std::vector(batch.begin(), batch.end())] {
      memory_.append(records);
      on_durable_();
    });
  }
  [[nodiscard]] std::uint64_t durable_number() const override { return memory_.durable_number(); }
  void replay(const std::function<void(const core::Record&)>& visit) const override { memory_.replay(visit); }

  [[nodiscard]] std::optional<core::TaskSettled> answer(TaskId task) const override { return memory_.answer(task); }

  void set_delay_max(base::Duration delay) { delay_max_ = delay; }

 private:
  World& world_;
  std::function<void()> on_durable_;
  core::MemoryStore memory_;
  base::Duration delay_max_ = base::microseconds(50);
  base::Instant last_commit_{};
};

}  // namespace gangway::sim
