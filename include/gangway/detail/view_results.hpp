// The typed half of views: arguments to bytes, and the parts' bytes to what a Future gives.
#pragma once

#include <cstddef>
#include <iterator>
#include <ranges>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <gangway/detail/view_core.hpp>
#include <gangway/function.hpp>
#include <gangway/future.hpp>
#include <gangway/value.hpp>

namespace gangway::detail {

template <class Callable, class... Args>
TaskHandle call(const ViewCore& core, const Callable& callable, const Args&... args) {
  const Callee callee = callee_of(call_stub<Callable, Args...>(), callable);
  PayloadWriter writer;
  encode_call(writer, callable, args...);
  return core.call(callee, names_of(args...), ByteSource{writer});
}

/// Pushes the blocks of a range, copying elements only if they do not lie side by side as the bytes that travel.
template <class Range>
TaskHandle scatter(const ViewCore& core, std::string_view name, Range& range) {
  using Element = std::ranges::range_value_t<Range>;
  using Difference = std::ranges::range_difference_t<Range>;
  const std::size_t elements = static_cast<std::size_t>(std::ranges::distance(range));
  const std::size_t engines = core.engines().size();
  ScatterBuilder builder{core, name};
  auto first = std::ranges::begin(range);
  for (std::size_t engine = 0; engine < engines; ++engine) {
    const std::size_t block_elements = elements / engines + (engine < elements % engines ? 1 : 0);
    const auto last = std::ranges::next(first, static_cast<Difference>(block_elements));
    if constexpr (std::ranges::contiguous_range<Range> && stored_as_array<std::vector<Element>>) {
      using Block = std::span<const Element>;
      const Block block = block_elements == 0 ? Block{} : Block{std::to_address(first), block_elements};
      builder.add(describe_value<Block>(), ByteSource{ValueWriter<Block>{block}});
    } else {
      using Block = std::vector<Element>;
      Block block;
      std::ranges::copy(first, last, std::back_inserter(block));
      builder.add(describe_value<Block>(), ByteSource{ValueWriter<Block>{block}});
    }
    first = last;
  }
  return builder.finish();
}

/// What several engines give when each gives an R.
template <class R>
using OfEach =
    std::conditional_t<std::is_void_v<R>, void, std::vector<std::conditional_t<std::is_void_v<R>, char, R>>>;

// ---- decoders of Futures, which are ready

inline void no_result(const TaskHandle& task) {
  task.require_success();
}

template <class R>
R first_result(const TaskHandle& task) {
  task.require_success();
  return decode_call_result<R>(task.result(0));
}

template <class R>
OfEach<R> all_results(const TaskHandle& task) {
  task.require_success();
  if constexpr (!std::is_void_v<R>) {
    std::vector<R> results;
    results.reserve(task.parts());
    for (std::size_t part = 0; part < task.parts(); ++part) {
      results.push_back(decode_call_result<R>(task.result(part)));
    }
    return results;
  }
}

template <class T>
T value_of_part(const TaskHandle& task, std::size_t part) {
  const PulledValue value = pulled_value(task, part);
  return read_value<T>(value.view(), value.what);
}

template <class T>
T first_value(const TaskHandle& task) {
  task.require_success();
  return value_of_part<T>(task, 0);
}

template <class T>
std::vector<T> all_values(const TaskHandle& task) {
  task.require_success();
  std::vector<T> values;
  values.reserve(task.parts());
  for (std::size_t part = 0; part < task.parts(); ++part) {
    values.push_back(value_of_part<T>(task, part));
  }
  return values;
}

template <class T>
std::vector<T> joined_values(const TaskHandle& task) {
  task.require_success();
  std::vector<T> joined;
  for (std::size_t part = 0; part < task.parts(); ++part) {
    if constexpr (stored_as_array<std::vector<T>>) {
      const PulledValue value = pulled_value(task, part);
      append_value<T>(value.view(), value.what, joined);
    } else {
      std::vector<T> block = value_of_part<std::vector<T>>(task, part);
      joined.insert(joined.end(), std::make_move_iterator(block.begin()), std::make_move_iterator(block.end()));
    }
  }
  return joined;
}

}  // namespace gangway::detail
