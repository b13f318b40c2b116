// Futures in coroutines: `co_await future` in any of them, and coroutines that return a Future.
//
//   gangway::Future<double> improve(gangway::BalancedView any, double x) {
//     double y = co_await any.apply(fn<step>, x);
//     co_return co_await any.apply(fn<step>, y);
//   }
//
// A coroutine goes on where then() runs its function: on the client's thread for continuations, or at once if the
// Future is ready. Its parameters should be values: a reference may be gone when it goes on. One that returns a
// Future begins at once in the caller's thread, and its Future is ready when it has returned and its locals are gone.
// (g++ 12 does not compile a list in braces, as in std::vector<int>{1, 2}, inside of a co_await expression, and in
// `c ? x : co_await f()` it calls f whatever c is: write an if.)
#pragma once

#include <coroutine>
#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

#include <gangway/detail/continuation.hpp>
#include <gangway/future.hpp>

namespace gangway {

namespace detail {

/// What a coroutine that returns a Future keeps.
class CoroutineState {
 public:
  CoroutineState() : task_{TaskHandle::of_this_process()} {}

  [[nodiscard]] const TaskHandle& task() const { return task_; }
  [[nodiscard]] std::suspend_never initial_suspend() const noexcept { return {}; }
  [[nodiscard]] std::suspend_never final_suspend() noexcept {
    task_.settle(std::move(value_), std::move(error_));
    return {};
  }
  void unhandled_exception() { error_ = std::current_exception(); }

 protected:
  std::shared_ptr<const void> value_;

 private:
  TaskHandle task_;
  std::exception_ptr error_;
};

template <class T>
class CoroutinePromise : public CoroutineState {
 public:
  static_assert(std::is_copy_constructible_v<T>,
                "gangway: the copies of a Future share its value: it must be copyable");

  Future<T> get_return_object() const { return {task(), &local_result<T>}; }

  template <class Value>
  void return_value(Value&& value) {
    value_ = std::make_shared<const T>(std::forward<Value>(value));
  }
};

template <>
class CoroutinePromise<void> : public CoroutineState {
 public:
  [[nodiscard]] Future<void> get_return_object() const { return {task(), &local_result<void>}; }
  void return_void() const {}
};

template <class T>
class FutureAwaiter {
 public:
  explicit FutureAwaiter(Future<T> future) : future_{std::move(future)} {}

  [[nodiscard]] bool await_ready() const { return future_.ready(); }

  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> coroutine) const {
    if constexpr (std::is_base_of_v<CoroutineState, Promise>) {
      coroutine.promise().task().continue_like(future_.task(), true);
    }
    const TaskHandle task = future_.task();  // the coroutine may end, and this with it, before when_ready() returns
    task.when_ready(CallbackPlace::continuation, [coroutine] { coroutine.resume(); });
  }

  T await_resume() const { return future_.get(); }

 private:
  Future<T> future_;
};

}  // namespace detail

/// Waits for a Future, or for all of a map, without a thread; gives its value or throws what its get() throws.
template <detail::FutureLike F>
auto operator co_await(const F& future) {
  return detail::FutureAwaiter<detail::FutureValue<F>>{future.future()};
}

}  // namespace gangway

template <class T, class... Args>
struct std::coroutine_traits<gangway::Future<T>, Args...> {
  using promise_type = gangway::detail::CoroutinePromise<T>;
};
