// A byte that says how the stream is cut into pieces, one that says how many zeros follow it (large bodies need many
// bytes), then the stream.
#include <algorithm>
#include <cstring>
#include <vector>

#include "fuzz/target.hpp"
#include "wire/frame.hpp"

namespace gangway::fuzz {

namespace {

constexpr std::uint64_t body_bytes_max = 200'000;
constexpr std::size_t zeros_step = 4096;

/// All frames of a stream, as one would read them from memory, and how much of it they take; `is_good` is false when
/// something is wrong with what follows.
struct Parsed {
  base::ByteVector frames;
  bool is_good = true;
};

Parsed parse(base::ByteView stream) {
  std::size_t at = 0;
  while (stream.size() - at >= wire::frame_header_bytes) {
    const auto header = wire::parse_frame_header(stream.subspan(at, wire::frame_header_bytes), body_bytes_max);
    if (!header) return {{stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(at)}, false};
    if (header.value().body_bytes > stream.size() - at - wire::frame_header_bytes) break;
    at += wire::frame_header_bytes + static_cast<std::size_t>(header.value().body_bytes);
  }
  return {{stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(at)}, true};
}

/// The same by a reader that gets `piece` bytes at a time, written out again.
Parsed read(base::ByteView stream, std::size_t piece) {
  wire::FrameReader reader{body_bytes_max};
  Parsed parsed;
  while (!stream.empty() && parsed.is_good) {
    const std::span<std::byte> room = reader.room();
    require(!room.empty(), "a reader has no room");
    const std::size_t count = std::min({room.size(), stream.size(), piece});
    std::memcpy(room.data(), stream.data(), count);
    stream = stream.subspan(count);
    parsed.is_good = reader.received(count).ok();
    while (const auto taken = reader.take()) {
      const auto header = wire::frame_header(taken->number, taken->body.size());
      parsed.frames.insert(parsed.frames.end(), header.begin(), header.end());
      parsed.frames.insert(parsed.frames.end(), taken->body.view().begin(), taken->body.view().end());
    }
  }
  return parsed;
}

}  // namespace

void frame(base::ByteView input) {
  const std::size_t piece = 1 + 37 * take_byte(input);
  const std::size_t zeros = zeros_step * (take_byte(input) % 64);
  base::ByteVector stream{input.begin(), input.end()};
  stream.resize(stream.size() + zeros);
  const Parsed expected = parse(stream);
  for (const std::size_t pieces : {piece, stream.size()}) {
    const Parsed seen = read(stream, pieces);
    require(seen.is_good == expected.is_good, "a reader finds a stream good or bad by how it is cut");
    require(seen.frames == expected.frames, "a reader gives back other frames than the stream holds");
  }
}

}  // namespace gangway::fuzz
