// Waiting for several Futures as for one. Nothing here blocks, and no thread waits behind it.
#pragma once

#include <atomic>
#include <cstddef>
#include <exception>
#include <memory>
#include <ranges>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <gangway/detail/continuation.hpp>
#include <gangway/error.hpp>
#include <gangway/future.hpp>

namespace gangway {

namespace detail {

template <FutureLike F>
auto value_tuple(const F& future) {
  if constexpr (std::is_void_v<FutureValue<F>>) {
    future.get();
    return std::tuple<>{};
  } else {
    return std::tuple<FutureValue<F>>{future.get()};
  }
}

/// What all of them give, or nothing if none gives something.
template <FutureLike... Fs>
using AllOf = std::conditional_t<(std::is_void_v<FutureValue<Fs>> && ...), void,
                                 decltype(std::tuple_cat(value_tuple(std::declval<const Fs&>())...))>;

/// Decoder of when_all(): asks each of the Futures in the tuple that the task was settled with.
template <class... Fs>
AllOf<Fs...> all_values_of(const TaskHandle& task) {
  return std::apply(
      [](const Fs&... futures) -> AllOf<Fs...> {
        // In braces, since these are evaluated in their order: the first failure is thrown.
        std::tuple<decltype(value_tuple(futures))...> values{value_tuple(futures)...};
        return std::apply([](auto&&... each) { return std::tuple_cat(std::move(each)...); }, std::move(values));
      },
      *static_cast<const std::tuple<Fs...>*>(task.local_value().get()));
}

/// The same for a list of Futures of one type.
template <class T>
std::vector<T> all_values_of_list(const TaskHandle& task) {
  const auto futures = std::static_pointer_cast<const std::vector<Future<T>>>(task.local_value());
  std::vector<T> values;
  values.reserve(futures->size());
  for (const Future<T>& future : *futures) {
    values.push_back(future.get());
  }
  return values;
}

// ---- what when_all() keeps: its Futures

template <class... Ts>
std::exception_ptr first_failure(const std::tuple<Future<Ts>...>& futures) {
  try {
    std::apply([](const Future<Ts>&... each) { (each.get(), ...); }, futures);
  } catch (...) {
    return std::current_exception();
  }
  return nullptr;
}

template <class T>
std::exception_ptr first_failure(const std::vector<Future<T>>& futures) {
  try {
    for (const Future<T>& future : futures) {
      future.get();
    }
  } catch (...) {
    return std::current_exception();
  }
  return nullptr;
}

/// Settles `made` when the last of `count` tasks is ready. With the Futures, whose values the decoder makes where
/// they are asked for; or, if they have no values, with nothing but their failure: when_all() of when_all() and so on
/// keeps no chain.
template <class Kept, bool has_values>
class Countdown {
 public:
  Countdown(TaskHandle made, std::size_t count, std::shared_ptr<const Kept> futures)
      : made_{std::move(made)}, left_{count}, futures_{std::move(futures)} {}

  void one_less() {
    if (left_.fetch_sub(1) != 1) {
      return;
    }
    if constexpr (has_values) {
      made_.settle(std::move(futures_));
    } else {
      made_.settle(nullptr, first_failure(*futures_));
    }
  }

 private:
  TaskHandle made_;
  std::atomic<std::size_t> left_;
  std::shared_ptr<const Kept> futures_;
};

/// A task that is settled when all of `tasks`, which are those of `futures`, are ready.
template <bool has_values, class Kept>
TaskHandle after_all(const std::vector<TaskHandle>& tasks, Kept futures) {
  TaskHandle made = TaskHandle::of_this_process();
  for (const TaskHandle& task : tasks) {
    made.continue_like(task, task.is_made_by_continuation());
  }
  // One more than there are, so that the last one is this function itself, when all have been attached to.
  const auto countdown = std::make_shared<Countdown<Kept, has_values>>(
      made, tasks.size() + 1, std::make_shared<const Kept>(std::move(futures)));
  for (const TaskHandle& task : tasks) {
    task.when_ready(CallbackPlace::anywhere, [countdown] { countdown->one_less(); });
  }
  countdown->one_less();
  return made;
}

/// A task that is settled with the number of the first of `tasks` that is ready.
GANGWAY_API TaskHandle after_first(const std::vector<TaskHandle>& tasks);

}  // namespace detail

/// A Future of what all of these give, as a tuple in their order; Futures of nothing have no place in it. It is ready
/// when all are, also if some fail: get() then throws what the first of those, in their order, throws.
template <detail::FutureLike... Futures>
auto when_all(const Futures&... futures) {
  using Values = detail::AllOf<Future<detail::FutureValue<Futures>>...>;
  constexpr bool has_values = !std::is_void_v<Values>;
  const detail::TaskHandle made = detail::after_all<has_values>(
      {futures.future().task()...}, std::tuple<Future<detail::FutureValue<Futures>>...>{futures.future()...});
  if constexpr (has_values) {
    return Future<Values>{made, &detail::all_values_of<Future<detail::FutureValue<Futures>>...>};
  } else {
    return Future<void>{made, &detail::local_result<void>};
  }
}

/// The same for a range of Futures of one type: a Future of a vector, or of nothing if they give nothing.
template <std::ranges::input_range Range>
requires detail::FutureLike<std::ranges::range_value_t<Range>>
auto when_all(Range&& futures) {
  using T = detail::FutureValue<std::ranges::range_value_t<Range>>;
  constexpr bool has_values = !std::is_void_v<T>;
  std::vector<Future<T>> kept;
  std::vector<detail::TaskHandle> tasks;
  for (const auto& future : futures) {
    kept.push_back(future.future());
    tasks.push_back(kept.back().task());
  }
  const detail::TaskHandle made = detail::after_all<has_values>(tasks, std::move(kept));
  if constexpr (has_values) {
    return Future<std::vector<T>>{made, &detail::all_values_of_list<T>};
  } else {
    return Future<void>{made, &detail::local_result<void>};
  }
}

/// A Future of the number, from 0, of the first of these to be ready, with a value or a failure. It does not fail.
/// To take many results as they come use a map's as_completed(): each call here costs as much as there are Futures.
template <detail::FutureLike... Futures>
requires(sizeof...(Futures) > 0) Future<std::size_t> when_any(const Futures&... futures) {
  return {detail::after_first({futures.future().task()...}), &detail::local_result<std::size_t>};
}

/// The same for a range of Futures of one type. Throws Error if there are none.
template <std::ranges::input_range Range>
requires detail::FutureLike<std::ranges::range_value_t<Range>> Future<std::size_t> when_any(Range&& futures) {
  std::vector<detail::TaskHandle> tasks;
  for (const auto& future : futures) {
    tasks.push_back(future.future().task());
  }
  return {detail::after_first(tasks), &detail::local_result<std::size_t>};
}

}  // namespace gangway
