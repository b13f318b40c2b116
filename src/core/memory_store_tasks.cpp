// What the store in memory tells about its tasks.
#include <algorithm>
#include <iterator>
#include <limits>
#include <variant>

#include "core/store.hpp"

namespace gangway::core {

namespace {

constexpr std::size_t rows_looked_at_max = 1000;

}  // namespace

bool matches(const wire::TaskFilter& filter, const wire::TaskRow& row) {
  return (filter.state == wire::TaskState::any || filter.state == row.state) &&
         (!filter.has_engine || (row.has_engine && row.engine == filter.engine)) &&
         (filter.session == SessionId{} || filter.session == row.session) &&
         (filter.session_name.empty() || filter.session_name == row.session_name) &&
         (filter.since_ms == 0 || row.submitted_ms >= filter.since_ms) &&
         (filter.until_ms == 0 || row.submitted_ms <= filter.until_ms) &&
         (filter.below == TaskId{} || row.task < filter.below) &&
         (filter.tasks.empty() ||
          std::find(filter.tasks.begin(), filter.tasks.end(), row.task) != filter.tasks.end()) &&
         row.label.find(filter.text) != std::string::npos;
}

std::string short_text(const wire::Failure& failure) {
  constexpr std::size_t bytes_max = 500;
  std::string text = failure.type + ": " + failure.text.substr(0, bytes_max);
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

TaskPage MemoryStore::tasks(const wire::TaskFilter& filter) const {
  TaskPage page;
  std::size_t looked_at = 0;
  const TaskId below = filter.below == TaskId{} ? TaskId{std::numeric_limits<std::uint64_t>::max()} : filter.below;
  for (auto entry = std::make_reverse_iterator(tasks_.lower_bound(below)); entry != tasks_.rend(); ++entry) {
    const auto& accepted = std::get<TaskAccepted>(records_.at(entry->second.accepted).fact);
    for (std::uint64_t part = parts_of(accepted); part-- > 0;) {
      const TaskId task{accepted.first_task.value() + part};
      if (task >= below) continue;
      if (page.rows.size() >= filter.rows_max || looked_at++ == rows_looked_at_max) {
        page.next = TaskId{task.value() + 1};
        return page;
      }
      wire::TaskRow row = row_of(entry->second, task);
      if (matches(filter, row)) page.rows.push_back(std::move(row));
    }
  }
  return page;
}

wire::TaskRow MemoryStore::row_of(const Entry& entry, TaskId task) const {
  const auto& accepted = std::get<TaskAccepted>(records_.at(entry.accepted).fact);
  wire::TaskRow row;
  row.task = task;
  row.live = true;
  row.session = entry.session;
  const auto session = sessions_.find(entry.session);
  if (session != sessions_.end()) {
    if (const auto opened = records_.find(session->second.opened); opened != records_.end()) {
      row.session_name = std::get<SessionOpened>(opened->second.fact).name;
    }
  }
  row.label = accepted.label;
  row.operation_bytes = accepted.operation.size();
  row.has_engine = !accepted.engines.empty();
  if (row.has_engine) row.engine = accepted.engines[task.value() - accepted.first_task.value()];
  const auto records = entry.part_records.find(task);
  if (records == entry.part_records.end()) return row;
  for (const std::uint64_t number : records->second) {
    const Fact& fact = records_.at(number).fact;
    if (const auto* started = std::get_if<AttemptStarted>(&fact)) {
      row.state = wire::TaskState::running;
      row.has_engine = true;
      row.engine = started->engine;
      row.attempts = started->attempt.attempt;
    } else if (const auto* settled = std::get_if<TaskSettled>(&fact)) {
      const auto* failure = std::get_if<wire::Failure>(&settled->outcome);
      row.state = failure == nullptr ? wire::TaskState::succeeded : wire::TaskState::failed;
      row.attempts = settled->run.attempt;
      row.has_engine = row.has_engine || row.attempts > 0;
      if (row.attempts > 0) row.engine = settled->run.engine;
      row.run_ns = settled->run.run_ns;
      if (failure != nullptr) row.failure = short_text(*failure);
      if (failure == nullptr) row.answer_bytes = std::get<base::SharedBytes>(settled->outcome).size();
    } else if (std::holds_alternative<TaskForgotten>(fact)) {
      row.delivered = true;
    } else {
      row.state = wire::TaskState::waiting;  // it was given back
    }
  }
  return row;
}

std::optional<wire::Outcome> MemoryStore::outcome(TaskId task) const {
  std::optional<TaskSettled> settled = answer(task);
  return settled ? std::optional{std::move(settled->outcome)} : std::nullopt;
}

std::optional<StoredOperation> MemoryStore::operation(TaskId task) const {
  const Entry* const entry = find(task);
  if (entry == nullptr) return std::nullopt;
  const auto& accepted = std::get<TaskAccepted>(records_.at(entry->accepted).fact);
  std::optional<EngineId> target;
  if (!accepted.engines.empty()) target = accepted.engines[task.value() - accepted.first_task.value()];
  return StoredOperation{accepted.label,  accepted.needs, accepted.module,
                         accepted.policy, target,         accepted.operation};
}

}  // namespace gangway::core
