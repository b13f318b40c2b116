// The state that Futures share with the session: one operation of one or more parts, and what has become of them.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <gangway/error.hpp>
#include <gangway/future.hpp>

#include "base/bytes.hpp"
#include "client/continuations.hpp"
#include "client/rate_meter.hpp"
#include "client/swept_list.hpp"
#include "wire/protocol.hpp"

namespace gangway::detail {

/// An operation whose parts finish one by one. A part is one engine's share of a direct operation, the one run of a
/// balanced task, or one chunk of a map. One without parts is what this process makes itself, as by then(): it has a
/// local result instead.
///
/// Threads: all functions may be called by all threads. The session's thread reports, users' threads wait.
class PendingTask : public std::enable_shared_from_this<PendingTask> {
 public:
  /// `label` is for errors: the function's readable name, or "push x". Without `continuations`, what is attached runs
  /// on the thread that makes it ready.
  explicit PendingTask(std::string label, std::shared_ptr<client::Continuations> continuations = nullptr)
      : label_{std::move(label)}, continuations_{std::move(continuations)} {}

  /// Ends what is attached and what this process made, however long the chain is that hangs on that.
  ~PendingTask();
  PendingTask(const PendingTask&) = delete;
  PendingTask& operator=(const PendingTask&) = delete;

  // ---- whoever submits, before anybody else waits

  /// Adds parts of `elements` elements each and returns the number of the first one.
  std::uint32_t add_parts(std::uint32_t count, std::size_t elements);

  /// Errors name elements instead of engines: this is a map, or its part that begins at element `first`. Its
  /// progress is measured under `title`, the user's label.
  void count_elements(std::size_t first, std::string title);

  /// No part is added from now on. What waits would wait for ever otherwise.
  void seal();

  // ---- the session's thread; each part finishes once

  /// The parts are on their way, by a request. Again, by another one, when a connection was lost.
  void submitted(std::uint32_t first_part, std::uint32_t count, wire::RequestId request);

  /// For those that are to follow this.
  struct Ends {
    std::string name;                 // for errors: with the id, if it is known
    std::size_t failed = 0;           // parts that have ended without a result
    std::vector<wire::PartRef> open;  // those that have not ended
  };
  [[nodiscard]] Ends ends() const;

  void accepted(std::uint32_t part, TaskId id);
  void finished(std::uint32_t part, const wire::TaskFinished& message, std::shared_ptr<const std::string> host);

  /// The parts never ran, for a reason that the controller or this library gave.
  void refused(std::uint32_t first_part, std::uint32_t count, wire::FailureKind kind, const std::string& reason);

  /// The connection is gone. Parts of the range that have finished are left as they are.
  void lost(std::uint32_t first_part, std::uint32_t count, std::shared_ptr<const std::string> reason);

  // ---- of what this process makes

  /// Whether these are tasks of the client with these continuations.
  [[nodiscard]] bool is_of(const std::shared_ptr<client::Continuations>& continuations) const;

  /// What is attached runs where that of `other` does, and what makes this ready is a continuation too.
  void continue_like(const PendingTask& other, bool is_made_there);

  /// It is ready: with a value (or none), or with what went wrong.
  void settle(std::shared_ptr<const void> value, std::exception_ptr error);

  /// Before anybody else knows of it: this is a relay, whose value is a Future. Relays that take one another over are
  /// one group, which becomes ready together: a loop of then() has no chain behind it.
  void become_relay() { relay_ = std::make_unique<Relay>(); }

  /// Settles this relay when `inner` is ready: with what that has, if it is a relay too, else with `future`, which is
  /// inner's.
  void take_over(const std::shared_ptr<PendingTask>& inner, std::shared_ptr<const void> future);

  [[nodiscard]] std::shared_ptr<const void> local_value() const;
  [[nodiscard]] bool is_made_by_continuation() const;

  /// Throws what went wrong with it, if something did.
  void require_local_success() const;

  // ---- users' threads; see TaskHandle

  /// Runs a callback when all parts are there, at once if they are; within another callback that runs in this thread
  /// it is put off, until that returns or waits. It throws nothing. It may be forgotten when `is_over` is true.
  void when_ready(CallbackPlace place, std::function<void()> callback,
                  std::shared_ptr<const std::atomic<bool>> is_over = nullptr);

  [[nodiscard]] std::size_t parts() const;
  [[nodiscard]] bool ready() const;
  void wait() const;
  [[nodiscard]] bool wait_until(std::chrono::steady_clock::time_point deadline) const;
  [[nodiscard]] TaskId wait_for_id() const;
  [[nodiscard]] TaskInfo info(std::size_t part) const;
  [[nodiscard]] Progress progress() const;

  /// Waits until the number of finished parts has risen above `seen` or until the deadline.
  [[nodiscard]] Progress wait_for_progress(std::size_t seen, std::chrono::steady_clock::time_point deadline) const;
  [[nodiscard]] std::size_t wait_for_nth(std::size_t nth) const;
  [[nodiscard]] std::size_t first_element(std::size_t part) const;

  // ---- users' threads, of a part that has finished

  [[nodiscard]] base::SharedBytes result(std::size_t part) const;
  [[nodiscard]] std::optional<RemoteError> failure(std::size_t part) const;
  /// How large its result is; nothing if it failed.
  [[nodiscard]] std::optional<std::size_t> result_bytes(std::size_t part) const;
  [[nodiscard]] RemoteError::Details details(std::size_t part) const;

 private:
  enum class PartState : std::uint8_t { waiting, succeeded, failed, lost };

  struct Part {
    PartState state = PartState::waiting;
    TaskId id;
    wire::RequestId request;  // that it was last submitted with
    std::uint32_t part = 0;   // of that request
    wire::RunInfo run;
    std::size_t first_element = 0;
    std::size_t elements = 1;
    std::shared_ptr<const std::string> host;
    base::SharedBytes result;
    std::unique_ptr<wire::Failure> failure;
  };

  struct Callback {
    std::function<void()> run;
    CallbackPlace place;
    std::shared_ptr<client::Continuations> continuations;  // of the task that it was attached to
    std::shared_ptr<const std::atomic<bool>> is_over;

    [[nodiscard]] bool is_void() const { return is_over && *is_over; }
  };

  struct Follower {
    std::weak_ptr<PendingTask> task;

    [[nodiscard]] bool is_void() const { return task.expired(); }
  };

  /// A relay follows another one that has its callbacks, or leads. Guarded by one mutex for all relays.
  struct Relay {
    std::shared_ptr<PendingTask> leader;
    client::SweptList<Follower> followers;
  };

  struct Remains;

  [[nodiscard]] bool ready_locked() const { return sealed_ && finish_order_.size() == parts_.size(); }
  void finish_locked(std::uint32_t part, PartState state);
  [[nodiscard]] Progress progress_locked() const;
  void require_wait_can_end_locked() const;

  /// If it is ready now, runs what waits for that; gives the lock up for it.
  void run_callbacks(std::unique_lock<std::mutex> lock);

  /// `otherwise`: the continuations of those that have none of their own.
  static void run(std::vector<Callback> callbacks, const std::shared_ptr<client::Continuations>& otherwise);

  /// Before this thread waits for this: it may be what has to make it ready.
  void finish_put_off() const;

  void settle_locked(std::shared_ptr<const void> value, std::exception_ptr error);
  void settle_together(const std::shared_ptr<const void>& value, const std::exception_ptr& error);
  [[nodiscard]] std::shared_ptr<PendingTask> leader();
  const Part& finished_part_locked(std::size_t part) const;

  const std::string label_;

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  mutable std::size_t waiting_for_id_ = 0;
  std::vector<Part> parts_;
  std::vector<std::uint32_t> finish_order_;
  std::size_t elements_before_ = 0;
  std::size_t elements_ = 0;
  std::size_t elements_finished_ = 0;
  std::shared_ptr<const std::string> lost_reason_;
  bool sealed_ = false;
  bool is_made_by_continuation_ = false;
  std::shared_ptr<client::Continuations> continuations_;
  client::SweptList<Callback> callbacks_;
  std::unique_ptr<Relay> relay_;  // nothing, if it is no relay

  struct Counting {
    std::string title;
    client::RateMeter meter;
  };
  std::unique_ptr<Counting> counting_;  // of a map

  std::shared_ptr<const void> local_value_;
  std::exception_ptr local_error_;
};

}  // namespace gangway::detail
