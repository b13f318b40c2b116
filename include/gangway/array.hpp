// The view type of arrays.
#pragma once

#include <cstddef>
#include <ranges>
#include <span>
#include <type_traits>

namespace gangway {

/// A view of an array that lies in the engine's shared memory: `array<const T>` to read, `array<T>` to write. As a
/// function's parameter it takes a named array in place, or one that was passed; it is valid until the call ends. It
/// converts to std::span as any contiguous range does.
template <class T>
class array {
 public:
  using element_type = T;
  using value_type = std::remove_cv_t<T>;

  constexpr array() = default;
  constexpr array(std::span<T> elements) : elements_{elements} {}

  [[nodiscard]] constexpr T* data() const { return elements_.data(); }
  [[nodiscard]] constexpr std::size_t size() const { return elements_.size(); }
  [[nodiscard]] constexpr bool empty() const { return elements_.empty(); }
  [[nodiscard]] constexpr T& operator[](std::size_t index) const { return elements_[index]; }
  [[nodiscard]] constexpr auto begin() const { return elements_.begin(); }
  [[nodiscard]] constexpr auto end() const { return elements_.end(); }

 private:
  std::span<T> elements_;
};

}  // namespace gangway

/// A view owns nothing, so that iterators outlive it.
template <class T>
inline constexpr bool std::ranges::enable_borrowed_range<gangway::array<T>> = true;
