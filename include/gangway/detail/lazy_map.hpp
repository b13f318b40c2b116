// The typed half of a map that is sent as it is consumed.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <ranges>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <gangway/detail/view_core.hpp>
#include <gangway/function.hpp>

namespace gangway::detail {

/// An argument as it is kept until it is sent: a copy.
template <class Arg>
using KeptArgument =
    std::conditional_t<std::is_convertible_v<std::decay_t<Arg>, const char*>, std::string, std::decay_t<Arg>>;

/// Reads a range once, in chunks. `Range` is a reference, or the range itself. One thread at a time.
template <class Range>
class ChunkReader {
 public:
  using Element = std::ranges::range_value_t<Range>;

  explicit ChunkReader(Range&& range) : range_{std::forward<Range>(range)} {}

  /// The elements that were read and are not yet done with.
  [[nodiscard]] const std::vector<Element>& elements() const { return elements_; }

  /// Reads until there are `wanted` elements, or until it has taken some time if there is one. True if the range is
  /// slow.
  bool read(std::size_t wanted) {
    constexpr std::chrono::milliseconds patience{20};
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (elements_.size() < wanted && !at_end_) {
      if (!elements_.empty() && std::chrono::steady_clock::now() > deadline) {
        return true;
      }
      if (!next_) {
        next_.emplace(std::ranges::begin(range_));
      } else {
        ++*next_;  // only now: the next element of a generator may be long in coming
      }
      at_end_ = *next_ == std::ranges::end(range_);
      if (!at_end_) {
        elements_.push_back(**next_);
      }
    }
    return false;
  }

  void drop(std::size_t count) {
    elements_.erase(elements_.begin(), elements_.begin() + static_cast<std::ptrdiff_t>(count));
  }

 private:
  Range range_;
  std::optional<std::ranges::iterator_t<Range>> next_;  // the last that was read
  bool at_end_ = false;
  std::vector<Element> elements_;
};

/// Sends the chunks of a range as far ahead as the window allows, and gives those that are done. One thread at a
/// time.
template <class Callable, class Range, class... Args>
class LazyMap {
 public:
  using Element = typename ChunkReader<Range>::Element;

  LazyMap(const ViewCore& core, std::size_t chunk_elements, const Callable& callable, Range&& range, Args... args)
      : stream_{core, callee_of(map_stub<Callable, Element, Args...>(), callable), names_of(args...), chunk_elements},
        reader_{std::forward<Range>(range)},
        callable_{callable},
        args_{std::move(args)...} {}

  /// Nothing at the end.
  std::optional<FinishedPart> next() {
    bool is_slow = false;
    while (const std::size_t wanted = is_slow && stream_.has_finished() ? 0 : stream_.next_elements()) {
      is_slow = reader_.read(wanted);
      if (reader_.elements().empty()) {
        break;
      }
      std::size_t elements = std::min(wanted, reader_.elements().size());
      while (!send(elements)) {
        elements /= 2;
      }
      reader_.drop(elements);
    }
    return stream_.take();
  }

 private:
  bool send(std::size_t elements) {
    return std::apply(
        [&](const Args&... args) {
          const auto first = reader_.elements().begin();
          PayloadWriter writer;
          encode_map_call(writer, callable_, first, first + static_cast<std::ptrdiff_t>(elements), args...);
          return stream_.add(elements, ByteSource{writer});
        },
        args_);
  }

  MapStream stream_;
  ChunkReader<Range> reader_;
  Callable callable_;
  std::tuple<Args...> args_;
};

}  // namespace gangway::detail
