// Named values as they are stored: an array is its elements, everything else an encoded object. Types are compared by
// their mangled names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeinfo>
#include <vector>

#include <gangway/api.hpp>
#include <gangway/archive.hpp>
#include <gangway/array.hpp>
#include <gangway/error.hpp>

namespace gangway {

/// A named value is not there, is of another type, or cannot be made.
class GANGWAY_API ValueError : public Error {
 public:
  explicit ValueError(const std::string& text, FailureKind kind = FailureKind::not_run) : Error{text}, kind_{kind} {}
  ValueError(const ValueError&) = default;
  ValueError& operator=(const ValueError&) = default;
  ~ValueError() override;

  /// FailureKind::torn if the value was being written by a task that died, else FailureKind::not_run.
  [[nodiscard]] FailureKind kind() const noexcept { return kind_; }

 private:
  FailureKind kind_;
};

namespace detail {

/// What is said about a value besides its data. `type` is the mangled name of the element or of the object.
struct ValueDescription {
  bool is_array = false;
  const char* type = "";
  std::size_t element_bytes = 0;  // of an array
};

/// A value that was found; the data are the elements, or the object's payload.
struct ValueView {
  bool is_array = false;
  std::string_view type;
  std::size_t element_bytes = 0;
  std::span<const std::byte> data;
};

/// Texts of all kinds are stored as std::string.
template <class T>
inline constexpr bool is_text = std::is_convertible_v<const T&, std::string_view> && !std::is_null_pointer_v<T>;

/// The element type if a T is stored as an array: contiguous and copied as bytes. Else void.
template <class T>
consteval auto array_element() {
  if constexpr (is_text<T>) {
    return std::type_identity<void>{};
  } else if constexpr (is_a<T, std::vector> || is_view<T> || is_std_array<T> || std::is_bounded_array_v<T>) {
    using Element = std::remove_cv_t<std::ranges::range_value_t<const T>>;
    if constexpr (ByteCopied<Element> && !std::is_same_v<T, std::vector<bool>>) {
      return std::type_identity<Element>{};
    } else {
      return std::type_identity<void>{};
    }
  } else {
    return std::type_identity<void>{};
  }
}
template <class T>
using ArrayElement = typename decltype(array_element<T>())::type;

template <class T>
inline constexpr bool stored_as_array = !std::is_void_v<ArrayElement<T>>;

/// The type that can be kept and read back: a text is a string, a view of elements a vector of them.
template <class T>
consteval auto storable() {
  if constexpr (is_text<T>) {
    return std::type_identity<std::string>{};
  } else if constexpr (is_view<T>) {
    return std::type_identity<std::vector<typename T::value_type>>{};
  } else {
    return std::type_identity<T>{};
  }
}
template <class T>
using Storable = typename decltype(storable<std::decay_t<T>>())::type;

/// How an array of T is described.
template <class T>
ValueDescription describe_array() {
  static_assert(ByteCopied<T>, "gangway: the elements of an array must be trivially copyable, without a serialize()");
  return {true, typeid(T).name(), sizeof(T)};
}

/// How a T is stored.
template <class T>
ValueDescription describe_value() {
  if constexpr (stored_as_array<T>) {
    return describe_array<ArrayElement<T>>();
  } else if constexpr (is_text<T>) {
    return {false, typeid(std::string).name(), 0};
  } else {
    return {false, typeid(T).name(), 0};
  }
}

/// A value on its way into storage. Refers to it until the last write_to().
template <class T>
class ValueWriter {
 public:
  explicit ValueWriter(const T& value) {
    if constexpr (stored_as_array<T>) {
      elements_ = std::as_bytes(std::span{std::ranges::data(value), std::ranges::size(value)});
    } else if constexpr (is_text<T>) {
      encode_item(object_, std::string_view{value}, true);
    } else {
      encode(object_, value);
    }
  }

  [[nodiscard]] ValueDescription description() const { return describe_value<T>(); }

  /// How long the data are.
  [[nodiscard]] std::size_t bytes() const { return stored_as_array<T> ? elements_.size() : object_.bytes(); }

  /// Writes the data into `out`, which is exactly bytes() long.
  void write_to(std::span<std::byte> out) const {
    if constexpr (!stored_as_array<T>) {
      object_.write_to(out);
    } else if (!elements_.empty()) {
      std::memcpy(out.data(), elements_.data(), elements_.size());
    }
  }

 private:
  std::span<const std::byte> elements_;
  PayloadWriter object_;
};

/// Throws ValueError unless `value` is as described; `what` names it, with its place.
GANGWAY_API void require_type(const ValueView& value, const ValueDescription& wanted, std::string_view what);

/// Throws ValueError: it has another number of elements than a std::array.
[[noreturn]] GANGWAY_API void throw_wrong_size(std::size_t elements, std::size_t wanted, std::string_view what);

/// The elements of an array in place. The data are aligned for T. Throws ValueError if it is something else.
template <class T>
std::span<const T> view_elements(const ValueView& value, std::string_view what) {
  require_type(value, describe_array<T>(), what);
  return {reinterpret_cast<const T*>(value.data.data()), value.data.size() / sizeof(T)};
}

/// How many elements an array of E has. Throws ValueError if the value is something else.
template <class E>
std::size_t value_count(const ValueView& value, std::string_view what) {
  require_type(value, describe_array<E>(), what);
  return value.data.size() / sizeof(E);
}

/// Appends the elements of an array of E. Throws ValueError if the value is something else.
template <class E>
void append_value(const ValueView& value, std::string_view what, std::vector<E>& out) {
  require_type(value, describe_array<E>(), what);
  append_elements<E>(value.data, out);
}

/// A stored value as a T. `what` names it in errors, with its place: `'x' of engine 3 on node7`.
/// Throws ValueError if it is of another type, ArchiveError if its bytes are not one.
template <class T>
T read_value(const ValueView& value, std::string_view what) {
  static_assert(!is_view<T>, "gangway: a view owns nothing and cannot be read back; use std::vector");
  require_type(value, describe_value<T>(), what);
  if constexpr (is_std_array<T>) {
    if constexpr (stored_as_array<T>) {
      if (value.data.size() != sizeof(T)) {
        throw_wrong_size(value.data.size() / sizeof(ArrayElement<T>), std::tuple_size_v<T>, what);
      }
      return object_from<T>(value.data);
    }
  }
  if constexpr (stored_as_array<T> && !is_std_array<T>) {
    T elements;
    append_elements<ArrayElement<T>>(value.data, elements);
    return elements;
  } else if constexpr (!stored_as_array<T>) {
    PayloadReader in{value.data};
    T object = decode<T>(in);
    in.expect_end();
    return object;
  }
}

}  // namespace detail
}  // namespace gangway
