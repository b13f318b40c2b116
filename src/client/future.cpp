// The handles that Futures are made of: thin, the state is in PendingTask.
#include <gangway/future.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

#include "client/pending_task.hpp"

namespace gangway::detail {

namespace {

// Longer than anybody waits, and far from the end of the clock.
constexpr std::chrono::hours wait_max{24 * 365};

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

Progress TaskHandle::wait_for_progress(Progress seen, std::chrono::duration<double> duration) const {
  const auto bounded = std::min<std::chrono::duration<double>>(duration, wait_max);
  return task_->wait_for_progress(
      seen, std::chrono::steady_clock::now() + std::chrono::ceil<std::chrono::steady_clock::duration>(bounded));
}

void TaskHandle::require_success() const {
  task_->wait();
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
