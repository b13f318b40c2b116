#include "journal/task_lookups.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "journal/schema.hpp"
#include "journal/spooled_rows.hpp"
#include "journal/stored_fields.hpp"
#include "journal/stored_task.hpp"

namespace gangway::journal {

namespace {

// The gateway's loop waits meanwhile: about two milliseconds.
constexpr std::size_t rows_looked_at_max = 1000;
// Labels and failures may be long, and a page is one message.
constexpr std::uint32_t rows_given_max = 256;

/// The columns of select_rows().
struct RowColumn {
  enum : int {
    id,
    session,
    session_name,
    label,
    target,
    state,
    live,
    attempts,
    engine,
    accepted_ms,
    submitted_ns,
    handed_ns,
    finished_ns,
    run_ns,
    operation_bytes,
    answer_bytes,
    failure
  };
};

std::string select_rows(const char* which) {
  return std::string{
             "SELECT t.id, t.session, s.name, t.label, t.target, t.state, t.live, t.attempts, t.engine, "
             "t.accepted_ms, t.submitted_ns, t.handed_ns, t.finished_ns, t.run_ns, t.operation_bytes, "
             "t.answer_bytes, t.failure FROM tasks t LEFT JOIN sessions s ON s.id = t.session WHERE "} +
         which;
}

wire::TaskState state_in(const Statement& row) {
  switch (static_cast<StoredState>(row.integer(RowColumn::state))) {
    case StoredState::waiting:
      return wire::TaskState::waiting;
    case StoredState::running:
      return wire::TaskState::running;
    case StoredState::dropped:
      return wire::TaskState::dropped;
    default:
      return row.is_null(RowColumn::failure) ? wire::TaskState::succeeded : wire::TaskState::failed;
  }
}

/// When something happened, in milliseconds since 1970. Of the gateway's own clock only differences count.
std::int64_t time_of(const Statement& row, int column) {
  constexpr std::int64_t ms = 1'000'000;
  if (row.is_null(column)) return 0;
  const std::int64_t passed_ns = row.integer(column) - row.integer(RowColumn::submitted_ns);
  return row.integer(RowColumn::accepted_ms) + std::max<std::int64_t>(0, passed_ns) / ms;
}

wire::TaskRow row_in(const Statement& row) {
  wire::TaskRow task;
  task.task = row.id<TaskId>(RowColumn::id);
  task.state = state_in(row);
  const auto stored = static_cast<StoredState>(row.integer(RowColumn::state));
  task.delivered = stored == StoredState::forgotten || stored == StoredState::kept;
  task.live = !row.is_null(RowColumn::live);
  task.session = row.id<SessionId>(RowColumn::session);
  if (!row.is_null(RowColumn::session_name)) task.session_name = row.text(RowColumn::session_name);
  task.label = row.text(RowColumn::label);
  task.attempts = static_cast<std::uint32_t>(row.integer(RowColumn::attempts));
  const bool has_run = task.attempts > 0 && !row.is_null(RowColumn::engine);
  task.has_engine = has_run || !row.is_null(RowColumn::target);
  if (task.has_engine) task.engine = row.id<EngineId>(has_run ? RowColumn::engine : RowColumn::target);
  task.submitted_ms = row.integer(RowColumn::accepted_ms);
  if (has_run) task.started_ms = time_of(row, RowColumn::handed_ns);
  task.finished_ms = time_of(row, RowColumn::finished_ns);
  task.run_ns = row.integer(RowColumn::run_ns);
  task.operation_bytes = static_cast<std::uint64_t>(row.integer(RowColumn::operation_bytes));
  task.answer_bytes = static_cast<std::uint64_t>(row.integer(RowColumn::answer_bytes));
  return task;
}

wire::Failure failure_in(const Statement& row, int column, TaskId task) {
  auto failure = decode_column<wire::Failure>(row.bytes(column));
  if (!failure) throw damaged_task(task, failure.fault().text);
  return std::move(failure).value();
}

void add_if_wanted(const Statement& row, const wire::TaskFilter& filter, core::TaskPage& page) {
  wire::TaskRow task = row_in(row);
  if (!core::matches(filter, task)) return;
  if (!row.is_null(RowColumn::failure))
    task.failure = core::short_text(failure_in(row, RowColumn::failure, task.task));
  page.rows.push_back(std::move(task));
}

}  // namespace

TaskLookups::TaskLookups(const Database& database, const Spool& spool)
    : spool_{spool},
      newest_{database, select_rows("t.id < ? ORDER BY t.id DESC").c_str()},
      one_{database, select_rows("t.id = ?").c_str()},
      outcome_{database,
               "SELECT t.failure, r.bytes FROM tasks t LEFT JOIN results r ON r.task = t.id WHERE t.id = ? AND "
               "t.state IN (?, ?, ?)"},
      operation_{database,
                 "SELECT o.bytes, o.spooled, o.size, t.label, t.needs, t.module, t.policy, t.target FROM tasks t "
                 "JOIN operations o ON o.first = t.first WHERE t.id = ?"} {}

core::TaskPage TaskLookups::tasks(const wire::TaskFilter& filter) {
  core::TaskPage page;
  if (!filter.tasks.empty()) {
    for (const TaskId task : filter.tasks) {
      one_.start(task);
      while (one_.next()) add_if_wanted(one_, filter, page);
    }
    return page;
  }
  constexpr auto highest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  const std::uint32_t rows_max = std::min(filter.rows_max, rows_given_max);
  std::size_t looked_at = 0;
  newest_.start(filter.below == TaskId{} ? highest : std::min(filter.below.value(), highest));
  while (newest_.next()) {
    add_if_wanted(newest_, filter, page);
    if (++looked_at < rows_looked_at_max && page.rows.size() < rows_max) continue;
    page.next = newest_.id<TaskId>(RowColumn::id);
    newest_.stop();
    break;
  }
  return page;
}

std::optional<wire::Outcome> TaskLookups::outcome(TaskId task) {
  std::optional<wire::Outcome> outcome;
  outcome_.start(task, StoredState::settled, StoredState::forgotten, StoredState::kept);
  while (outcome_.next()) {
    if (!outcome_.is_null(0)) {
      outcome = failure_in(outcome_, 0, task);
    } else if (!outcome_.is_null(1)) {
      outcome = outcome_.bytes(1);
    } else {
      throw damaged_task(task, "its answer is missing");
    }
  }
  return outcome;
}

std::optional<core::StoredOperation> TaskLookups::operation(TaskId task) {
  std::optional<core::StoredOperation> found;
  operation_.start(task);
  while (operation_.next()) {
    core::StoredOperation& stored = found.emplace();
    stored.operation = operation_in(operation_, 0, spool_);
    stored.label = operation_.text(3);
    const auto decode = [&](int column, auto& value) {
      if (operation_.is_null(column)) return;
      auto decoded = decode_column<std::decay_t<decltype(value)>>(operation_.bytes(column));
      if (!decoded) throw damaged_task(task, decoded.fault().text);
      value = std::move(decoded).value();
    };
    decode(4, stored.needs);
    if (!operation_.is_null(5)) stored.module = stored_hash(operation_, 5);
    decode(6, stored.policy);
    if (!operation_.is_null(7)) stored.target = operation_.id<EngineId>(7);
  }
  return found;
}

}  // namespace gangway::journal
