// Framing of a byte stream: a header of 16 bytes, then the body.
//
//   offset  bytes
//        0      4   'G' 'W' 'Y' '1'
//        4      1   number of the message (see protocol.hpp)
//        5      3   zero
//        8      8   bytes of the body, little-endian
//
// The announced length is compared with a bound before anything is allocated for it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>

#include "base/bytes.hpp"
#include "base/limits.hpp"
#include "base/result.hpp"

namespace gangway::wire {

inline constexpr std::size_t frame_header_bytes = 16;

/// One received frame.
struct Frame {
  std::uint8_t number = 0;
  base::SharedBytes body;
};

/// The header of a frame with a body of `body_bytes`.
std::array<std::byte, frame_header_bytes> frame_header(std::uint8_t number, std::uint64_t body_bytes);

/// What a header announces.
struct FrameHeader {
  std::uint8_t number = 0;
  std::uint64_t body_bytes = 0;
};

/// Reads a header of exactly frame_header_bytes. A fault if it is not one of ours or announces more than
/// `body_bytes_max`.
base::Result<FrameHeader> parse_frame_header(base::ByteView header, std::uint64_t body_bytes_max);

/// Puts frames together from a stream that arrives in pieces. It holds at most one incomplete body.
///
/// Use: copy received bytes into room() and say how many with received(); then take() frames until there is none.
/// Body bytes are read straight into their final place.
class FrameReader {
 public:
  explicit FrameReader(std::uint64_t body_bytes_max) : body_bytes_max_{body_bytes_max} {}

  /// Where the next bytes of the stream belong; never empty.
  [[nodiscard]] std::span<std::byte> room();

  /// `count` bytes were written into room(). A fault if the stream is not a sequence of frames within the bound:
  /// close it.
  base::Status received(std::size_t count);

  /// The next complete frame, if there is one.
  std::optional<Frame> take();

  /// From the next header on.
  void set_body_bytes_max(std::uint64_t bytes) { body_bytes_max_ = bytes; }

 private:
  void finish_body();

  std::uint64_t body_bytes_max_;
  // Headers and small bodies arrive many at a time: they are collected here and cut.
  // Neither is filled with zeros: memory is taken as bytes arrive, not when they are announced.
  static constexpr std::size_t staging_bytes = 64 * base::kib;
  std::unique_ptr<std::byte[]> staging_ = std::make_unique_for_overwrite<std::byte[]>(staging_bytes);
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  // The body of a frame that does not fit the staging area.
  std::optional<FrameHeader> large_;
  std::shared_ptr<std::byte[]> body_;
  std::size_t body_bytes_ = 0;
  std::size_t body_received_ = 0;
  std::deque<Frame> ready_;
};

}  // namespace gangway::wire
