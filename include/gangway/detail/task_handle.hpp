// What Futures are made of: a handle to an operation, whatever its type. The code is in src/client.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <gangway/api.hpp>
#include <gangway/error.hpp>
#include <gangway/ids.hpp>
#include <gangway/task_info.hpp>

namespace gangway::detail {

class PendingTask;

/// Where a callback runs.
enum class CallbackPlace : std::uint8_t {
  anywhere,      ///< on the thread that makes the task ready, or that attaches it: it is short and never blocks
  continuation,  ///< on the client's thread for continuations
};

/// A shared handle to an operation of one or more parts, or to what this process makes itself (no parts). Threads may
/// use one handle together.
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

  /// Waits until more than `seen` elements are done, or all, or for `duration`.
  [[nodiscard]] Progress wait_for_progress(std::size_t seen, std::chrono::duration<double> duration) const;

  /// Waits for all parts; throws what went wrong with them.
  void require_success() const;

  /// The encoded result of a part that succeeded; valid as long as a handle is there.
  [[nodiscard]] std::span<const std::byte> result(std::size_t part) const;

  /// The number of the part that was the `nth` to finish; waits for it.
  [[nodiscard]] std::size_t wait_for_nth(std::size_t nth) const;

  /// What the handle stands for; for src/client.
  [[nodiscard]] PendingTask& pending() const { return *task_; }
  [[nodiscard]] const std::shared_ptr<PendingTask>& shared() const { return task_; }

  /// How many elements lie in the map before `part`.
  [[nodiscard]] std::size_t first_element(std::size_t part) const;

  /// Why a part failed, if it did: a RemoteError. Throws the ConnectionError if the gateway was lost before it
  /// finished.
  [[nodiscard]] std::optional<RemoteError> failure(std::size_t part) const;

  /// What is known about a part, to be completed by what its function threw for one element.
  [[nodiscard]] RemoteError::Details details(std::size_t part) const;

  /// Runs a callback, which throws nothing, when all parts are there; at once if they are, but one that is attached
  /// within another runs after that.
  void when_ready(CallbackPlace place, std::function<void()> callback) const;

  // ---- what this process makes itself

  /// A task without parts; exactly one settle() makes it ready.
  [[nodiscard]] static TaskHandle of_this_process();

  /// The same, to be settled with a Future: it has that one's value when that is ready.
  [[nodiscard]] static TaskHandle relay();

  /// Settles this relay when `inner` is ready. `future` is a Future<T> of inner, T the type of this one's.
  void take_over(const TaskHandle& inner, std::shared_ptr<const void> future) const;

  /// What is attached to this runs where that of `other` does. The first one that belongs to a client counts.
  /// `made_by_continuation`: a continuation there will settle this.
  void continue_like(const TaskHandle& other, bool made_by_continuation) const;

  /// Whether a continuation settles this, so that another one cannot wait for it.
  [[nodiscard]] bool is_made_by_continuation() const;

  /// Makes it ready: with a value, with none, or with what went wrong.
  void settle(std::shared_ptr<const void> value, std::exception_ptr error = nullptr) const;

  /// What it was settled with.
  [[nodiscard]] std::shared_ptr<const void> local_value() const;

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

}  // namespace gangway::detail
