// Which types travel, and in which form: the table of <gangway/archive.hpp> as compile-time questions.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <deque>
#include <functional>
#include <initializer_list>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include <boost/serialization/access.hpp>

#include <gangway/array.hpp>

// Known by name only: a program that uses them includes their headers.
namespace boost::serialization {
template <class T>
class nvp;
template <class T>
struct version;
}  // namespace boost::serialization

namespace gangway::detail {

class Encoder;
class Decoder;

template <class T, template <class...> class Template>
inline constexpr bool is_a = false;
template <template <class...> class Template, class... Args>
inline constexpr bool is_a<Template<Args...>, Template> = true;

template <class T>
inline constexpr bool is_std_array = false;
template <class T, std::size_t n>
inline constexpr bool is_std_array<std::array<T, n>> = true;

template <class T>
inline constexpr bool is_span = false;
template <class T, std::size_t n>
inline constexpr bool is_span<std::span<T, n>> = true;

/// Views of somebody else's elements, span or array. They can be written, but not read back as such.
template <class T>
inline constexpr bool is_view = is_span<T> || is_a<T, gangway::array>;

/// The version of a class, from BOOST_CLASS_VERSION, or 0. It is the last argument of serialize(), and makes the
/// compiler look for free functions in boost::serialization too.
template <class T, class Lookup = boost::serialization::access>
struct ClassVersion {
  constexpr operator unsigned() const {
    if constexpr (requires { boost::serialization::version<T>::value; }) {
      return static_cast<unsigned>(boost::serialization::version<T>::value);
    } else {
      return 0;
    }
  }
};

// Is there a free serialize() made for T? The overload here takes any T, as Boost's own default does: without a
// better one the call is ours or ambiguous, with a better one it is void.
namespace free_serialize {
struct NotFound {};
template <class Archive, class T>
NotFound serialize(Archive&, T&, const unsigned int);

template <class T>
inline constexpr bool exists = requires(Encoder& archive, T& value) {
  { serialize(archive, value, ClassVersion<T>{}) } -> std::same_as<void>;
};
}  // namespace free_serialize

template <class T>
inline constexpr bool has_public_serialize = requires(Encoder& archive, T& value) {
  value.serialize(archive, 0U);
};

// A member of this name, of whatever access, makes the name ambiguous in a class that inherits a second one.
struct SerializeName {
  int serialize;
};
template <class T>
struct TwoSerializeNames : T, SerializeName {};

template <class T>
consteval bool has_member_serialize() {
  if constexpr (!std::is_class_v<T> || std::is_final_v<T>) {
    return std::is_class_v<T>;  // cannot be asked of a final class; the call of serialize() will tell
  } else {
    return !requires {
      &TwoSerializeNames<T>::serialize;
    };
  }
}

/// Types of the standard library that have an encoding of their own.
template <class T>
inline constexpr bool is_known_template =
    is_a<T, std::vector> || is_a<T, std::basic_string> || is_a<T, std::pair> || is_a<T, std::tuple> ||
    is_a<T, std::optional> || is_a<T, std::variant> || is_a<T, std::deque> || is_a<T, std::list> ||
    is_a<T, std::map> || is_a<T, std::multimap> || is_a<T, std::unordered_map> || is_a<T, std::unordered_multimap> ||
    is_a<T, std::set> || is_a<T, std::multiset> || is_a<T, std::unordered_set> || is_a<T, std::unordered_multiset>;

/// Trivially copyable, and yet nothing but pointers.
template <class T>
inline constexpr bool is_borrowed = is_view<T> || is_a<T, std::basic_string_view> ||
                                    is_a<T, std::reference_wrapper> || is_a<T, std::initializer_list>;

/// True if the object's bytes are its encoding.
template <class T>
consteval bool copied_as_bytes() {
  if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>) {
    return true;
  } else if constexpr (std::is_array_v<T>) {
    return std::is_bounded_array_v<T> && copied_as_bytes<std::remove_extent_t<T>>();
  } else if constexpr (is_std_array<T>) {
    return copied_as_bytes<typename T::value_type>();
  } else if constexpr (std::is_class_v<T> || std::is_union_v<T>) {
    if constexpr (is_known_template<T> || is_borrowed<T> || !std::is_trivially_copyable_v<T>) {
      return false;
    } else {
      return !has_public_serialize<T> && !free_serialize::exists<T>;
    }
  } else {
    return false;
  }
}

/// Objects of this type may lie side by side in shared memory and be used there.
template <class T>
concept ByteCopied = copied_as_bytes<std::remove_cv_t<T>>();

/// A map or a set: what inserts.
template <class T>
inline constexpr bool is_associative =
    is_a<T, std::map> || is_a<T, std::multimap> || is_a<T, std::unordered_map> || is_a<T, std::unordered_multimap> ||
    is_a<T, std::set> || is_a<T, std::multiset> || is_a<T, std::unordered_set> || is_a<T, std::unordered_multiset>;

template <class T>
inline constexpr bool is_keyed = requires {
  typename T::mapped_type;
};

/// True if there is some serialize() for T, of its own or free.
template <class T>
inline constexpr bool is_serialized = has_public_serialize<T> || free_serialize::exists<T> ||
                                      has_member_serialize<T>();

/// What is wrong with T, told once and in words. `true` if nothing is.
template <class T>
consteval bool check_travels() {
  static_assert(!std::is_pointer_v<T> && !std::is_member_pointer_v<T> && !std::is_null_pointer_v<T>,
                "gangway: a pointer means nothing in another process; pass the object, or a vector of the elements");
  static_assert(!std::is_reference_v<T> && !is_a<T, std::reference_wrapper>,
                "gangway: a reference means nothing in another process; pass the object");
  constexpr bool is_handle = std::is_pointer_v<T> || std::is_member_pointer_v<T> || std::is_null_pointer_v<T> ||
                             std::is_reference_v<T> || is_a<T, std::reference_wrapper>;
  constexpr bool travels = copied_as_bytes<T>() || is_known_template<T> || is_view<T> ||
                           is_a<T, std::basic_string_view> || std::is_array_v<T> || is_std_array<T> ||
                           (std::is_class_v<T> && is_serialized<T>);
  static_assert(
      is_handle || travels,
      "gangway: this type cannot travel; give it `template <class Archive> void serialize(Archive&, unsigned)`");
  return !is_handle && travels;
}

}  // namespace gangway::detail
