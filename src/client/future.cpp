// The handles that Futures are made of: thin, the state is in PendingTask.
#include <gangway/future.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <gangway/when.hpp>

#include "client/pending_task.hpp"

namespace gangway::detail {

namespace {

// Longer than anybody waits, and far from the end of the clock.
constexpr std::chrono::hours wait_max{24 * 365};

/// Of the Futures of one when_any().
struct Race {
  explicit Race(TaskHandle settled_by_first) : made{std::move(settled_by_first)} {}

  void end(std::size_t first) {
    if (!is_over.exchange(true)) {
      // Those that lost may keep this for a while, but nothing of what hangs on it.
      const TaskHandle settled = *std::exchange(made, std::nullopt);
      settled.settle(std::make_shared<const std::size_t>(first));
    }
  }

  std::atomic<bool> is_over = false;
  std::optional<TaskHandle> made;
};

}  // namespace

std::size_t TaskHandle::parts() const {
  return task_->parts();
}
bool TaskHandle::ready() const {
  return task_->ready();
}
void TaskHandle::wait() const {
  task_->wait();
}
TaskId TaskHandle::id() const {
  return task_->wait_for_id();
}
TaskInfo TaskHandle::info(std::size_t part) const {
  return task_->info(part);
}
Progress TaskHandle::progress() const {
  return task_->progress();
}
std::span<const std::byte> TaskHandle::result(std::size_t part) const {
  return task_->result(part).view();
}
std::size_t TaskHandle::wait_for_nth(std::size_t nth) const {
  return task_->wait_for_nth(nth);
}
std::size_t TaskHandle::first_element(std::size_t part) const {
  return task_->first_element(part);
}
std::optional<RemoteError> TaskHandle::failure(std::size_t part) const {
  return task_->failure(part);
}
RemoteError::Details TaskHandle::details(std::size_t part) const {
  return task_->details(part);
}

bool TaskHandle::wait_for(std::chrono::duration<double> duration) const {
  const auto bounded = std::min<std::chrono::duration<double>>(duration, wait_max);
  return task_->wait_until(std::chrono::steady_clock::now() +
                           std::chrono::ceil<std::chrono::steady_clock::duration>(bounded));
}

Progress TaskHandle::wait_for_progress(std::size_t seen, std::chrono::duration<double> duration) const {
  const auto bounded = std::min<std::chrono::duration<double>>(duration, wait_max);
  return task_->wait_for_progress(
      seen, std::chrono::steady_clock::now() + std::chrono::ceil<std::chrono::steady_clock::duration>(bounded));
}

void TaskHandle::when_ready(CallbackPlace place, std::function<void()> callback) const {
  task_->when_ready(place, std::move(callback));
}

TaskHandle TaskHandle::of_this_process() {
  return TaskHandle{std::make_shared<PendingTask>("a local Future")};
}
TaskHandle TaskHandle::relay() {
  auto task = std::make_shared<PendingTask>("a local Future");
  task->become_relay();
  return TaskHandle{std::move(task)};
}
void TaskHandle::take_over(const TaskHandle& inner, std::shared_ptr<const void> future) const {
  task_->take_over(inner.task_, std::move(future));
}
void TaskHandle::continue_like(const TaskHandle& other, bool made_by_continuation) const {
  task_->continue_like(*other.task_, made_by_continuation);
}
bool TaskHandle::is_made_by_continuation() const {
  return task_->is_made_by_continuation();
}
void TaskHandle::settle(std::shared_ptr<const void> value, std::exception_ptr error) const {
  task_->settle(std::move(value), std::move(error));
}
std::shared_ptr<const void> TaskHandle::local_value() const {
  return task_->local_value();
}

TaskHandle after_first(const std::vector<TaskHandle>& tasks) {
  if (tasks.empty()) {
    throw Error{"when_any() needs at least one Future"};
  }
  TaskHandle made = TaskHandle::of_this_process();
  for (const TaskHandle& task : tasks) {
    made.continue_like(task, task.is_made_by_continuation());
  }
  const auto race = std::make_shared<Race>(made);
  const std::shared_ptr<const std::atomic<bool>> is_over{race, &race->is_over};
  for (std::size_t index = 0; index < tasks.size() && !*is_over; ++index) {
    tasks[index].pending().when_ready(
        CallbackPlace::anywhere, [race, index] { race->end(index); }, is_over);
  }
  return made;
}

void TaskHandle::require_success() const {
  task_->wait();
  task_->require_local_success();
  FailureList failures;
  for (std::size_t part = 0; part < task_->parts(); ++part) {
    if (auto error = task_->failure(part)) {
      failures.add(*std::move(error));
    }
  }
  failures.throw_if_any(task_->parts());
}

void FailureList::add(RemoteError error) {
  failed_ += error.elements();
  if (errors_.size() < CompositeError::errors_max) {
    errors_.push_back(std::move(error));
  }
}

void FailureList::throw_if_any(std::size_t parts) {
  if (errors_.empty()) {
    return;
  }
  if (errors_.size() == 1) {
    throw RemoteError{errors_.front()};
  }
  throw CompositeError{std::move(errors_), failed_, parts};
}

}  // namespace gangway::detail
