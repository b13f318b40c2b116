// The results of a map, all at once in order or one by one as they come.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include <gangway/detail/map_stub.hpp>
#include <gangway/detail/view_core.hpp>
#include <gangway/detail/view_results.hpp>
#include <gangway/error.hpp>
#include <gangway/future.hpp>
#include <gangway/ids.hpp>

namespace gangway {

/// One element of a map's range and what the function gave for it.
template <class R>
struct MapElement {
  std::size_t index = 0;
  R value;
};
template <>
struct MapElement<void> {
  std::size_t index = 0;
};

namespace detail {

/// What one element threw, as the user sees it.
inline RemoteError element_error(const TaskHandle& task, std::size_t part, const ElementFailure& failure) {
  RemoteError::Details details = task.details(part);
  details.kind = FailureKind::exception;
  details.type = failure.type;
  details.text = failure.text;
  details.index = task.first_element(part) + failure.index;
  details.elements = 1;
  return RemoteError{std::move(details)};
}

}  // namespace detail

/// The elements of a map in the order in which they are done, for one pass: `for (auto [index, value] : ...)`. It
/// keeps what it needs of the map alive. To be moved only before begin(); one thread at a time.
///
/// Going to an element that failed throws its RemoteError, or one RemoteError for a whole chunk; calling begin()
/// again goes on behind it. ConnectionError ends the range.
template <class R>
class CompletedElements {
 public:
  class Iterator {
   public:
    using iterator_concept = std::input_iterator_tag;
    using value_type = MapElement<R>;
    using difference_type = std::ptrdiff_t;

    explicit Iterator(CompletedElements& range) : range_{&range} {}

    MapElement<R>& operator*() const { return *range_->current_; }
    MapElement<R>* operator->() const { return &*range_->current_; }
    Iterator& operator++() {
      range_->advance();
      return *this;
    }
    void operator++(int) { range_->advance(); }
    friend bool operator==(const Iterator& iterator, std::default_sentinel_t) { return iterator.at_end(); }

   private:
    [[nodiscard]] bool at_end() const { return !range_->current_; }

    CompletedElements* range_;
  };

  /// Waits for the next part that is done and gives it; nothing at the end.
  using Source = std::function<std::optional<detail::FinishedPart>()>;

  explicit CompletedElements(Source source) : source_{std::move(source)} {}

  /// Goes to the next element that is done; waits for it.
  Iterator begin() {
    advance();
    return Iterator{*this};
  }
  [[nodiscard]] std::default_sentinel_t end() const { return {}; }

 private:
  void advance() {
    current_.reset();
    while (index_ == chunk_.count) {
      if (!next_chunk()) {
        return;
      }
    }
    const std::size_t index = index_++;
    if (failures_seen_ < chunk_.failures.size() && chunk_.failures[failures_seen_].index == index) {
      throw detail::element_error(from_->task, from_->part, chunk_.failures[failures_seen_++]);
    }
    const std::size_t in_range = from_->task.first_element(from_->part) + index;
    if constexpr (std::is_void_v<R>) {
      current_.emplace(MapElement<R>{in_range});
    } else {
      current_.emplace(MapElement<R>{in_range, R(std::move(chunk_.values[index - failures_seen_]))});
    }
  }

  /// False at the end.
  bool next_chunk() {
    chunk_ = {};
    index_ = 0;
    failures_seen_ = 0;
    from_.reset();
    try {
      from_ = source_ ? source_() : std::nullopt;
      if (!from_) {
        return false;
      }
      if (auto error = from_->task.failure(from_->part)) {
        throw RemoteError{*error};
      }
    } catch (const ConnectionError&) {
      source_ = nullptr;
      throw;
    }
    chunk_ = detail::decode_map_result<R>(from_->task.result(from_->part));
    return true;
  }

  Source source_;
  std::optional<detail::FinishedPart> from_;
  detail::MapResult<R> chunk_;
  std::size_t index_ = 0;  // of the next element in the chunk
  std::size_t failures_seen_ = 0;
  std::optional<MapElement<R>> current_;
};

namespace detail {

/// Decoder of a whole map, in the range's order.
template <class R>
OfEach<R> map_values(const TaskHandle& task) {
  FailureList failures;
  std::vector<std::conditional_t<std::is_void_v<R>, char, R>> values;
  for (std::size_t part = 0; part < task.parts(); ++part) {
    if (auto error = task.failure(part)) {
      failures.add(*std::move(error));
      continue;
    }
    for_each_result<R>(
        decode_map_result<R>(task.result(part)),
        [&]([[maybe_unused]] std::uint64_t index, auto&&... value) {
          (values.push_back(std::forward<decltype(value)>(value)), ...);
        },
        [&](const ElementFailure& failure) { failures.add(element_error(task, part, failure)); });
  }
  failures.throw_if_any(task.progress().total);
  if constexpr (!std::is_void_v<R>) {
    return values;
  }
}

}  // namespace detail

/// A shared handle to the results of a map; copies stand for the same map. It may be thrown away. All threads may use
/// one, and its copies, together.
template <class R>
class MapFuture {
 public:
  using Value = detail::OfEach<R>;

  explicit MapFuture(detail::TaskHandle task) : task_{std::move(task)} {}

  /// Waits for all elements and returns the results in the range's order (nothing, if the function returns nothing).
  /// Throws RemoteError if something failed, CompositeError if several did, ConnectionError if the gateway was lost
  /// before.
  Value get() const { return future().get(); }

  /// The same as a Future.
  [[nodiscard]] Future<Value> future() const { return {task_, &detail::map_values<R>}; }

  /// Calls `function` with all results, or with a Future of them; see Future::then().
  template <class Function>
  auto then(Function function) const {
    return future().then(std::move(function));
  }

  /// The elements as they are done. The result may outlive this object. The whole map is sent and its results are
  /// kept, however slowly they are taken: for more than fits in memory see BalancedView::as_completed().
  [[nodiscard]] CompletedElements<R> as_completed() const {
    return CompletedElements<R>{[task = task_, seen = std::size_t{0}]() mutable {
      std::optional<detail::FinishedPart> next;
      if (seen < task.parts()) {
        next.emplace(detail::FinishedPart{task, task.wait_for_nth(seen++)});
      }
      return next;
    }};
  }

  /// How many elements are done, how fast, and what the rest will take.
  [[nodiscard]] Progress progress() const { return task_.progress(); }

  /// Waits until all elements are done or failed.
  void wait() const { task_.wait(); }

  /// Waits at most `duration`, any duration of std::chrono; true if all elements are done or failed.
  [[nodiscard]] bool wait_for(std::chrono::duration<double> duration) const { return task_.wait_for(duration); }

  /// True if get() would not wait.
  [[nodiscard]] bool ready() const { return task_.ready(); }

  /// The number of the first chunk's task. Waits until the controller has accepted it; throws Error if the range is
  /// empty.
  [[nodiscard]] TaskId id() const { return task_.id(); }

  /// How many chunks there are.
  [[nodiscard]] std::size_t parts() const { return task_.parts(); }

  /// Where and when a chunk ran, without waiting; throws std::out_of_range if there is no such chunk.
  [[nodiscard]] TaskInfo info(std::size_t part) const { return task_.info(part); }

  /// For Gangway's own use.
  [[nodiscard]] const detail::TaskHandle& task() const { return task_; }

 private:
  detail::TaskHandle task_;
};

}  // namespace gangway
