// Payloads to values; the forms are those of <gangway/archive.hpp>.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <utility>

#include <gangway/detail/archive_traits.hpp>
#include <gangway/detail/encode.hpp>
#include <gangway/detail/payload.hpp>

namespace gangway::detail {

template <class T>
T decode_item(PayloadReader& in);

/// Reads into an object that is there already.
template <class T>
void decode_into(PayloadReader& in, T& value);

/// What a user's serialize() sees when an object is read.
class Decoder {
 public:
  using is_saving = std::false_type;
  using is_loading = std::true_type;

  explicit Decoder(PayloadReader& in) : in_{in} {}

  template <class T>
  Decoder& operator>>(T&& value) {
    using Value = std::remove_cvref_t<T>;
    if constexpr (is_a<Value, boost::serialization::nvp>) {
      return *this >> value.value();
    } else {
      decode_into(in_, const_cast<Value&>(value));  // wrappers are made const where they are used
      return *this;
    }
  }
  template <class T>
  Decoder& operator&(T&& value) {
    return *this >> std::forward<T>(value);
  }

  /// Raw bytes, for Boost's make_binary_object().
  void load_binary(void* data, std::size_t bytes) { std::memcpy(data, in_.take(bytes).data(), bytes); }

  /// Boost's containers tell where an element went; nothing here depends on addresses.
  template <class T>
  void reset_object_address(const T*, const T*) {}

 private:
  PayloadReader& in_;
};

/// An object from its bytes, whatever constructors it has. `bytes` are sizeof(T).
template <ByteCopied T>
T object_from(std::span<const std::byte> bytes) {
  if constexpr (std::is_same_v<T, bool>) {
    return std::to_integer<unsigned>(bytes[0]) != 0;
  } else if constexpr (std::is_trivially_copyable_v<T>) {
    std::array<std::byte, sizeof(T)> copy;
    std::memcpy(copy.data(), bytes.data(), sizeof(T));
    return std::bit_cast<T>(copy);
  }
}

/// Appends elements from their bytes; `bytes` are a multiple of sizeof(T).
template <ByteCopied T, class Sequence>
void append_elements(std::span<const std::byte> bytes, Sequence& out) {
  const std::size_t count = bytes.size() / sizeof(T);
  if constexpr (std::default_initializable<T>) {
    const std::size_t begin = out.size();
    out.resize(begin + count);
    if (count != 0) {
      std::memcpy(static_cast<void*>(out.data() + begin), bytes.data(), bytes.size());
    }
  } else {
    out.reserve(out.size() + count);
    for (std::size_t i = 0; i < count; ++i) {
      out.push_back(object_from<T>(bytes.subspan(i * sizeof(T), sizeof(T))));
    }
  }
}

/// Calls `read_one` for each element of a list, then passes over what filled the list up.
template <class ReadOne>
void decode_elements(PayloadReader& in, std::size_t count, ReadOne read_one) {
  const std::size_t before = in.left();
  for (std::size_t i = 0; i < count; ++i) {
    read_one();
  }
  const std::size_t read = before - in.left();
  if (read < count) {
    in.take(count - read);
  }
}

/// Memory is taken in advance for at most this many elements: a count alone shall not cost any.
inline constexpr std::size_t reserved_elements_max = 4096;

template <class T>
void decode_contiguous(PayloadReader& in, T& value) {
  using Element = typename T::value_type;
  value.clear();
  if constexpr (is_a<T, std::vector> && std::is_same_v<Element, bool>) {
    const std::size_t count = in.take_count();
    value.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      value.push_back(in.take_flag());
    }
  } else if constexpr (ByteCopied<Element>) {
    const auto count = in.take_number<std::uint64_t>();
    append_elements<Element>(in.take_elements(count, sizeof(Element)), value);
  } else {
    const std::size_t count = in.take_count();
    value.reserve(std::min(count, reserved_elements_max));
    decode_elements(in, count, [&] { value.push_back(decode_item<Element>(in)); });
  }
}

template <class T>
void decode_list(PayloadReader& in, T& value) {
  value.clear();
  decode_elements(in, in.take_count(), [&] {
    if constexpr (is_keyed<T>) {
      auto key = decode_item<typename T::key_type>(in);
      value.emplace_hint(value.end(), std::move(key), decode_item<typename T::mapped_type>(in));
    } else if constexpr (is_associative<T>) {
      value.emplace_hint(value.end(), decode_item<typename T::key_type>(in));
    } else {
      value.push_back(decode_item<typename T::value_type>(in));
    }
  });
}

template <class Variant, std::size_t index = 0>
Variant decode_alternative(PayloadReader& in, std::size_t wanted) {
  if constexpr (index < std::variant_size_v<Variant>) {
    if (wanted == index) {
      return Variant{std::in_place_index<index>, decode_item<std::variant_alternative_t<index, Variant>>(in)};
    }
    return decode_alternative<Variant, index + 1>(in, wanted);
  } else {
    throw_archive_error("alternative " + std::to_string(wanted) + " of " + demangle(typeid(Variant).name()) +
                        ", which has fewer: the bytes are of another type");
  }
}

template <class T, std::size_t... index>
T decode_members([[maybe_unused]] PayloadReader& in, std::index_sequence<index...>) {
  return T{decode_item<std::remove_cv_t<std::tuple_element_t<index, T>>>(in)...};
}

template <class T>
T decode_item(PayloadReader& in) {
  static_assert(!is_borrowed<T>,
                "gangway: a view owns nothing and cannot be read back; use the container that it views");
  if constexpr (is_borrowed<T> || !check_travels<T>()) {
    std::abort();  // not compiled: said above
  } else if constexpr (std::is_same_v<T, bool>) {
    return in.take_flag();
  } else if constexpr (ByteCopied<T>) {
    if constexpr (std::is_empty_v<T> && is_std_array<T>) {
      return T{};
    } else if constexpr (is_std_array<T>) {
      return object_from<T>(in.take_elements(std::tuple_size_v<T>, sizeof(typename T::value_type)));
    } else {
      return object_from<T>(in.take(sizeof(T)));
    }
  } else if constexpr (is_a<T, std::pair> || is_a<T, std::tuple>) {
    return decode_members<T>(in, std::make_index_sequence<std::tuple_size_v<T>>{});
  } else if constexpr (is_a<T, std::optional>) {
    return in.take_flag() ? T{std::in_place, decode_item<typename T::value_type>(in)} : T{};
  } else if constexpr (is_a<T, std::variant>) {
    return decode_alternative<T>(in, in.take_number<std::uint8_t>());
  } else {
    static_assert(std::is_default_constructible_v<T>,
                  "gangway: a class that is read back by serialize() needs a default constructor");
    T value = T();
    decode_into(in, value);
    return value;
  }
}

template <class T>
void decode_into(PayloadReader& in, T& value) {
  if constexpr (std::is_array_v<T> || is_std_array<T>) {
    if constexpr (ByteCopied<T>) {
      const auto bytes = in.take_elements(std::size(value), sizeof *std::data(value));
      std::memcpy(static_cast<void*>(std::data(value)), bytes.data(), bytes.size());
    } else {
      for (auto& element : value) {
        decode_into(in, element);
      }
    }
  } else if constexpr (is_a<T, std::vector> || is_a<T, std::basic_string>) {
    decode_contiguous(in, value);
  } else if constexpr (is_associative<T> || is_a<T, std::deque> || is_a<T, std::list>) {
    decode_list(in, value);
  } else if constexpr (!is_borrowed<T> && !ByteCopied<T> && !is_known_template<T> && std::is_class_v<T> &&
                       is_serialized<T>) {
    const Nesting nesting{in.depth()};
    Decoder archive{in};
    call_serialize(archive, value);
  } else if constexpr (ByteCopied<T> && !std::is_same_v<T, bool>) {
    std::memcpy(static_cast<void*>(std::addressof(value)), in.take(sizeof(T)).data(), sizeof(T));
  } else {
    value = decode_item<T>(in);
  }
}

}  // namespace gangway::detail
