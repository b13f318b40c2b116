// How a function is attached to a Future.
#pragma once

#include <concepts>
#include <exception>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include <gangway/detail/task_handle.hpp>

namespace gangway {

template <class T>
class Future;

namespace detail {

/// A Future, or what gives one by future().
template <class F>
concept FutureLike = requires(const std::remove_cvref_t<F>& future) {
  typename std::remove_cvref_t<F>::Value;
  { future.future() } -> std::convertible_to<Future<typename std::remove_cvref_t<F>::Value>>;
};

template <FutureLike F>
using FutureValue = typename std::remove_cvref_t<F>::Value;

// ---- decoders of what this process has made

/// A copy of the value.
template <class T>
T local_result(const TaskHandle& task) {
  task.require_success();
  if constexpr (!std::is_void_v<T>) {
    return *static_cast<const T*>(task.local_value().get());
  }
}

/// The value of another Future, which is ready.
template <class T>
T inner_result(const TaskHandle& task) {
  task.require_success();
  return static_cast<const Future<T>*>(task.local_value().get())->get();
}

// ---- then()

template <class Function, class T>
struct TakesValue : std::is_invocable<Function, T> {};
template <class Function>
struct TakesValue<Function, void> : std::is_invocable<Function> {};

template <class T>
struct ThenUnwrapped {
  using type = std::decay_t<T>;
};
template <>
struct ThenUnwrapped<void> {
  using type = void;
};
template <FutureLike T>
struct ThenUnwrapped<T> {
  using type = FutureValue<T>;
};

/// Calls the function with what it takes of a ready Future.
template <class T, class Function>
decltype(auto) call_with_ready(Function& function, const Future<T>& ready) {
  if constexpr (!TakesValue<Function&, T>::value) {
    return std::invoke(function, ready);
  } else if constexpr (std::is_void_v<T>) {
    ready.get();
    return std::invoke(function);
  } else {
    return std::invoke(function, ready.get());
  }
}

/// Calls the function and settles `made` with what it gives.
template <class T, class Function>
void continue_with(const TaskHandle& made, Function& function, const Future<T>& ready) {
  using Result = decltype(call_with_ready(function, ready));
  std::shared_ptr<const void> value;
  std::exception_ptr error;
  try {
    if constexpr (std::is_void_v<Result>) {
      call_with_ready(function, ready);
    } else if constexpr (FutureLike<Result>) {
      using Inner = Future<FutureValue<Result>>;
      auto inner = std::make_shared<const Inner>(call_with_ready(function, ready).future());
      const TaskHandle task = inner->task();
      made.take_over(task, std::move(inner));
      return;
    } else {
      value = std::make_shared<const std::decay_t<Result>>(call_with_ready(function, ready));
    }
  } catch (...) {
    error = std::current_exception();
  }
  made.settle(std::move(value), std::move(error));
}

template <class T, class Function>
auto attach(const Future<T>& future, Function&& function) {
  using Callable = std::decay_t<Function>;
  // The second is looked at only if the first is not so: of a generic lambda that might not compile.
  static_assert(std::disjunction_v<TakesValue<Callable&, T>, std::is_invocable<Callable&, const Future<T>&>>,
                "gangway: the function of then() takes the Future's value, or the Future");
  using Result = decltype(call_with_ready(std::declval<Callable&>(), future));
  using Value = typename ThenUnwrapped<Result>::type;
  static_assert(
      std::is_void_v<Value> || std::is_copy_constructible_v<Value>,
      "gangway: what the function of then() returns is shared by the copies of a Future: it must be copyable");
  const TaskHandle made = FutureLike<Result> ? TaskHandle::relay() : TaskHandle::of_this_process();
  made.continue_like(future.task(), true);
  auto shared = std::make_shared<Callable>(std::forward<Function>(function));  // may be movable only
  future.task().when_ready(CallbackPlace::continuation, [made, future, function = std::move(shared)]() mutable {
    const std::shared_ptr<Callable> kept = std::move(function);
    continue_with(made, *kept, future);
  });
  if constexpr (FutureLike<Result>) {
    return Future<Value>{made, &inner_result<Value>};
  } else {
    return Future<Value>{made, &local_result<Value>};
  }
}

}  // namespace detail
}  // namespace gangway
