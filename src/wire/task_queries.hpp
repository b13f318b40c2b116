// What clients ask about tasks that the gateway's store knows, also when they are done. Part of the protocol, see
// wire/protocol.hpp.
//
//   client                          gateway
//   QueryTasks               ->
//                            <-     TasksListed      some of them, newest first, and where to go on
//   FetchResult              ->
//                            <-     ResultFetched    what is known of the task, its answer if it has one
//   FetchOperation           ->
//                            <-     OperationFetched what was submitted, to be submitted again
//   ForgetTasks              ->
//                            <-     TasksForgotten
// They are answered in the order in which they were asked, but behind other messages. A gateway looks at some
// thousand tasks for one QueryTasks: the answer may be empty and say where to go on all the same. Refused tells that
// there never was such a task, that it is not kept any more, or that too many questions of the connection wait.
#pragma once

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include <gangway/ids.hpp>

#include "base/bytes.hpp"
#include "wire/failure.hpp"
#include "wire/operation.hpp"
#include "wire/submission.hpp"

namespace gangway::wire {

/// What has become of a task, for people.
enum class TaskState : std::uint8_t {
  any = 0,        // only in a filter
  waiting = 1,    // also for others to end
  running = 2,    // an engine has it
  succeeded = 3,  // it has a result
  failed = 4,
  dropped = 5,  // its session ended before it was answered
};

/// One part of a task, as a row of the store.
struct TaskRow {
  TaskId task;
  TaskState state = TaskState::waiting;
  bool delivered = false;  // its client has acknowledged the answer
  bool live = false;       // not of the history
  SessionId session;
  std::string session_name;  // while the session is there; empty: none
  std::string label;
  bool has_engine = false;
  EngineId engine;  // that had it last, or that it is for
  std::uint32_t attempts = 0;
  // Milliseconds since 1970; 0: it has not come to that, or the store does not know.
  std::int64_t submitted_ms = 0;
  std::int64_t started_ms = 0;
  std::int64_t finished_ms = 0;
  std::int64_t run_ns = 0;
  std::uint64_t operation_bytes = 0;
  std::uint64_t answer_bytes = 0;
  std::string failure;  // in short

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.task, m.state, m.delivered, m.live, m.session, m.session_name, m.label, m.has_engine, m.engine,
                    m.attempts, m.submitted_ms, m.started_ms, m.finished_ms, m.run_ns, m.operation_bytes,
                    m.answer_bytes, m.failure);
  }
  friend bool operator==(const TaskRow&, const TaskRow&) = default;
};

/// Which tasks: all conditions must hold.
struct TaskFilter {
  TaskState state = TaskState::any;
  std::string text;  // a part of the label; empty: any
  bool has_engine = false;
  EngineId engine;           // if it has one
  SessionId session;         // 0: any
  std::string session_name;  // of a session that is there; empty: any
  // Submitted in this time, milliseconds since 1970; 0: without a bound.
  std::int64_t since_ms = 0;
  std::int64_t until_ms = 0;
  std::vector<TaskId> tasks;    // at most filter_tasks_max; empty: any
  TaskId below;                 // only ids below; 0: any
  std::uint32_t rows_max = 64;  // a gateway may give less

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.state, m.text, m.has_engine, m.engine, m.session, m.session_name, m.since_ms, m.until_ms,
                    m.tasks, m.below, m.rows_max);
  }
  friend bool operator==(const TaskFilter&, const TaskFilter&) = default;
};
inline constexpr std::size_t filter_tasks_max = 256;

struct QueryTasks {
  RequestId request;
  TaskFilter filter;

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.request, m.filter);
  }
  friend bool operator==(const QueryTasks&, const QueryTasks&) = default;
};

struct TasksListed {
  RequestId request;
  std::vector<TaskRow> rows;
  TaskId next;  // the next page's `below`; 0: these were all

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.request, m.rows, m.next);
  }
  friend bool operator==(const TasksListed&, const TasksListed&) = default;
};

struct FetchResult {
  RequestId request;
  TaskId task;

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.request, m.task);
  }
  friend bool operator==(const FetchResult&, const FetchResult&) = default;
};

struct ResultFetched {
  RequestId request;
  TaskRow row;
  std::string signature;  // of the function that was called (FunctionRef); empty: none was, or it is not known
  Outcome outcome;        // if the state is succeeded or failed

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.request, m.row, m.signature, m.outcome);
  }
  friend bool operator==(const ResultFetched&, const ResultFetched&) = default;
};

struct FetchOperation {
  RequestId request;
  TaskId task;

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.request, m.task);
  }
  friend bool operator==(const FetchOperation&, const FetchOperation&) = default;
};

struct OperationFetched {
  RequestId request;
  std::string label;
  std::vector<std::string> needs;
  ModuleHash module{};
  RetryPolicy policy;
  std::vector<EngineId> engines;  // the one it was for; empty: any
  std::string signature;          // as in ResultFetched
  base::SharedBytes operation;

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.request, m.label, m.needs, m.module, m.policy, m.engines, m.signature, m.operation);
  }
  friend bool operator==(const OperationFetched&, const OperationFetched&) = default;
};

/// Removes tasks from the history, with all their parts; those that are not of it are left alone.
struct ForgetTasks {
  RequestId request;
  std::vector<TaskId> tasks;  // at most filter_tasks_max
  bool all = false;           // the whole history; it goes in small steps, soon

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.request, m.tasks, m.all);
  }
  friend bool operator==(const ForgetTasks&, const ForgetTasks&) = default;
};

struct TasksForgotten {
  RequestId request;

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.request);
  }
  friend bool operator==(const TasksForgotten&, const TasksForgotten&) = default;
};

}  // namespace gangway::wire
