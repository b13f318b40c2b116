// What a cluster knows of its tasks, also of those that are done: Client::tasks(), result(), resubmit(), forget().
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <gangway/ids.hpp>

namespace gangway {

/// What has become of a task.
enum class TaskState : std::uint8_t {
  waiting = 1,    ///< for an engine, or for others to end
  running = 2,    ///< an engine has it
  succeeded = 3,  ///< it has a result
  failed = 4,     ///< it has a failure
  dropped = 5,    ///< its session ended before it was answered
};

/// "waiting", "running", "succeeded", "failed" or "dropped".
[[nodiscard]] constexpr const char* text_of(TaskState state) {
  switch (state) {
    case TaskState::waiting:
      return "waiting";
    case TaskState::running:
      return "running";
    case TaskState::succeeded:
      return "succeeded";
    case TaskState::failed:
      return "failed";
    case TaskState::dropped:
      return "dropped";
  }
  return "unknown";
}

/// A task as its cluster knows it; of one for several engines there is one for each. Times are those of the gateway's
/// host; none: it has not come to that, or it is not known (durability = memory).
struct TaskRecord {
  using Time = std::chrono::system_clock::time_point;

  TaskId id;
  TaskState state = TaskState::waiting;
  bool delivered = false;            ///< its client has its answer
  std::string label;                 ///< the function as a reader knows it, or "push x", behind the label of the view
  SessionId session;                 ///< whose task it is
  std::string session_name;          ///< empty: it has none, or has ended
  std::optional<EngineId> engine;    ///< that had it last, or that it is for
  std::uint32_t attempts = 0;        ///< how often it was handed out
  std::optional<Time> submitted;     ///< its arrival at the controller
  std::optional<Time> started;       ///< its last attempt
  std::optional<Time> finished;      ///< its answer
  std::chrono::nanoseconds ran{};    ///< inside the function, by the engine's clock
  std::uint64_t argument_bytes = 0;  ///< of the whole task
  std::uint64_t answer_bytes = 0;    ///< of the result, or the failure
  std::string failure;               ///< why it failed, in one line; Client::result() tells all
};

/// Which tasks: all that is set must hold.
struct TaskQuery {
  std::optional<TaskState> state;
  std::string label;  ///< a part of the label, as the function's name; empty: any
  std::optional<EngineId> engine;
  std::optional<SessionId> session;
  std::string session_name;               ///< of a session that has not ended; empty: any
  std::optional<TaskRecord::Time> since;  ///< submitted then or later
  std::optional<TaskRecord::Time> until;  ///< submitted then or earlier
  std::vector<TaskId> ids;                ///< empty: any
  std::size_t limit = 100;                ///< the most that are given; the newest ones
};

}  // namespace gangway
