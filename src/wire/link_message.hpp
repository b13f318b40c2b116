// The messages between a gateway's rank and an engine's rank. They travel over MPI (src/mpi/link.hpp), which keeps
// the order of each pair of ranks and loses nothing while both live.
//
//   engine                         gateway
//   EngineReady             ->                     once, when its first worker stands
//                           <-     StoreModule     before the first task that needs it
//                           <-     UseLibrary      to an engine that joins, for each library that others have loaded
//                           <-     SetEnvironment  to an engine that joins, for each value, before its first task
//   EnvironmentRefused      ->                     it cannot hold that value
//                           <-     ForgetModule    when no task that it has been sent needs it any more
//                           <-     RunTask         at most the engine's window of them unanswered
//   LibraryLoaded           ->                     before the answer of the operation that loaded it
//   AttemptFinished         ->                     in the order the tasks were run
//   AttemptsReturned        ->                     balanced tasks that wait behind a long one: place them elsewhere
//                           <-     LeaveCluster    the cluster ends
//   EngineLeaving           ->                     it takes no more work
//
// An attempt is named by task and number; answers that name an attempt which is not handed out are dropped.
#pragma once

#include <cstdint>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include <gangway/ids.hpp>

#include "base/bytes.hpp"
#include "wire/failure.hpp"
#include "wire/operation.hpp"
#include "wire/protocol.hpp"

namespace gangway::wire {

/// One hand-out of a task, counted from 1.
struct AttemptRef {
  TaskId task;
  std::uint32_t attempt = 0;

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.task, m.attempt);
  }
  friend auto operator<=>(const AttemptRef&, const AttemptRef&) = default;
};

// ---------------------------------------------------------------- gateway -> engine

/// Operations are run one at a time in the order they arrive.
struct RunTask {
  AttemptRef attempt;
  bool returnable = false;  // balanced: may be given back if the engine is busy for long
  base::SharedBytes operation;

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.attempt, m.returnable, m.operation);
  }
  friend bool operator==(const RunTask&, const RunTask&) = default;
};

/// Verify the content against the hash and keep it for this node.
struct StoreModule {
  ModuleHash hash{};
  base::SharedBytes content;

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.hash, m.content);
  }
  friend bool operator==(const StoreModule&, const StoreModule&) = default;
};

struct LeaveCluster {
  template <class Self>
  static auto fields(Self&) {
    return std::tie();
  }
  friend bool operator==(const LeaveCluster&, const LeaveCluster&) = default;
};

/// A stored module is a library: calls by name look there first.
struct UseLibrary {
  ModuleHash hash{};

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.hash);
  }
  friend bool operator==(const UseLibrary&, const UseLibrary&) = default;
};

/// No task needs the module, and if one does again, the module comes before it.
struct ForgetModule {
  ModuleHash hash{};

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.hash);
  }
  friend bool operator==(const ForgetModule&, const ForgetModule&) = default;
};

/// A value of the cluster's environment (see protocol.hpp). In its turn among the tasks, the engine carries the push
/// out. If there is no operation, the value is missing, as told, and the engine drops an older one of that name.
struct SetEnvironment {
  std::string name;
  std::string missing;  // why there is no operation; empty: there is
  base::SharedBytes operation;

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.name, m.missing, m.operation);
  }
  friend bool operator==(const SetEnvironment&, const SetEnvironment&) = default;
};

using ToEngine = std::variant<RunTask, StoreModule, LeaveCluster, UseLibrary, ForgetModule, SetEnvironment>;

// ---------------------------------------------------------------- engine -> gateway

struct EngineReady {
  EngineInfo engine;

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.engine);
  }
  friend bool operator==(const EngineReady&, const EngineReady&) = default;
};

struct AttemptFinished {
  AttemptRef attempt;
  std::int64_t run_ns = 0;
  std::vector<std::string> names_added;    // named values that exist on this engine from now on
  std::vector<std::string> names_removed;  // and that no longer do
  Outcome outcome;

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.attempt, m.run_ns, m.names_added, m.names_removed, m.outcome);
  }
  friend bool operator==(const AttemptFinished&, const AttemptFinished&) = default;
};

struct AttemptsReturned {
  std::vector<AttemptRef> attempts;

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.attempts);
  }
  friend bool operator==(const AttemptsReturned&, const AttemptsReturned&) = default;
};

struct EngineLeaving {
  template <class Self>
  static auto fields(Self&) {
    return std::tie();
  }
  friend bool operator==(const EngineLeaving&, const EngineLeaving&) = default;
};

/// The engine has loaded a stored module as a library.
struct LibraryLoaded {
  ModuleHash hash{};

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.hash);
  }
  friend bool operator==(const LibraryLoaded&, const LibraryLoaded&) = default;
};

/// The engine holds no value of this name now: what it was sent does not fit, or cannot be carried out.
struct EnvironmentRefused {
  std::string name;
  std::string reason;

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.name, m.reason);
  }
  friend bool operator==(const EnvironmentRefused&, const EnvironmentRefused&) = default;
};

using FromEngine =
    std::variant<EngineReady, AttemptFinished, AttemptsReturned, EngineLeaving, LibraryLoaded, EnvironmentRefused>;

}  // namespace gangway::wire
