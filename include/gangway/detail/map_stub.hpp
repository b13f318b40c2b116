// A chunk of a map: one function, some arguments, many elements. An element that throws costs itself only.
//
// The chunk is callable, arguments, elements as a vector. The answer is
//   u64 elements, u64 failures, for each failure u64 index and the texts type, text; then the values as a vector,
//   without the failed ones (none if the function returns nothing).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <gangway/detail/call_stub.hpp>

namespace gangway::detail {

/// What one element threw.
struct ElementFailure {
  std::uint64_t index = 0;  // in the chunk
  std::string type;
  std::string text;
};

/// What a chunk gave.
template <class R>
struct MapResult {
  std::uint64_t count = 0;               // elements, failed or not
  std::vector<R> values;                 // in order, without the failed
  std::vector<ElementFailure> failures;  // by rising index
};
template <>
struct MapResult<void> {
  std::uint64_t count = 0;
  std::vector<ElementFailure> failures;
};

/// Elements that are kept side by side as bytes.
template <class P>
inline constexpr bool in_bulk = !is_view_parameter<P> && ByteCopied<ArgumentType<P>>;

/// Writes the elements [first, last) of a forward range for a parameter P.
template <class P, class Iterator>
void encode_map_elements(PayloadWriter& out, Iterator first, Iterator last) {
  using Travels = ArgumentType<P>;
  const auto count = static_cast<std::size_t>(std::distance(first, last));
  out.put_number(static_cast<std::uint64_t>(count));
  if constexpr (in_bulk<P> && std::contiguous_iterator<Iterator> &&
                std::is_same_v<std::iter_value_t<Iterator>, Travels>) {
    encode_elements<Travels>(out, std::to_address(first), count, true);
  } else if constexpr (in_bulk<P>) {
    const std::size_t bytes = count * sizeof(Travels);
    std::byte* segment = bytes < segment_bytes_min ? nullptr : out.add_segment(bytes);
    for (; first != last; ++first) {
      const auto element = static_cast<Travels>(*first);
      if (segment == nullptr) {
        out.put(&element, sizeof element);
      } else {
        std::memcpy(segment, &element, sizeof element);
        segment += sizeof element;
      }
    }
  } else {
    const std::size_t begin = out.band_bytes();
    for (; first != last; ++first) {
      const auto& element = *first;
      encode_for_parameter<P>(out, element, std::is_lvalue_reference_v<std::iter_reference_t<Iterator>>);
    }
    fill_list(out, begin, count);
  }
}

/// Reads the elements again, one at a time.
template <class P>
class ElementReader {
 public:
  explicit ElementReader(PayloadReader& in) : in_{in} {
    if constexpr (in_bulk<P>) {
      count_ = in.take_number<std::uint64_t>();
      bytes_ = in.take_elements(count_, sizeof(ArgumentType<P>));
    } else {
      count_ = in.take_count();
      begin_ = in.left();
    }
  }

  [[nodiscard]] std::uint64_t count() const { return count_; }

  Slot<P> next() {
    if constexpr (in_bulk<P>) {
      using Element = ArgumentType<P>;
      const auto bytes = bytes_.first(sizeof(Element));
      bytes_ = bytes_.subspan(sizeof(Element));
      return Slot<P>{object_from<Element>(bytes)};
    } else {
      return Slot<P>::element(in_);
    }
  }

  /// After the last element.
  void finish() {
    if constexpr (!in_bulk<P>) {
      const std::size_t read = begin_ - in_.left();
      if (read < count_) {
        in_.take(count_ - read);
      }
    }
    in_.expect_end();
  }

 private:
  PayloadReader& in_;
  std::uint64_t count_ = 0;
  std::span<const std::byte> bytes_;
  std::size_t begin_ = 0;
};

GANGWAY_API void encode_failures(PayloadWriter& out, std::uint64_t count,
                                 const std::vector<ElementFailure>& failures);
/// Throws ArchiveError.
GANGWAY_API std::vector<ElementFailure> decode_failures(PayloadReader& in, std::uint64_t count);
[[noreturn]] GANGWAY_API void throw_wrong_map_result(std::uint64_t count, std::size_t values, std::size_t failures);

/// A result as it can be kept.
template <class Stored, class R>
Stored stored(R&& result) {
  if constexpr (is_view<std::remove_cvref_t<R>>) {
    return Stored(result.begin(), result.end());
  } else {
    return static_cast<Stored>(std::forward<R>(result));
  }
}

/// Collects what a chunk gives.
template <class R>
class MapAnswer {
 public:
  template <class Call>
  void add(std::uint64_t index, Call call) {
    try {
      if constexpr (std::is_void_v<R>) {
        call();
      } else {
        result_.values.push_back(stored<R>(call()));
      }
    } catch (...) {
      auto [type, text] = describe_current_exception();
      result_.failures.push_back({index, std::move(type), std::move(text)});
    }
  }

  void write(PayloadWriter& out, std::uint64_t count) const {
    encode_failures(out, count, result_.failures);
    if constexpr (!std::is_void_v<R>) {
      encode(out, result_.values);
    }
  }

 private:
  MapResult<R> result_;
};

template <class FunctionType>
struct MapOf {};

/// The stub of one chunk.
template <class Callable, class Signature>
struct MapStub {
  using CallableType = Callable;
  using SignatureTag = MapOf<typename Signature::FunctionType>;
  using Element = typename Signature::Parameters::First;
  using Result = typename decltype(result_type<typename Signature::Result>())::type;

  static void run(std::span<const std::byte> arguments, Engine& engine, CallPort& port) {
    PayloadReader in{arguments};
    const Callable callable = decode_callable<Callable>(in);
    Slots<typename Signature::Parameters::Rest> slots{in, engine.port()};
    ElementReader<Element> elements{in};
    MapAnswer<Result> answer;
    port.started();
    for (std::uint64_t index = 0; index < elements.count(); ++index) {
      Slot<Element> element = elements.next();
      std::apply(
          [&](auto&... slot) {
            answer.add(index, [&]() -> decltype(auto) {
              return call_with<Signature>(callable, engine, element.pass(), slot.pass_again()...);
            });
          },
          slots.all);
    }
    port.returned();
    elements.finish();
    PayloadWriter out;
    answer.write(out, elements.count());
    port.deliver(out);
  }
};

/// Reads what a chunk gave. Throws ArchiveError if the bytes are not that.
template <class R>
MapResult<R> decode_map_result(std::span<const std::byte> payload) {
  PayloadReader in{payload};
  MapResult<R> result;
  result.count = in.take_number<std::uint64_t>();
  result.failures = decode_failures(in, result.count);
  std::size_t values = static_cast<std::size_t>(result.count) - result.failures.size();
  if constexpr (!std::is_void_v<R>) {
    result.values = decode<std::vector<R>>(in);
    values = result.values.size();
  }
  in.expect_end();
  if (values + result.failures.size() != result.count) {
    throw_wrong_map_result(result.count, values, result.failures.size());
  }
  return result;
}

/// Calls `on_value(index, value)` - `on_value(index)` for void - and `on_failure(failure)` for each element in order.
template <class R, class OnValue, class OnFailure>
void for_each_result(MapResult<R>&& result, OnValue on_value, OnFailure on_failure) {
  auto failure = result.failures.begin();
  [[maybe_unused]] std::size_t value = 0;
  for (std::uint64_t index = 0; index < result.count; ++index) {
    if (failure != result.failures.end() && failure->index == index) {
      on_failure(*failure++);
    } else if constexpr (std::is_void_v<R>) {
      on_value(index);
    } else {
      on_value(index, R(std::move(result.values[value++])));
    }
  }
}

}  // namespace gangway::detail
