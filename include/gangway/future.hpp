// The result of a task that may not be there yet.
#pragma once

#include <chrono>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <gangway/detail/continuation.hpp>
#include <gangway/detail/task_handle.hpp>
#include <gangway/ids.hpp>
#include <gangway/task_info.hpp>

namespace gangway {

/// A shared handle to the result of a task; copies stand for the same task. It may be thrown away: as long as its
/// Client lives the task runs all the same.
///
/// Threads: all functions of one Future, and of its copies, may be called by all threads together. A Future costs no
/// thread and one or two kilobytes; a hundred thousand may wait at once.
template <class T>
class Future {
 public:
  using Value = T;

  /// Makes the value of a task that is ready, in the thread that asks for it, or throws what went wrong.
  using Decoder = T (*)(const detail::TaskHandle& task);

  Future(detail::TaskHandle task, Decoder decode) : task_{std::move(task)}, decode_{decode} {}

  /// Waits and returns the value; a new copy each time. Throws RemoteError if the task failed, CompositeError if it
  /// failed on several engines, ConnectionError if the gateway was lost before; of a Future made by then() or a
  /// coroutine also what the function threw.
  T get() const {
    task_.wait();
    return decode_(task_);
  }

  /// Waits until there is a result or a failure. Throws Error only if a continuation waits for what another one of
  /// the same client has to make: that would take for ever.
  void wait() const { task_.wait(); }

  /// Waits at most `duration`, any duration of std::chrono; true if there is a result or a failure.
  [[nodiscard]] bool wait_for(std::chrono::duration<double> duration) const { return task_.wait_for(duration); }

  /// True if get() would not wait.
  [[nodiscard]] bool ready() const { return task_.ready(); }

  /// Calls `function` when this is ready, and returns at once a Future of what it gives.
  ///
  /// The function takes the value (nothing, of a Future<void>); then it is not called if this fails, and the failure
  /// passes on to the new Future. A function that takes the Future itself is called in any case: its get() tells.
  /// What it throws becomes the new Future's. If it returns a Future, the new one is ready when that is, with its
  /// value.
  ///
  /// It runs on the client's thread for continuations, one after another with those of all its Futures. If it blocks,
  /// it holds up those, not the tasks; it must not wait for a Future that another continuation has to make, but
  /// return it. Client::close() waits until all have run. After that, and for Futures that belong to no client, it
  /// runs on the thread that calls then() or makes this ready; there too one after another, so that what is attached
  /// within such a function runs when that has returned, or waits.
  ///
  /// A function may go on with itself for ever (`step` gives `any.apply(...).then(step)`): neither stack nor memory
  /// grow with the steps.
  ///
  /// This is a Future's own way to pass a value on, as in folly and Boost: who wants only a value writes only that.
  template <class Function>
  auto then(Function function) const {
    return detail::attach(*this, std::move(function));
  }

  /// The task's number in its cluster, of the first part if there are several. Waits until the controller has
  /// accepted the task; throws if it did not, or if this was made by then(), when_all(), when_any() or a coroutine.
  [[nodiscard]] TaskId id() const { return task_.id(); }

  /// On how many engines the task runs; 0 if this process makes the value.
  [[nodiscard]] std::size_t parts() const { return task_.parts(); }

  /// Where and when a part ran, without waiting. `part` is counted from 0 in the order of the view's engines; throws
  /// std::out_of_range if there is no such part.
  [[nodiscard]] TaskInfo info(std::size_t part = 0) const { return task_.info(part); }

  /// For Gangway's own use.
  [[nodiscard]] const detail::TaskHandle& task() const { return task_; }

  /// What can be waited for as a Future: this, and what a map gives.
  [[nodiscard]] const Future& future() const { return *this; }

 private:
  detail::TaskHandle task_;
  Decoder decode_;
};

}  // namespace gangway
