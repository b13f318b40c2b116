// Who uses which part of an engine's arena. Only the rank allocates; a worker asks (src/wire/worker_message.hpp).
//
// A freed range keeps its pages: the first touch of a fresh page costs about ten times a write to a used one, so
// ranges are used again, smallest fitting and lowest first, and neighbours are joined.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <utility>

#include "base/bytes.hpp"
#include "keeper/arena.hpp"
#include "wire/worker_message.hpp"

namespace gangway::engine {

/// A part of the arena that is in use until its last holder lets go of it.
class Block {
 public:
  virtual ~Block() = default;
  [[nodiscard]] virtual wire::ArenaRange range() const = 0;
  [[nodiscard]] virtual std::span<std::byte> bytes() const = 0;
};

using BlockPtr = std::shared_ptr<Block>;

/// A resource: hands out the parts of one arena, which must outlive it and all blocks. Not thread-safe.
class BlockPool {
 public:
  explicit BlockPool(keeper::Arena& arena);

  /// A block of `bytes` bytes that begins on a 64-byte boundary, its content undefined; null when no gap is large
  /// enough. Zero bytes give a block of the smallest size.
  [[nodiscard]] BlockPtr take(std::uint64_t bytes);

  /// Bytes in use, rounding included.
  [[nodiscard]] std::uint64_t used_bytes() const { return used_bytes_; }
  [[nodiscard]] std::uint64_t total_bytes() const { return total_bytes_; }

 private:
  class Owned;

  void give_back(std::uint64_t offset, std::uint64_t bytes);
  void add_gap(std::uint64_t offset, std::uint64_t bytes);
  void remove_gap(std::uint64_t offset, std::uint64_t bytes);

  keeper::Arena* arena_;
  std::uint64_t total_bytes_;
  std::uint64_t used_bytes_ = 0;
  std::map<std::uint64_t, std::uint64_t> gaps_by_offset_;           // offset -> bytes
  std::set<std::pair<std::uint64_t, std::uint64_t>> gaps_by_size_;  // (bytes, offset)
};

}  // namespace gangway::engine
