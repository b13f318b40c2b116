// Messages that wait to be written, cut into long runs of bytes. Internal to this folder.
#pragma once

#include <array>
#include <cstddef>
#include <deque>
#include <vector>

#include "base/bytes.hpp"
#include "base/limits.hpp"
#include "wire/codec.hpp"

namespace gangway::tls {

/// A queue of frames as a stream of bytes. Small pieces (headers, heads, small bulks) are copied one after the other,
/// so that many small messages leave in one write; large ones are handed out where they lie.
///
/// Use: while front() is not empty, write a part of it and say with written() how much.
class Outbox {
 public:
  /// Appends a message as a frame.
  void push(wire::EncodedMessage message);

  /// The next bytes to write; stay where they are until they are written or cleared. Empty if nothing is queued.
  [[nodiscard]] base::ByteView front();

  /// The first `count` bytes of front() are gone.
  void written(std::size_t count);

  /// Forgets everything.
  void clear();

  /// Bytes queued, headers included.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  // Copying less than one TLS record is cheaper than a record and a system call of its own.
  static constexpr std::size_t copied_bytes_max = 16 * base::kib;
  static constexpr std::size_t batch_bytes_max = 256 * base::kib;
  // What an idle connection may keep.
  static constexpr std::size_t idle_bytes_max = 64 * base::kib;

  // A run of bytes: at `data`, or in staging_ from `offset` if there is no `data` (staging_ moves while it grows).
  struct Run {
    const std::byte* data = nullptr;
    std::size_t offset = 0;
    std::size_t count = 0;
  };

  void begin_batch();
  void append(base::ByteView bytes);
  void stage(base::ByteView bytes);

  std::deque<wire::EncodedMessage> queue_;
  std::size_t bytes_ = 0;

  // The batch being written: its runs, the memory they lie in, and how far the first one is written.
  std::deque<Run> runs_;
  base::ByteVector staging_;
  std::vector<wire::EncodedMessage> held_;
  std::size_t run_written_ = 0;
};

}  // namespace gangway::tls
