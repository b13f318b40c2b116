// Writing the fields of a message, in the order that its fields() lists them. Internal to src/wire and its tests.
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstring>
#include <string>
#include <tuple>
#include <type_traits>
#include <variant>
#include <vector>

#include <gangway/ids.hpp>

#include "base/bytes.hpp"
#include "base/check.hpp"
#include "base/limits.hpp"

namespace gangway::wire {

template <class T>
concept HasFields = requires(const T& m) {
  T::fields(m);
};

/// Collects the head of a message; a SharedBytes field ends it and becomes the bulk.
class Writer {
 public:
  void write(bool value) { write(static_cast<std::uint8_t>(value ? 1 : 0)); }

  template <std::integral T>
  void write(T value) {
    auto bits = static_cast<std::make_unsigned_t<T>>(value);
    std::array<std::byte, sizeof(T)> bytes;
    for (std::byte& byte : bytes) {
      byte = static_cast<std::byte>(bits & 0xff);
      if constexpr (sizeof(T) > 1) bits = static_cast<decltype(bits)>(bits >> 8);
    }
    append(bytes);
  }

  template <class T>
  requires std::is_enum_v<T>
  void write(T value) { write(static_cast<std::underlying_type_t<T>>(value)); }

  template <class Tag, class Rep>
  void write(StrongId<Tag, Rep> id) {
    write(id.value());
  }

  void write(const std::string& text) {
    // Text is what people wrote, error texts above all: too much of it is cut, not refused.
    const std::size_t count = std::min(text.size(), base::text_bytes_max);
    write(static_cast<std::uint32_t>(count));
    append(base::bytes_of(std::string_view{text}.substr(0, count)));
  }

  template <std::size_t N>
  void write(const std::array<std::uint8_t, N>& bytes) {
    append(std::as_bytes(std::span{bytes}));
  }

  template <class T>
  void write(const std::vector<T>& list) {
    GANGWAY_CHECK(list.size() <= base::list_entries_max, "a list in a message is cut into messages by its maker");
    write(static_cast<std::uint32_t>(list.size()));
    for (const T& entry : list) write(entry);
  }

  template <class... T>
  void write(const std::variant<T...>& alternative) {
    write(static_cast<std::uint8_t>(alternative.index()));
    std::visit([this](const auto& value) { this->write(value); }, alternative);
  }

  void write(const base::SharedBytes& bytes) {
    GANGWAY_CHECK(!has_bulk_, "only the last field of a message is bulk");
    write(static_cast<std::uint64_t>(bytes.size()));
    bulk_ = bytes;
    has_bulk_ = true;
  }

  template <HasFields T>
  void write(const T& message) {
    std::apply([this](const auto&... field) { (this->write(field), ...); }, T::fields(message));
  }

  [[nodiscard]] base::ByteVector take_head() { return std::move(head_); }
  [[nodiscard]] base::SharedBytes take_bulk() { return std::move(bulk_); }

 private:
  void append(base::ByteView bytes) {
    GANGWAY_CHECK(!has_bulk_, "nothing follows the bulk of a message");
    head_.insert(head_.end(), bytes.begin(), bytes.end());
  }

  base::ByteVector head_;
  base::SharedBytes bulk_;
  bool has_bulk_ = false;
};

}  // namespace gangway::wire
