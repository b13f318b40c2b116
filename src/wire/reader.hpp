// Reading the fields of a message back. Every count is compared with its bound and with the bytes that are left
// before anything is allocated; after the first fault nothing more is read. Internal to src/wire and its tests.
#pragma once

#include <array>
#include <concepts>
#include <cstring>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <variant>
#include <vector>

#include <gangway/ids.hpp>

#include "base/bytes.hpp"
#include "base/limits.hpp"
#include "base/result.hpp"
#include "wire/writer.hpp"

namespace gangway::wire {

/// Reads from a head and, for the last field, from a bulk that lies behind the head or apart from it.
class Reader {
 public:
  /// Head and bulk in one piece.
  explicit Reader(const base::SharedBytes& body) : head_{body}, bulk_apart_{false} {}
  /// Head and bulk apart.
  Reader(const base::SharedBytes& head, const base::SharedBytes& bulk)
      : head_{head}, bulk_{bulk}, bulk_apart_{true} {}

  void read(bool& value) {
    std::uint8_t byte = 0;
    read(byte);
    if (byte > 1) fail("a truth value is neither 0 nor 1");
    value = byte == 1;
  }

  template <std::integral T>
  void read(T& value) {
    const base::ByteView bytes = next(sizeof(T));
    std::make_unsigned_t<T> bits = 0;
    for (std::size_t i = bytes.size(); i-- > 0;) {
      if constexpr (sizeof(T) > 1) bits = static_cast<decltype(bits)>(bits << 8);
      bits = static_cast<decltype(bits)>(bits | std::to_integer<std::uint8_t>(bytes[i]));
    }
    value = static_cast<T>(bits);
  }

  template <class T>
  requires std::is_enum_v<T>
  void read(T& value) {
    std::underlying_type_t<T> number{};
    read(number);
    value = static_cast<T>(number);
  }

  template <class Tag, class Rep>
  void read(StrongId<Tag, Rep>& id) {
    Rep number{};
    read(number);
    id = StrongId<Tag, Rep>{number};
  }

  void read(std::string& text) {
    const std::uint32_t count = read_count(base::text_bytes_max, 1, "a text");
    const base::ByteView bytes = next(count);
    text.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }

  template <std::size_t N>
  void read(std::array<std::uint8_t, N>& bytes) {
    const base::ByteView source = next(N);
    if (source.size() == N) std::memcpy(bytes.data(), source.data(), N);
  }

  template <class T>
  void read(std::vector<T>& list) {
    // Every entry takes at least one byte, hence a list cannot be longer than what is left.
    const std::uint32_t count = read_count(base::list_entries_max, 1, "a list");
    list.clear();
    for (std::uint32_t i = 0; i < count && !fault_; ++i) {
      T entry{};
      read(entry);
      list.push_back(std::move(entry));
    }
  }

  template <class... T>
  void read(std::variant<T...>& alternative) {
    std::uint8_t index = 0;
    read(index);
    read_alternative(alternative, index);
  }

  /// The alternative `index` of a message, whose number came from a frame.
  template <class... T>
  void read_alternative(std::variant<T...>& alternative, std::size_t index) {
    if (index >= sizeof...(T)) return fail("a message or alternative has an unknown number");
    read_indexed(alternative, index, std::index_sequence_for<T...>{});
  }

  void read(base::SharedBytes& bytes) {
    std::uint64_t count = 0;
    read(count);
    if (fault_) return;
    const std::size_t available = bulk_apart_ ? bulk_.size() : head_.size() - position_;
    if (count != available) return fail("the announced bulk and the received one differ in length");
    bytes = bulk_apart_ ? bulk_ : head_.cut(position_, available);
    if (bulk_apart_) {
      bulk_ = {};
    } else {
      position_ = head_.size();
    }
  }

  template <HasFields T>
  void read(T& message) {
    std::apply([this](auto&... field) { (this->read(field), ...); }, T::fields(message));
  }

  /// Call after the last field: a fault if any field was bad or bytes are left over.
  base::Status finish() {
    if (!fault_ && (position_ != head_.size() || !bulk_.empty())) fail("bytes are left over");
    if (fault_) return *fault_;
    return base::Done{};
  }

  [[nodiscard]] std::size_t position() const { return position_; }

 private:
  template <class Variant, std::size_t... I>
  void read_indexed(Variant& alternative, std::size_t index, std::index_sequence<I...>) {
    const auto read_one = [&]<std::size_t Number>() {
      std::variant_alternative_t<Number, Variant> value{};
      read(value);
      alternative.template emplace<Number>(std::move(value));
    };
    ((index == I ? read_one.template operator()<I>() : void()), ...);
  }

  std::uint32_t read_count(std::size_t count_max, std::size_t entry_bytes_min, const char* what) {
    std::uint32_t count = 0;
    read(count);
    if (fault_) return 0;
    if (count > count_max || count > (head_.size() - position_) / entry_bytes_min) {
      fail(std::string{what} + " announces " + std::to_string(count) + " entries, more than allowed or present");
      return 0;
    }
    return count;
  }

  base::ByteView next(std::size_t count) {
    if (fault_) return {};
    if (count > head_.size() - position_) {
      fail("it ends too early");
      return {};
    }
    const base::ByteView bytes = head_.view().subspan(position_, count);
    position_ += count;
    return bytes;
  }

  void fail(std::string reason) {
    if (!fault_) {
      fault_ =
          base::Fault{"malformed message: " + std::move(reason) + " (at byte " + std::to_string(position_) + ")"};
    }
  }

  base::SharedBytes head_;
  base::SharedBytes bulk_;
  bool bulk_apart_;
  std::size_t position_ = 0;
  std::optional<base::Fault> fault_;
};

}  // namespace gangway::wire
