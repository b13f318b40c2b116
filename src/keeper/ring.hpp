// One direction of a channel: a ring of bytes in shared memory, written by one process and read by another.
//
// An entry is 8 bytes (u32 bytes of the body, u8 number, three zeros), then the body, padded to a multiple of 8.
// Indices count all bytes ever written or read. Each side keeps its own index privately and publishes copies; what it
// reads of the other side's is checked before use, so that a scribbled ring is noticed and never followed.
//
// Indices are sequentially consistent: who sleeps relies on it (src/keeper/channel.cpp).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/bytes.hpp"

namespace gangway::keeper {

inline constexpr std::size_t ring_bytes = std::size_t{1} << 20;
inline constexpr std::size_t ring_entry_head_bytes = 8;

/// The shared part of a ring. All zero is an empty one.
struct RingMemory {
  alignas(64) std::atomic<std::uint64_t> written;
  alignas(64) std::atomic<std::uint64_t> read;
  alignas(64) std::byte data[ring_bytes];
};

static_assert(std::atomic<std::uint64_t>::is_always_lock_free, "locks do not work between processes");

/// The writing side.
class RingWriter {
 public:
  /// The ring must be fresh and must outlive the writer.
  explicit RingWriter(RingMemory& memory) : memory_{&memory} {}

  /// Appends an entry with the body `head` + `bulk`. False if there is no room, or the ring is broken.
  bool write(std::uint8_t number, base::ByteView head, base::ByteView bulk);

  /// True if an entry with a body of `body_bytes` fits, or the ring is broken (then there is nothing to wait for).
  [[nodiscard]] bool has_room(std::size_t body_bytes);

  [[nodiscard]] bool broken() const { return broken_; }

 private:
  void copy_in(base::ByteView bytes);

  RingMemory* memory_;
  std::uint64_t written_ = 0;
  std::uint64_t read_seen_ = 0;
  bool broken_ = false;
};

/// The reading side.
class RingReader {
 public:
  /// The ring must be fresh and must outlive the reader. Bodies above `body_bytes_max` are taken for nonsense.
  RingReader(RingMemory& memory, std::size_t body_bytes_max) : memory_{&memory}, body_bytes_max_{body_bytes_max} {}

  struct Entry {
    std::uint8_t number = 0;
    base::ByteVector body{};
  };

  /// Takes the next entry out. Nothing if there is none, or the ring is broken.
  std::optional<Entry> read();

  /// True if read() will find an entry, or that the ring is broken.
  [[nodiscard]] bool has_entry() const;

  [[nodiscard]] bool broken() const { return broken_; }

 private:
  void copy_out(std::span<std::byte> destination, std::uint64_t index) const;

  RingMemory* memory_;
  std::size_t body_bytes_max_;
  std::uint64_t read_ = 0;
  bool broken_ = false;
};

}  // namespace gangway::keeper
