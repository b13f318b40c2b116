#include "client/pending_task.hpp"

#include <stdexcept>
#include <utility>

#include "base/check.hpp"
#include "client/failure.hpp"

namespace gangway::detail {

std::uint32_t PendingTask::add_parts(std::uint32_t count, std::size_t elements) {
  const std::lock_guard lock{mutex_};
  GANGWAY_CHECK(!sealed_, "a part is added to an operation that was already handed to the user");
  const auto first = static_cast<std::uint32_t>(parts_.size());
  for (std::uint32_t i = 0; i < count; ++i) {
    Part part;
    part.first_element = elements_before_ + elements_;
    part.elements = elements;
    parts_.push_back(std::move(part));
    elements_ += elements;
  }
  return first;
}

void PendingTask::count_elements(std::size_t first, std::string title) {
  const std::lock_guard lock{mutex_};
  elements_before_ = first;
  counting_ = std::make_unique<Counting>();
  counting_->title = std::move(title);
  counting_->meter.start(std::chrono::steady_clock::now());
}

void PendingTask::seal() {
  std::unique_lock lock{mutex_};
  sealed_ = true;
  run_callbacks(std::move(lock));
}

void PendingTask::submitted(std::uint32_t first_part, std::uint32_t count, wire::RequestId request) {
  const std::lock_guard lock{mutex_};
  for (std::uint32_t part = 0; part < count; ++part) {
    Part& sent = parts_.at(first_part + part);
    sent.request = request;
    sent.part = part;
    if (sent.state == PartState::waiting) {
      sent.id = TaskId{};  // it will have another one
    }
  }
}

PendingTask::Ends PendingTask::ends() const {
  const std::lock_guard lock{mutex_};
  Ends ends;
  const bool has_id = !parts_.empty() && parts_.front().id != TaskId{};
  ends.name = has_id ? "task " + std::to_string(parts_.front().id.value()) + " (" + label_ + ")" : label_;
  for (const Part& part : parts_) {
    if (part.state == PartState::waiting) {
      ends.open.push_back({part.id, part.request, part.part});
    } else if (part.state != PartState::succeeded) {
      ++ends.failed;
    }
  }
  return ends;
}

bool PendingTask::is_of(const std::shared_ptr<client::Continuations>& continuations) const {
  const std::lock_guard lock{mutex_};
  return continuations_ == continuations && !parts_.empty();
}

void PendingTask::accepted(std::uint32_t part, TaskId id) {
  const std::lock_guard lock{mutex_};
  parts_.at(part).id = id;
  if (waiting_for_id_ > 0) {
    changed_.notify_all();  // others would wake for nothing
  }
}

void PendingTask::finished(std::uint32_t part, const wire::TaskFinished& message,
                           std::shared_ptr<const std::string> host) {
  std::unique_lock lock{mutex_};
  Part& finished = parts_.at(part);
  finished.id = message.task;
  finished.run = message.run;
  finished.host = std::move(host);
  if (const auto* failure = std::get_if<wire::Failure>(&message.outcome)) {
    finished.failure = std::make_unique<wire::Failure>(*failure);
    finish_locked(part, PartState::failed);
  } else {
    finished.result = std::get<base::SharedBytes>(message.outcome);
    finish_locked(part, PartState::succeeded);
  }
  run_callbacks(std::move(lock));
}

void PendingTask::refused(std::uint32_t first_part, std::uint32_t count, wire::FailureKind kind,
                          const std::string& reason) {
  std::unique_lock lock{mutex_};
  for (std::uint32_t part = first_part; part < first_part + count; ++part) {
    wire::Failure failure;
    failure.kind = kind;
    failure.type = kind == wire::FailureKind::refused ? "refused" : "not run";
    failure.text = reason;
    parts_.at(part).failure = std::make_unique<wire::Failure>(std::move(failure));
    finish_locked(part, PartState::failed);
  }
  run_callbacks(std::move(lock));
}

void PendingTask::lost(std::uint32_t first_part, std::uint32_t count, std::shared_ptr<const std::string> reason) {
  std::unique_lock lock{mutex_};
  lost_reason_ = std::move(reason);
  for (std::uint32_t part = first_part; part < first_part + count; ++part) {
    if (parts_.at(part).state == PartState::waiting) {
      finish_locked(part, PartState::lost);
    }
  }
  run_callbacks(std::move(lock));
}

void PendingTask::finish_locked(std::uint32_t part, PartState state) {
  Part& finished = parts_[part];
  GANGWAY_CHECK(finished.state == PartState::waiting, "the session reports each part of a task once");
  finished.state = state;
  finish_order_.push_back(part);
  elements_finished_ += finished.elements;
  if (counting_) {
    counting_->meter.add(std::chrono::steady_clock::now(), elements_finished_);
  }
}

std::size_t PendingTask::parts() const {
  const std::lock_guard lock{mutex_};
  return parts_.size();
}

bool PendingTask::ready() const {
  const std::lock_guard lock{mutex_};
  return ready_locked();
}

void PendingTask::wait() const {
  finish_put_off();
  std::unique_lock lock{mutex_};
  require_wait_can_end_locked();
  changed_.wait(lock, [this] { return ready_locked(); });
}

bool PendingTask::wait_until(std::chrono::steady_clock::time_point deadline) const {
  finish_put_off();
  std::unique_lock lock{mutex_};
  return changed_.wait_until(lock, deadline, [this] { return ready_locked(); });
}

TaskId PendingTask::wait_for_id() const {
  std::unique_lock lock{mutex_};
  if (parts_.empty()) {
    throw Error{label_ + (counting_ ? " has no task: it was a map over an empty range"
                                    : " has no task: this process makes its value itself")};
  }
  const Part& first = parts_.front();
  ++waiting_for_id_;
  changed_.wait(lock, [&first] { return first.id != TaskId{} || first.state != PartState::waiting; });
  --waiting_for_id_;
  if (first.id == TaskId{}) {
    lock.unlock();
    const std::optional<RemoteError> error = failure(0);
    GANGWAY_CHECK(error.has_value(), "a part that succeeded has an id");
    throw *error;
  }
  return first.id;
}

TaskInfo PendingTask::info(std::size_t part) const {
  const std::lock_guard lock{mutex_};
  if (part >= parts_.size()) {
    throw std::out_of_range{label_ + " has " + std::to_string(parts_.size()) + " parts, there is no part " +
                            std::to_string(part)};
  }
  const Part& known = parts_[part];
  const wire::RunInfo& run = known.run;
  TaskInfo info;
  info.id = known.id;
  info.engine = run.engine;
  info.host = known.host ? *known.host : std::string{};
  info.attempts = run.attempt;
  info.waited = std::chrono::nanoseconds{run.handed_ns - run.submitted_ns};
  info.ran = std::chrono::nanoseconds{run.run_ns};
  info.total = std::chrono::nanoseconds{run.finished_ns - run.submitted_ns};
  return info;
}

Progress PendingTask::progress() const {
  const std::lock_guard lock{mutex_};
  return progress_locked();
}

Progress PendingTask::wait_for_progress(std::size_t seen, std::chrono::steady_clock::time_point deadline) const {
  std::unique_lock lock{mutex_};
  (void)changed_.wait_until(lock, deadline, [&] { return elements_finished_ > seen || ready_locked(); });
  return progress_locked();
}

Progress PendingTask::progress_locked() const {
  Progress progress;
  progress.done = elements_finished_;
  progress.total = elements_;
  if (counting_) {
    progress.label = counting_->title;
    progress.per_second = counting_->meter.per_second(std::chrono::steady_clock::now());
  }
  if (progress.per_second > 0) {
    progress.left =
        std::chrono::duration<double>{static_cast<double>(elements_ - elements_finished_) / progress.per_second};
  }
  return progress;
}

std::size_t PendingTask::wait_for_nth(std::size_t nth) const {
  std::unique_lock lock{mutex_};
  GANGWAY_CHECK(nth < parts_.size(), "more parts are waited for than there are");
  changed_.wait(lock, [&] { return finish_order_.size() > nth; });
  return finish_order_[nth];
}

std::size_t PendingTask::first_element(std::size_t part) const {
  const std::lock_guard lock{mutex_};
  return parts_.at(part).first_element;
}

const PendingTask::Part& PendingTask::finished_part_locked(std::size_t part) const {
  const Part& finished = parts_.at(part);
  GANGWAY_CHECK(finished.state != PartState::waiting, "the result of a part that has not finished was asked for");
  return finished;
}

base::SharedBytes PendingTask::result(std::size_t part) const {
  const std::lock_guard lock{mutex_};
  const Part& finished = finished_part_locked(part);
  GANGWAY_CHECK(finished.state == PartState::succeeded, "the result of a part that failed was asked for");
  return finished.result;
}

std::optional<std::size_t> PendingTask::result_bytes(std::size_t part) const {
  const std::lock_guard lock{mutex_};
  const Part& finished = finished_part_locked(part);
  return finished.state == PartState::succeeded ? std::optional{finished.result.size()} : std::nullopt;
}

std::optional<RemoteError> PendingTask::failure(std::size_t part) const {
  RemoteError::Details known = details(part);
  const std::lock_guard lock{mutex_};
  const Part& finished = finished_part_locked(part);
  if (finished.state == PartState::succeeded) {
    return std::nullopt;
  }
  if (finished.state == PartState::lost) {
    throw ConnectionError{*lost_reason_};
  }
  const wire::Failure& failure = *finished.failure;
  known.kind = client::public_kind(failure.kind);
  known.type = failure.type;
  known.text = failure.text;
  known.attempt = failure.attempt;
  known.story = failure.story;
  if (failure.kind == wire::FailureKind::refused || (failure.attempt == 0 && failure.host.empty())) {
    known.engine.reset();
    known.host.clear();
  } else {
    known.engine = failure.engine;
    known.host = failure.host;
  }
  return RemoteError{std::move(known)};
}

RemoteError::Details PendingTask::details(std::size_t part) const {
  const std::lock_guard lock{mutex_};
  const Part& finished = finished_part_locked(part);
  RemoteError::Details known;
  known.engine = finished.run.engine;
  known.host = finished.host ? *finished.host : std::string{};
  known.attempt = finished.run.attempt;
  known.task = finished.id;
  known.label = label_;
  if (counting_) {
    known.index = finished.first_element;
    known.elements = finished.elements;
  }
  return known;
}

}  // namespace gangway::detail
