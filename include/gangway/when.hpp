// Waiting for several Futures as for one. Nothing here blocks, and no thread waits behind it.
#pragma once

#include <atomic>
#include <cstddef>
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
        if constexpr (std::is_void_v<AllOf<Fs...>>) {
          (futures.get(), ...);
        } else {
          // In braces, since these are evaluated in their order: the first failure is thrown.
          std::tuple<decltype(value_tuple(futures))...> values{value_tuple(futures)...};
          return std::apply([](auto&&... each) { return std::tuple_cat(std::move(each)...); }, std::move(values));
        }
      },
      *static_cast<const std::tuple<Fs...>*>(task.local_value().get()));
}

template <class T>
using ListOf =
    std::conditional_t<std::is_void_v<T>, void, std::vector<std::conditional_t<std::is_void_v<T>, char, T>>>;

/// The same for a list of Futures of one type.
template <class T>
ListOf<T> all_values_of_list(const TaskHandle& task) {
  const auto futures = std::static_pointer_cast<const std::vector<Future<T>>>(task.local_value());
  if constexpr (std::is_void_v<T>) {
    for (const Future<T>& future : *futures) {
      future.get();
    }
  } else {
    std::vector<T> values;
    values.reserve(futures->size());
    for (const Future<T>& future : *futures) {
      values.push_back(future.get());
    }
    return values;
  }
}

/// Settles `made` with `value` when the last of `count` tasks is ready.
class Countdown {
 public:
  Countdown(TaskHandle made, std::size_t count) : made_{std::move(made)}, left_{count} {}

  template <class Value>
  void one_less(const std::shared_ptr<const Value>& value) {
    if (left_.fetch_sub(1) == 1) {
      made_.settle(value);
    }
  }

 private:
  TaskHandle made_;
  std::atomic<std::size_t> left_;
};

/// A task that is settled with `value` when all of `tasks` are ready.
template <class Value>
TaskHandle after_all(const std::vector<TaskHandle>& tasks, std::shared_ptr<const Value> value) {
  const TaskHandle made = TaskHandle::of_this_process();
  // One more than there are, so that the last one is this function itself, when all have been attached to.
  const auto countdown = std::make_shared<Countdown>(made, tasks.size() + 1);
  for (const TaskHandle& task : tasks) {
    made.continue_like(task, task.is_made_by_continuation());
  }
  for (const TaskHandle& task : tasks) {
    task.when_ready(CallbackPlace::anywhere, [countdown, value] { countdown->one_less(value); });
  }
  countdown->one_less(value);
  return made;
}

/// A task that is settled with the number of the first of `tasks` that is ready.
GANGWAY_API TaskHandle after_first(const std::vector<TaskHandle>& tasks);

GANGWAY_API std::size_t first_index(const TaskHandle& task);

}  // namespace detail

/// A Future of what all of these give, as a tuple in their order; Futures of nothing have no place in it. It is ready
/// when all are, also if some fail: get() then throws what the first of those, in their order, throws.
template <detail::FutureLike... Futures>
auto when_all(const Futures&... futures) {
  using Kept = std::tuple<Future<detail::FutureValue<Futures>>...>;
  auto kept = std::make_shared<const Kept>(futures.future()...);
  return Future<detail::AllOf<Future<detail::FutureValue<Futures>>...>>{
      detail::after_all<Kept>({futures.future().task()...}, std::move(kept)),
      &detail::all_values_of<Future<detail::FutureValue<Futures>>...>};
}

/// The same for a range of Futures of one type: a Future of a vector, or of nothing if they give nothing.
template <std::ranges::input_range Range>
requires detail::FutureLike<std::ranges::range_value_t<Range>>
auto when_all(Range&& futures) {
  using T = detail::FutureValue<std::ranges::range_value_t<Range>>;
  using Kept = std::vector<Future<T>>;
  Kept kept;
  std::vector<detail::TaskHandle> tasks;
  for (const auto& future : futures) {
    kept.push_back(future.future());
    tasks.push_back(kept.back().task());
  }
  return Future<detail::ListOf<T>>{detail::after_all<Kept>(tasks, std::make_shared<const Kept>(std::move(kept))),
                                   &detail::all_values_of_list<T>};
}

/// A Future of the number, from 0, of the first of these to be ready, with a value or a failure. It does not fail.
/// To take many results as they come use a map's as_completed(): each call here costs as much as there are Futures.
template <detail::FutureLike... Futures>
requires(sizeof...(Futures) > 0) Future<std::size_t> when_any(const Futures&... futures) {
  return {detail::after_first({futures.future().task()...}), &detail::first_index};
}

/// The same for a range of Futures of one type. Throws Error if there are none.
template <std::ranges::input_range Range>
requires detail::FutureLike<std::ranges::range_value_t<Range>> Future<std::size_t> when_any(Range&& futures) {
  std::vector<detail::TaskHandle> tasks;
  for (const auto& future : futures) {
    tasks.push_back(future.future().task());
  }
  return {detail::after_first(tasks), &detail::first_index};
}

}  // namespace gangway
