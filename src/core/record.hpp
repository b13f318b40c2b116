// What became true and must survive: the journal is a sequence of records. Controller::apply() turns them into state,
// in the moment they are made and after a restart alike.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include <gangway/ids.hpp>

#include "base/bytes.hpp"
#include "core/prerequisites.hpp"
#include "wire/link_message.hpp"
#include "wire/protocol.hpp"

namespace gangway::core {

struct SessionOpened {
  SessionId session;
  std::string name = {};       // empty: none
  std::uint32_t openings = 0;  // by one process after the other; of a session with a name
  friend bool operator==(const SessionOpened&, const SessionOpened&) = default;
};

/// Another process has taken a named session over.
struct SessionAdopted {
  SessionId session;
  std::uint32_t openings = 0;
  friend bool operator==(const SessionAdopted&, const SessionAdopted&) = default;
};

/// Its tasks are nobody's now: those that wait or are settled are gone, those that run are gone when they are
/// answered.
struct SessionEnded {
  SessionId session;
  friend bool operator==(const SessionEnded&, const SessionEnded&) = default;
};

struct ModuleStored {
  wire::ModuleHash hash{};
  base::SharedBytes content;
  friend bool operator==(const ModuleStored&, const ModuleStored&) = default;
};

/// The module is gone from here and from the engines; no task needed it.
struct ModuleForgotten {
  wire::ModuleHash hash{};
  friend bool operator==(const ModuleForgotten&, const ModuleForgotten&) = default;
};

/// Calls by name look in this module first from now on.
struct LibraryAdded {
  wire::ModuleHash hash{};
  friend bool operator==(const LibraryAdded&, const LibraryAdded&) = default;
};

/// One part for each of `engines`, or a single one for any engine if there are none; part i has the id first_task +
/// i.
struct TaskAccepted {
  SessionId session;
  wire::RequestId request;
  TaskId first_task;
  std::vector<EngineId> engines;
  std::string label;
  std::vector<std::string> needs;  // sorted, each once
  base::SharedBytes operation;
  std::int64_t submitted_ns = 0;
  wire::ModuleHash module{};  // that it needs; all zeros: none
  wire::RetryPolicy policy = {};
  std::vector<Prerequisite> after = {};  // as it was known when this was written
  std::string key = {};                  // empty: none
  std::string environment = {};          // the value that it sets; empty: none
  bool parked = false;                   // beyond the window: only the store keeps it until TaskUnparked
  std::uint64_t left_out_bytes = 0;      // size of the operation, where a store has left that out
  friend bool operator==(const TaskAccepted&, const TaskAccepted&) = default;
};

/// How many parts it has.
inline std::uint64_t parts_of(const TaskAccepted& task) {
  return task.engines.empty() ? 1 : task.engines.size();
}

/// A parked task has come into the window. It is the one that was accepted, with its operation. Stores need not keep
/// this: read back, a task that no engine was handed yet may be parked again.
struct TaskUnparked {
  TaskAccepted task;
  friend bool operator==(const TaskUnparked&, const TaskUnparked&) = default;
};

struct AttemptStarted {
  wire::AttemptRef attempt;
  EngineId engine;
  std::int64_t handed_ns = 0;
  friend bool operator==(const AttemptStarted&, const AttemptStarted&) = default;
};

/// The engine gave it back unrun: the task waits again.
struct AttemptReturned {
  wire::AttemptRef attempt;
  friend bool operator==(const AttemptReturned&, const AttemptReturned&) = default;
};

/// It failed, or its engine is gone: the task waits again, and remembers why.
struct AttemptFailed {
  wire::AttemptRef attempt;
  EngineId engine;
  wire::FailureKind kind = wire::FailureKind::engine_lost;
  std::string reason;
  friend bool operator==(const AttemptFailed&, const AttemptFailed&) = default;
};

/// Another process has submitted the task's key: its answer goes to this request.
struct TaskAttached {
  TaskId task;
  wire::RequestId request;
  friend bool operator==(const TaskAttached&, const TaskAttached&) = default;
};

/// A task with a key was acknowledged: only the store knows it from now on, and keeps its answer.
struct TaskKept {
  TaskId task;
  friend bool operator==(const TaskKept&, const TaskKept&) = default;
};

/// The task has its final answer.
struct TaskSettled {
  TaskId task;
  wire::RunInfo run;
  wire::Outcome outcome;
  friend bool operator==(const TaskSettled&, const TaskSettled&) = default;
};

/// Nobody will ask for the task again.
struct TaskForgotten {
  TaskId task;
  friend bool operator==(const TaskForgotten&, const TaskForgotten&) = default;
};

/// No id up to these is given again. A store that has forgotten tasks and sessions ends with it when it is read back,
/// and a restart leaves some ids out.
struct IdsGiven {
  TaskId last_task;
  SessionId last_session;
  friend bool operator==(const IdsGiven&, const IdsGiven&) = default;
};

/// The operation of a task, which has succeeded everywhere, sets this value on engines that join later. It replaces
/// what was under that name. A store keeps a copy of the operation that was accepted with the task, unless there was
/// no room for it.
struct EnvironmentSet {
  std::string name;
  TaskId task;  // its first part
  std::uint64_t operation_bytes = 0;
  bool kept = false;
  friend bool operator==(const EnvironmentSet&, const EnvironmentSet&) = default;
};

/// No engine holds the value any more, and none shall get it.
struct EnvironmentErased {
  std::string name;
  friend bool operator==(const EnvironmentErased&, const EnvironmentErased&) = default;
};

/// Tasks of the history are to be removed from it, or all: only the store knows which are.
struct HistoryErased {
  std::vector<TaskId> tasks;
  bool all = false;
  friend bool operator==(const HistoryErased&, const HistoryErased&) = default;
};

using Fact =
    std::variant<SessionOpened, SessionEnded, ModuleStored, TaskAccepted, AttemptStarted, AttemptReturned,
                 AttemptFailed, TaskSettled, TaskForgotten, LibraryAdded, ModuleForgotten, IdsGiven, SessionAdopted,
                 TaskAttached, TaskKept, EnvironmentSet, EnvironmentErased, HistoryErased, TaskUnparked>;

/// What a store has under a key.
struct KeptTask {
  TaskId task;
  std::string label;
  friend bool operator==(const KeptTask&, const KeptTask&) = default;
};

/// A fact and its place in the journal: numbers rise by one, from 1.
struct Record {
  std::uint64_t number = 0;
  Fact fact;
  friend bool operator==(const Record&, const Record&) = default;
};

}  // namespace gangway::core
