// The state that Futures share with the session: one operation of one or more parts, and what has become of them.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <gangway/error.hpp>
#include <gangway/future.hpp>

#include "base/bytes.hpp"
#include "wire/protocol.hpp"

namespace gangway::detail {

/// An operation whose parts finish one by one. A part is one engine's share of a direct operation, the one run of a
/// balanced task, or one chunk of a map.
///
/// Threads: all functions may be called by all threads. The session's thread reports, users' threads wait.
class PendingTask {
 public:
  /// `label` is for errors: the function's readable name, or "push x".
  explicit PendingTask(std::string label) : label_{std::move(label)} {}

  // ---- whoever submits, before anybody else waits

  /// Adds parts of `elements` elements each and returns the number of the first one.
  std::uint32_t add_parts(std::uint32_t count, std::size_t elements);

  /// Errors name elements instead of engines: this is a map.
  void count_elements() { counts_elements_ = true; }

  /// No part is added from now on. What waits would wait for ever otherwise.
  void seal();

  // ---- the session's thread; each part finishes once

  void accepted(std::uint32_t part, TaskId id);
  void finished(std::uint32_t part, const wire::TaskFinished& message, std::shared_ptr<const std::string> host);

  /// The parts never ran, for a reason that the controller or this library gave.
  void refused(std::uint32_t first_part, std::uint32_t count, wire::FailureKind kind, const std::string& reason);

  /// The connection is gone. Parts of the range that have finished are left as they are.
  void lost(std::uint32_t first_part, std::uint32_t count, std::shared_ptr<const std::string> reason);

  // ---- users' threads; see TaskHandle

  [[nodiscard]] std::size_t parts() const;
  [[nodiscard]] bool ready() const;
  void wait() const;
  [[nodiscard]] bool wait_until(std::chrono::steady_clock::time_point deadline) const;
  [[nodiscard]] TaskId wait_for_id() const;
  [[nodiscard]] TaskInfo info(std::size_t part) const;
  [[nodiscard]] Progress progress() const;

  /// Waits until the number of finished parts has risen above `seen` or until the deadline.
  [[nodiscard]] Progress wait_for_progress(Progress seen, std::chrono::steady_clock::time_point deadline) const;
  [[nodiscard]] std::size_t wait_for_nth(std::size_t nth) const;
  [[nodiscard]] std::size_t first_element(std::size_t part) const;

  // ---- users' threads, of a part that has finished

  [[nodiscard]] base::SharedBytes result(std::size_t part) const;
  [[nodiscard]] std::optional<RemoteError> failure(std::size_t part) const;
  [[nodiscard]] RemoteError::Details details(std::size_t part) const;

 private:
  enum class PartState : std::uint8_t { waiting, succeeded, failed, lost };

  struct Part {
    PartState state = PartState::waiting;
    TaskId id;
    wire::RunInfo run;
    std::size_t first_element = 0;
    std::size_t elements = 1;
    std::shared_ptr<const std::string> host;
    base::SharedBytes result;
    std::unique_ptr<wire::Failure> failure;
  };

  [[nodiscard]] bool ready_locked() const { return sealed_ && finish_order_.size() == parts_.size(); }
  void finish_locked(std::uint32_t part, PartState state);
  const Part& finished_part_locked(std::size_t part) const;

  const std::string label_;
  bool counts_elements_ = false;

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  mutable std::size_t waiting_for_id_ = 0;
  std::vector<Part> parts_;
  std::vector<std::uint32_t> finish_order_;
  std::size_t elements_ = 0;
  std::size_t elements_finished_ = 0;
  std::shared_ptr<const std::string> lost_reason_;
  bool sealed_ = false;
};

}  // namespace gangway::detail
