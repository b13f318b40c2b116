// What a client asks about tasks that the cluster knows, of whatever session.
#include <algorithm>
#include <chrono>
#include <thread>
#include <type_traits>
#include <utility>

#include <gangway/client.hpp>
#include <gangway/error.hpp>

#include "client/failure.hpp"
#include "client/module.hpp"
#include "client/pending_task.hpp"
#include "client/session.hpp"
#include "wire/task_queries.hpp"

namespace gangway {

namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::steady_clock;

// A result that is not there yet is asked for again: after the first wait, then less and less often.
constexpr milliseconds ask_again_min{10};
constexpr milliseconds ask_again_max{1000};

// Rows that are asked for at a time.
constexpr std::uint32_t page_rows = 256;

static_assert(static_cast<int>(TaskState::waiting) == static_cast<int>(wire::TaskState::waiting) &&
              static_cast<int>(TaskState::dropped) == static_cast<int>(wire::TaskState::dropped));

std::int64_t unix_ms(const std::optional<TaskRecord::Time>& time) {
  if (!time) {
    return 0;
  }
  return std::max<std::int64_t>(1, std::chrono::duration_cast<milliseconds>(time->time_since_epoch()).count());
}

std::optional<TaskRecord::Time> time_of(std::int64_t unix_ms) {
  return unix_ms == 0 ? std::nullopt : std::optional{TaskRecord::Time{milliseconds{unix_ms}}};
}

TaskRecord public_record(wire::TaskRow row) {
  TaskRecord record;
  record.id = row.task;
  record.state = static_cast<TaskState>(row.state);
  record.delivered = row.delivered;
  record.label = std::move(row.label);
  record.session = row.session;
  record.session_name = std::move(row.session_name);
  if (row.has_engine) {
    record.engine = row.engine;
  }
  record.attempts = row.attempts;
  record.submitted = time_of(row.submitted_ms);
  record.started = time_of(row.started_ms);
  record.finished = time_of(row.finished_ms);
  record.ran = nanoseconds{row.run_ns};
  record.argument_bytes = row.operation_bytes;
  record.answer_bytes = row.answer_bytes;
  record.failure = std::move(row.failure);
  return record;
}

wire::TaskFilter filter_of(const TaskQuery& query) {
  wire::TaskFilter filter;
  if (query.state) {
    filter.state = static_cast<wire::TaskState>(*query.state);
  }
  filter.text = query.label;
  filter.has_engine = query.engine.has_value();
  filter.engine = query.engine.value_or(EngineId{});
  filter.session = query.session.value_or(SessionId{});
  filter.session_name = query.session_name;
  filter.since_ms = unix_ms(query.since);
  filter.until_ms = unix_ms(query.until);
  return filter;
}

template <class Answer>
Answer ask(detail::Session& session, wire::ClientMessage question) {
  wire::GatewayMessage answer = session.ask(std::move(question));
  auto* const expected = std::get_if<Answer>(&answer);
  if (expected == nullptr) {
    throw ConnectionError{"the gateway of cluster " + session.cluster() + " gave an answer of another kind"};
  }
  return std::move(*expected);
}

/// Rows of the tasks with these ids, and all else that the filter says.
std::vector<wire::TaskRow> rows_by_id(detail::Session& session, wire::TaskFilter filter,
                                      const std::vector<TaskId>& ids) {
  std::vector<wire::TaskRow> rows;
  for (std::size_t begin = 0; begin < ids.size(); begin += wire::filter_tasks_max) {
    const auto from = ids.begin() + static_cast<std::ptrdiff_t>(begin);
    const auto to = ids.begin() + static_cast<std::ptrdiff_t>(std::min(begin + wire::filter_tasks_max, ids.size()));
    filter.tasks.assign(from, to);
    auto page = ask<wire::TasksListed>(session, wire::QueryTasks{{}, filter});
    std::move(page.rows.begin(), page.rows.end(), std::back_inserter(rows));
  }
  std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.task > b.task; });
  return rows;
}

std::string name_of(const wire::TaskRow& row) {
  return "task " + std::to_string(row.task.value()) + " (" + row.label + ")";
}

[[noreturn]] void throw_failure(const wire::TaskRow& row, const wire::Failure& failure) {
  RemoteError::Details details;
  details.kind = client::public_kind(failure.kind);
  details.type = failure.type;
  details.text = failure.text;
  if (failure.kind != wire::FailureKind::refused && !(failure.attempt == 0 && failure.host.empty())) {
    details.engine = failure.engine;
    details.host = failure.host;
  }
  details.attempt = failure.attempt;
  details.task = row.task;
  details.label = row.label;
  details.story = failure.story;
  throw RemoteError{std::move(details)};
}

/// `gives`: how the signature of a function may begin; empty: any will do.
void require_type(const std::string& task, const std::string& signature, const std::vector<std::string>& gives,
                  bool is_known) {
  if (gives.empty() || !is_known) {
    return;
  }
  const bool fits =
      std::any_of(gives.begin(), gives.end(), [&](const std::string& start) { return signature.starts_with(start); });
  if (!fits) {
    throw Error{"what " + task + " gives is not of the type that is asked for" +
                (signature.empty() ? ": it calls no function" : "; of a map, a task is a chunk, not a result") +
                "; `gangway result` has the bytes as they are"};
  }
}

std::string why_not_forgotten(const wire::TaskRow& row) {
  const std::string task = name_of(row);
  if (row.state == wire::TaskState::waiting || row.state == wire::TaskState::running) {
    return task + " is " + text_of(static_cast<TaskState>(row.state)) + ": only what is done can be forgotten";
  }
  if (row.delivered) {
    return task + " has a key, or is a part of a task that is not done: it is kept for its session, until that ends";
  }
  return task + " has an answer that its client has not taken yet: it is kept for that";
}

}  // namespace

std::vector<TaskRecord> Client::tasks(const TaskQuery& query) const {
  wire::TaskFilter filter = filter_of(query);
  std::vector<TaskRecord> records;
  const auto take = [&](std::vector<wire::TaskRow> rows) {
    for (wire::TaskRow& row : rows) {
      if (records.size() < query.limit) records.push_back(public_record(std::move(row)));
    }
  };
  if (!query.ids.empty()) {
    take(rows_by_id(*session_, filter, query.ids));
    return records;
  }
  while (records.size() < query.limit) {
    filter.rows_max = static_cast<std::uint32_t>(std::min<std::size_t>(page_rows, query.limit - records.size()));
    auto page = ask<wire::TasksListed>(*session_, wire::QueryTasks{{}, filter});
    take(std::move(page.rows));
    if (page.next == TaskId{}) break;
    filter.below = page.next;
  }
  return records;
}

std::vector<std::byte> Client::stored_result(TaskId task, nanoseconds wait_max,
                                             const std::vector<std::string>& gives) const {
  const auto begin = steady_clock::now();
  milliseconds wait = ask_again_min;
  for (;;) {
    const auto fetched = ask<wire::ResultFetched>(*session_, wire::FetchResult{{}, task});
    const std::string name = name_of(fetched.row);
    if (fetched.row.state == wire::TaskState::dropped) {
      throw Error{name + " has no result: its session ended, or expired, before it was answered"};
    }
    if (fetched.row.state == wire::TaskState::failed) {
      throw_failure(fetched.row, std::get<wire::Failure>(fetched.outcome));
    }
    if (fetched.row.state == wire::TaskState::succeeded) {
      require_type(name, fetched.signature, gives, !fetched.signature.empty());
      const base::ByteView bytes = std::get<base::SharedBytes>(fetched.outcome).view();
      return {bytes.begin(), bytes.end()};
    }
    const nanoseconds passed = steady_clock::now() - begin;
    if (passed >= wait_max) {
      throw Error{name + " has no result yet: it is " + text_of(static_cast<TaskState>(fetched.row.state))};
    }
    std::this_thread::sleep_for(std::min<nanoseconds>(wait, wait_max - passed));
    wait = std::min(2 * wait, ask_again_max);
  }
}

detail::TaskHandle Client::submit_again(TaskId task, const std::vector<std::string>& gives) const {
  auto stored = ask<wire::OperationFetched>(*session_, wire::FetchOperation{{}, task});
  const std::string name = "task " + std::to_string(task.value()) + " (" + stored.label + ")";
  require_type(name, stored.signature, gives, true);
  if (stored.operation.size() == 0) {
    throw Error{name + " cannot be submitted again: its arguments are lost"};
  }
  client::Submission submission;
  submission.label = stored.label;
  submission.needs = std::move(stored.needs);
  submission.operation = stored.operation;
  submission.policy = stored.policy;
  submission.engines = std::move(stored.engines);
  if (stored.module != wire::ModuleHash{}) {
    // The cluster has it, or nobody here: it came with another program.
    submission.module = std::make_shared<client::Module>(client::Module{stored.module, "of " + name, {}});
  }
  auto pending = std::make_shared<detail::PendingTask>(submission.label, session_->continuations());
  submission.task = pending;
  submission.first_part = pending->add_parts(1, 1);
  pending->seal();
  session_->submit(std::move(submission));
  return detail::TaskHandle{std::move(pending)};
}

void Client::forget(const std::vector<TaskId>& tasks) const {
  for (const wire::TaskRow& row : rows_by_id(*session_, {}, tasks)) {
    if (row.live) {
      throw Error{why_not_forgotten(row)};
    }
  }
  for (std::size_t begin = 0; begin < tasks.size(); begin += wire::filter_tasks_max) {
    const auto from = tasks.begin() + static_cast<std::ptrdiff_t>(begin);
    const auto to =
        tasks.begin() + static_cast<std::ptrdiff_t>(std::min(begin + wire::filter_tasks_max, tasks.size()));
    ask<wire::TasksForgotten>(*session_, wire::ForgetTasks{{}, {from, to}, false});
  }
}

void Client::forget_history() const {
  ask<wire::TasksForgotten>(*session_, wire::ForgetTasks{{}, {}, true});
}

}  // namespace gangway
