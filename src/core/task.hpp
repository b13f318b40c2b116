// A task and the states of its parts, and the tables that hold tasks, sessions and modules. Values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gangway/ids.hpp>

#include "base/bytes.hpp"
#include "core/prerequisites.hpp"
#include "wire/protocol.hpp"

namespace gangway::core {

/// In no queue: others must end first, see Task::unmet.
struct Blocked {
  std::optional<TaskId> spoiled_by;  // that one did not end as it should have: this will fail
  friend bool operator==(const Blocked&, const Blocked&) = default;
};

/// In exactly one queue: of its engine (direct) or of its lane (balanced).
struct Waiting {
  friend bool operator==(const Waiting&, const Waiting&) = default;
};

/// An engine has it and has not answered.
struct Handed {
  EngineId engine;
  std::int64_t handed_ns = 0;
  friend bool operator==(const Handed&, const Handed&) = default;
};

/// Answered, and the client has not acknowledged the answer.
struct Settled {
  std::uint64_t result_bytes = 0;
  bool succeeded = false;
  friend bool operator==(const Settled&, const Settled&) = default;
};

/// An engine has it, but its session has ended: the answer will be dropped.
struct Abandoned {
  EngineId engine;
  friend bool operator==(const Abandoned&, const Abandoned&) = default;
};

/// Acknowledged, or gone with its session. A task whose parts are all forgotten is removed.
struct Forgotten {
  friend bool operator==(const Forgotten&, const Forgotten&) = default;
};

using TaskState = std::variant<Waiting, Blocked, Handed, Settled, Abandoned, Forgotten>;

/// An attempt that failed and was followed by another one.
struct FailedAttempt {
  std::uint32_t attempt = 0;
  EngineId engine;
  wire::FailureKind kind = wire::FailureKind::engine_lost;
  std::string reason;
  friend bool operator==(const FailedAttempt&, const FailedAttempt&) = default;
};

/// What one engine is to do of a task. Every part has a task id of its own.
struct Part {
  TaskState state;
  std::uint32_t attempts = 0;  // handed out so far; the number of the latest attempt
  std::vector<FailedAttempt> failed;
  friend bool operator==(const Part&, const Part&) = default;
};

/// One SubmitTask.
struct Task {
  TaskId first_task;  // part i has the id first_task + i
  SessionId session;
  wire::RequestId request;
  std::vector<EngineId> engines;  // of each part; empty: balanced, and then there is one part
  std::string label;
  std::vector<std::string> needs;  // sorted, each once
  base::SharedBytes operation;     // dropped when every part has its answer
  std::uint64_t operation_bytes = 0;
  std::uint64_t credit_bytes = 0;  // what it takes of its session's credit
  std::int64_t submitted_ns = 0;
  wire::ModuleHash module{};  // that it needs; all zeros: none
  wire::RetryPolicy policy = {};
  std::string key;           // empty: none
  std::vector<Unmet> unmet;  // as long as it is Blocked
  std::vector<Part> parts;
  std::uint32_t parts_unsettled = 0;    // Waiting, Blocked, Handed or Abandoned
  std::uint32_t parts_unforgotten = 0;  // all but Forgotten
  std::string environment;              // the value that it sets; empty: none, or a part has failed
  bool was_parked = false;

  [[nodiscard]] bool balanced() const { return engines.empty(); }
  [[nodiscard]] std::uint32_t index_of(TaskId id) const {
    return static_cast<std::uint32_t>(id.value() - first_task.value());
  }
  [[nodiscard]] TaskId id_of(std::uint32_t part) const { return TaskId{first_task.value() + part}; }

  friend bool operator==(const Task&, const Task&) = default;
};

/// The tasks that are not forgotten, by the id of any of their parts.
class TaskTable {
 public:
  /// One part of a task; `task` is null if there is none. Valid until the task is removed.
  struct Found {
    Task* task = nullptr;
    std::uint32_t index = 0;

    explicit operator bool() const { return task != nullptr; }
    [[nodiscard]] Part& part() const { return task->parts[index]; }
    [[nodiscard]] TaskId id() const { return task->id_of(index); }
  };

  [[nodiscard]] Found find(TaskId id) {
    auto* const task = const_cast<Task*>(look_up(id));
    return task == nullptr ? Found{} : Found{task, task->index_of(id)};
  }
  /// The task that has a part of this id; null if there is none.
  [[nodiscard]] const Task* look_up(TaskId id) const {
    const auto next = tasks_.upper_bound(id);
    if (next == tasks_.begin()) return nullptr;
    const Task& task = std::prev(next)->second;
    return id.value() - task.first_task.value() < task.parts.size() ? &task : nullptr;
  }

  /// Mostly it stands behind all others, since ids rise.
  Task& add(Task task) {
    const TaskId id = task.first_task;
    return tasks_.emplace_hint(tasks_.end(), id, std::move(task))->second;
  }
  void remove(TaskId first_task) { tasks_.erase(first_task); }
  [[nodiscard]] const std::map<TaskId, Task>& all() const { return tasks_; }

  friend bool operator==(const TaskTable&, const TaskTable&) = default;

 private:
  std::map<TaskId, Task> tasks_;
};

/// A session's tasks that only the store keeps: plain balanced ones (see is_plain) that wait beyond the window, and
/// behind all of its plain tasks that are in memory.
struct Parked {
  std::uint64_t tasks = 0;
  TaskId after;                                       // the ids of all of them are higher
  wire::RequestId last_request;                       // the highest of theirs
  std::map<wire::ModuleHash, std::uint64_t> modules;  // that they need, and how many do

  friend bool operator==(const Parked&, const Parked&) = default;
};

/// A registered client and what it uses of its credit.
struct Session {
  std::string name;                         // empty: none
  std::uint32_t openings = 0;               // of a named one: by how many processes
  std::uint64_t tasks_used = 0;             // parts submitted and not acknowledged
  std::uint64_t bytes_used = 0;             // credit_bytes of tasks with such a part, each once
  std::uint64_t result_bytes = 0;           // of answers not acknowledged
  std::map<wire::RequestId, TaskId> tasks;  // its tasks, by their first ids
  std::map<std::string, TaskId> keys;       // of those among its tasks that have one
  std::set<TaskId> direct_unsettled;        // parts of direct tasks that have no answer yet
  std::uint64_t queued = 0;                 // its balanced tasks in memory that wait for their turn
  Parked parked;

  friend bool operator==(const Session&, const Session&) = default;
};

/// Modules by their hash, their size in all, and what keeps them from being forgotten.
struct ModuleTable {
  std::map<wire::ModuleHash, base::SharedBytes> content;
  std::uint64_t bytes = 0;
  std::map<wire::ModuleHash, std::uint64_t> tasks;  // that wait or run and need it; more than none
  std::vector<wire::ModuleHash> libraries;          // in the order in which they were loaded, each once

  friend bool operator==(const ModuleTable&, const ModuleTable&) = default;
};

/// What engines that join are given: values by their name.
struct Environment {
  struct Value {
    TaskId task;  // that set it: of two with one name, the later counts
    std::uint64_t bytes = 0;
    bool kept = false;  // false: it is remembered only to say so
    friend bool operator==(const Value&, const Value&) = default;
  };
  std::map<std::string, Value> values;
  std::uint64_t bytes = 0;        // of those that are kept
  std::uint64_t names_bytes = 0;  // of all

  friend bool operator==(const Environment&, const Environment&) = default;
};

/// All that records can change, and all that they must be able to restore.
struct DurableState {
  TaskTable tasks;
  std::map<SessionId, Session> sessions;
  std::map<std::string, SessionId> session_names;
  ModuleTable modules;
  Environment environment;
  std::uint64_t records = 0;    // number of the latest record
  std::uint64_t last_task = 0;  // highest id given, without the gateway's share of the number
  std::uint64_t last_session = 0;
  std::uint64_t queued_bytes = 0;  // operations of balanced tasks in memory that wait for their turn
  std::uint64_t waiting = 0;       // parts in each state; blocked and parked ones wait
  std::uint64_t running = 0;       // handed or abandoned
  std::uint64_t settled = 0;
  std::uint64_t settled_ever = 0;

  friend bool operator==(const DurableState&, const DurableState&) = default;
};

}  // namespace gangway::core
