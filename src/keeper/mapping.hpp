// A range of mapped memory with one owner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/result.hpp"

namespace gangway::keeper {

/// Owns a shared mapping and unmaps it. Empty when default constructed or moved from.
class Mapping {
 public:
  Mapping() = default;
  Mapping(Mapping&& other) noexcept
      : data_{std::exchange(other.data_, nullptr)}, bytes_{std::exchange(other.bytes_, 0)} {}
  Mapping& operator=(Mapping&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Mapping();

  /// Maps the first `bytes` bytes of `fd` for reading and writing, without reserving memory for them: at `address`,
  /// or where there is room if that is 0. An address in use is a fault; nothing is ever mapped over.
  static base::Result<Mapping> map(int fd, std::size_t bytes, std::uintptr_t address);

  [[nodiscard]] std::byte* data() const { return data_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  Mapping(std::byte* data, std::size_t bytes) : data_{data}, bytes_{bytes} {}

  std::byte* data_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace gangway::keeper
