// The result of a task that may not be there yet.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <gangway/api.hpp>
#include <gangway/error.hpp>
#include <gangway/ids.hpp>

namespace gangway {

/// Where and when a part of a task ran. What is not known yet is zero or empty.
struct TaskInfo {
  TaskId id;
  EngineId engine;                    ///< which engine ran it
  std::string host;                   ///< of that engine; empty as long as the part has not finished
  std::uint32_t attempts = 0;         ///< how often it was handed out
  std::chrono::nanoseconds waited{};  ///< from its arrival at the controller until it was handed to the engine
  std::chrono::nanoseconds ran{};     ///< inside the function, by the engine's clock
  std::chrono::nanoseconds total{};   ///< from its arrival at the controller until its result was there
};

/// How far a map has come, counted in elements.
struct Progress {
  std::size_t done = 0;  ///< failed ones too
  std::size_t total = 0;

  friend bool operator==(const Progress&, const Progress&) = default;
};

namespace detail {

class PendingTask;

/// A shared handle to an operation of one or more parts, whatever its type. Threads may use one handle together.
class GANGWAY_API TaskHandle {
 public:
  explicit TaskHandle(std::shared_ptr<PendingTask> task) : task_{std::move(task)} {}

  [[nodiscard]] std::size_t parts() const;
  [[nodiscard]] bool ready() const;
  void wait() const;
  [[nodiscard]] bool wait_for(std::chrono::duration<double> duration) const;
  [[nodiscard]] TaskId id() const;
  [[nodiscard]] TaskInfo info(std::size_t part) const;
  [[nodiscard]] Progress progress() const;

  /// Waits until more is done than `seen`, or all, or for `duration`.
  [[nodiscard]] Progress wait_for_progress(Progress seen, std::chrono::duration<double> duration) const;

  /// Waits for all parts; throws what went wrong with them.
  void require_success() const;

  /// The encoded result of a part that succeeded; valid as long as a handle is there.
  [[nodiscard]] std::span<const std::byte> result(std::size_t part) const;

  /// The number of the part that was the `nth` to finish; waits for it.
  [[nodiscard]] std::size_t wait_for_nth(std::size_t nth) const;

  /// What the handle stands for; for src/client.
  [[nodiscard]] PendingTask& pending() const { return *task_; }

  /// How many elements lie in the parts before `part`.
  [[nodiscard]] std::size_t first_element(std::size_t part) const;

  /// Why a part failed, if it did: a RemoteError. Throws the ConnectionError if the gateway was lost before it
  /// finished.
  [[nodiscard]] std::optional<RemoteError> failure(std::size_t part) const;

  /// What is known about a part, to be completed by what its function threw for one element.
  [[nodiscard]] RemoteError::Details details(std::size_t part) const;

 private:
  std::shared_ptr<PendingTask> task_;
};

/// Collects what failed of an operation.
class GANGWAY_API FailureList {
 public:
  void add(RemoteError error);

  /// Throws the one error, or a CompositeError if there are several of `parts` engines or elements.
  void throw_if_any(std::size_t parts);

 private:
  std::vector<RemoteError> errors_;
  std::size_t failed_ = 0;
};

}  // namespace detail

/// A shared handle to the result of a task; copies stand for the same task. It may be thrown away: as long as its
/// Client lives the task runs all the same. Threads may use one Future together.
template <class T>
class Future {
 public:
  /// Makes the value from the parts' results, in the thread that asks for it.
  using Decoder = T (*)(const detail::TaskHandle& task);

  Future(detail::TaskHandle task, Decoder decode) : task_{std::move(task)}, decode_{decode} {}

  /// Waits and returns the value; a new copy each time. Throws RemoteError if the task failed, CompositeError if it
  /// failed on several engines, ConnectionError if the gateway was lost before.
  T get() const {
    task_.require_success();
    return decode_(task_);
  }

  /// Waits until there is a result or a failure. Throws nothing.
  void wait() const { task_.wait(); }

  /// Waits at most `duration`, any duration of std::chrono; true if there is a result or a failure.
  [[nodiscard]] bool wait_for(std::chrono::duration<double> duration) const { return task_.wait_for(duration); }

  /// True if get() would not wait.
  [[nodiscard]] bool ready() const { return task_.ready(); }

  /// The task's number in its cluster, of the first part if there are several. Waits until the controller has
  /// accepted the task; throws if it did not.
  [[nodiscard]] TaskId id() const { return task_.id(); }

  /// On how many engines the task runs.
  [[nodiscard]] std::size_t parts() const { return task_.parts(); }

  /// Where and when a part ran, without waiting. `part` is counted from 0 in the order of the view's engines; throws
  /// std::out_of_range if there is no such part.
  [[nodiscard]] TaskInfo info(std::size_t part = 0) const { return task_.info(part); }

 private:
  detail::TaskHandle task_;
  Decoder decode_;
};

}  // namespace gangway
