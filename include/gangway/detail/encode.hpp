// Values to payloads; the forms are those of <gangway/archive.hpp>.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <type_traits>

#include <gangway/detail/archive_traits.hpp>
#include <gangway/detail/payload.hpp>

namespace gangway::detail {

/// Calls the serialize() of T with either archive.
template <class Archive, class T>
void call_serialize(Archive& archive, T& value) {
  if constexpr (free_serialize::exists<T>) {
    serialize(archive, value, ClassVersion<T>{});
  } else {
    boost::serialization::access::serialize(archive, value, ClassVersion<T>{});
  }
}

/// `lasting`: the value stays where it is until the payload is written.
template <class T>
void encode_item(PayloadWriter& out, const T& value, bool lasting);

/// What a user's serialize() sees when an object is written.
class Encoder {
 public:
  using is_saving = std::true_type;
  using is_loading = std::false_type;

  template <class T>
  Encoder(PayloadWriter& out, const T& object, bool lasting)
      : out_{out},
        object_{reinterpret_cast<std::uintptr_t>(std::addressof(object))},
        bytes_{sizeof object},
        lasting_{lasting} {}

  template <class T>
  Encoder& operator<<(const T& value) {
    if constexpr (is_a<T, boost::serialization::nvp>) {
      return *this << value.const_value();
    } else {
      encode_item(out_, value, lasting_ && holds(std::addressof(value)));
      return *this;
    }
  }
  template <class T>
  Encoder& operator&(const T& value) {
    return *this << value;
  }

  /// Raw bytes, for Boost's make_binary_object().
  void save_binary(const void* data, std::size_t bytes) { out_.put(data, bytes); }

 private:
  /// A member lasts as long as its object; what serialize() made for the occasion does not, and lies elsewhere.
  [[nodiscard]] bool holds(const void* member) const {
    return reinterpret_cast<std::uintptr_t>(member) - object_ < bytes_;
  }

  PayloadWriter& out_;
  std::uintptr_t object_;
  std::size_t bytes_;
  bool lasting_;
};

/// `count` elements side by side, in band or as a segment.
template <ByteCopied T>
void encode_elements(PayloadWriter& out, const T* elements, std::size_t count, bool lasting) {
  const std::size_t bytes = count * sizeof(T);
  if (bytes < segment_bytes_min) {
    if (bytes != 0) {
      out.put(elements, bytes);
    }
  } else if (lasting) {
    out.refer(elements, bytes);
  } else {
    std::memcpy(out.add_segment(bytes), elements, bytes);
  }
}

/// Fills up what a list of `count` elements has written since `begin`, so that it takes at least `count` bytes.
inline void fill_list(PayloadWriter& out, std::size_t begin, std::size_t count) {
  const std::size_t written = out.band_bytes() - begin;
  if (written < count) {
    out.put_zeros(count - written);
  }
}

template <class List>
void encode_list(PayloadWriter& out, const List& list, bool lasting) {
  out.put_number(static_cast<std::uint64_t>(list.size()));
  const std::size_t begin = out.band_bytes();
  for (const auto& element : list) {
    if constexpr (is_keyed<List>) {
      encode_item(out, element.first, lasting);
      encode_item(out, element.second, lasting);
    } else {
      encode_item(out, element, lasting);
    }
  }
  fill_list(out, begin, list.size());
}

template <class... Alternatives>
void encode_variant(PayloadWriter& out, const std::variant<Alternatives...>& value, bool lasting) {
  static_assert(sizeof...(Alternatives) <= std::numeric_limits<std::uint8_t>::max(),
                "gangway: a variant of more than 255 types cannot travel");
  if (value.valueless_by_exception()) {
    throw_archive_error("a std::variant holds no value; give it one before it is sent");
  }
  out.put_number(static_cast<std::uint8_t>(value.index()));
  std::visit([&](const auto& held) { encode_item(out, held, lasting); }, value);
}

/// vector, string, and views of contiguous elements.
template <class Range>
void encode_contiguous(PayloadWriter& out, const Range& range, bool lasting) {
  using Element = std::remove_cv_t<typename Range::value_type>;
  if constexpr (std::is_same_v<Range, std::vector<bool, typename std::vector<bool>::allocator_type>>) {
    out.put_number(static_cast<std::uint64_t>(range.size()));
    for (const bool flag : range) {
      out.put_number(flag);
    }
  } else if constexpr (ByteCopied<Element>) {
    out.put_number(static_cast<std::uint64_t>(range.size()));
    encode_elements<Element>(out, range.data(), range.size(), lasting);
  } else {
    encode_list(out, range, lasting);
  }
}

template <class T>
void encode_item(PayloadWriter& out, const T& value, bool lasting) {
  if constexpr (!check_travels<T>()) {
    // said above
  } else if constexpr (std::is_array_v<T> || is_std_array<T>) {
    if constexpr (ByteCopied<T>) {
      encode_elements(out, std::data(value), std::size(value), lasting);
    } else {
      for (const auto& element : value) {
        encode_item(out, element, lasting);
      }
    }
  } else if constexpr (ByteCopied<T>) {
    out.put(std::addressof(value), sizeof value);
  } else if constexpr (is_a<T, std::vector> || is_a<T, std::basic_string> || is_a<T, std::basic_string_view> ||
                       is_view<T>) {
    encode_contiguous(out, value, lasting);
  } else if constexpr (is_a<T, std::pair> || is_a<T, std::tuple>) {
    std::apply([&](const auto&... member) { (encode_item(out, member, lasting), ...); }, value);
  } else if constexpr (is_a<T, std::optional>) {
    out.put_number(value.has_value());
    if (value) {
      encode_item(out, *value, lasting);
    }
  } else if constexpr (is_a<T, std::variant>) {
    encode_variant(out, value, lasting);
  } else if constexpr (is_known_template<T>) {
    encode_list(out, value, lasting);
  } else {
    const Nesting nesting{out.depth()};
    Encoder archive{out, value, lasting};
    call_serialize(archive, const_cast<T&>(value));  // serialize() is for both directions, hence not const
  }
}

}  // namespace gangway::detail
