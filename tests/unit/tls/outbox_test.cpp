#include "tls/outbox.hpp"

#include "loop.hpp"

namespace gangway::tls {
namespace {

/// Everything that is queued, written in pieces of at most `piece` bytes.
base::ByteVector drain(Outbox& outbox, std::size_t piece) {
  base::ByteVector all;
  for (base::ByteView next = outbox.front(); !next.empty(); next = outbox.front()) {
    const base::ByteView part = next.first(std::min(piece, next.size()));
    all.insert(all.end(), part.begin(), part.end());
    outbox.written(part.size());
  }
  return all;
}

std::vector<wire::Frame> frames_in(const base::ByteVector& stream) {
  wire::FrameReader reader{base::frame_bytes_max};
  std::vector<wire::Frame> frames;
  std::size_t taken = 0;
  while (taken < stream.size()) {
    const std::span<std::byte> room = reader.room();
    const std::size_t count = std::min(room.size(), stream.size() - taken);
    std::copy_n(stream.begin() + static_cast<std::ptrdiff_t>(taken), count, room.begin());
    taken += count;
    EXPECT_TRUE(reader.received(count).ok());
    while (auto frame = reader.take()) {
      frames.push_back(std::move(*frame));
    }
  }
  return frames;
}

TEST(Outbox, writes_many_small_messages_together) {
  Outbox outbox;
  for (int i = 0; i < 1000; ++i) {
    outbox.push(message(1, "head", base::SharedBytes::copy_of(base::bytes_of("bulk"))));
  }
  EXPECT_EQ(outbox.bytes(), 1000 * (16 + 8));
  EXPECT_EQ(outbox.front().size(), 1000 * (16 + 8));
}

TEST(Outbox, does_not_write_more_than_a_batch_of_small_messages_together) {
  Outbox outbox;
  for (int i = 0; i < 1000; ++i) {
    outbox.push(message(1, std::string(1000, 'x')));
  }
  EXPECT_LE(outbox.front().size(), 256 * base::kib);
  EXPECT_GT(outbox.front().size(), 250 * base::kib);
}

TEST(Outbox, hands_out_a_large_bulk_where_it_lies) {
  Outbox outbox;
  const base::SharedBytes bulk = pattern(base::mib);
  outbox.push(message(1, "head", bulk));
  EXPECT_EQ(outbox.front().size(), 16 + 4);
  outbox.written(16 + 4);
  EXPECT_EQ(outbox.front().data(), bulk.view().data());
}

TEST(Outbox, keeps_order_and_content_whatever_the_sizes_and_pieces) {
  for (const std::size_t piece : {1UL, 1000UL, 16384UL, 10'000'000UL}) {
    Outbox outbox;
    std::size_t number = 0;
    for (const std::size_t size : {0UL, 5UL, 20'000UL, 0UL, 300'000UL, 16'384UL, 16'385UL, 1UL}) {
      outbox.push(message(static_cast<std::uint8_t>(number++), std::string(size, 'h'), pattern(size / 2)));
    }
    const std::size_t queued = outbox.bytes();
    const base::ByteVector stream = drain(outbox, piece);
    EXPECT_EQ(stream.size(), queued);
    EXPECT_EQ(outbox.bytes(), 0);
    const std::vector<wire::Frame> frames = frames_in(stream);
    ASSERT_EQ(frames.size(), 8);
    for (std::size_t i = 0; i < frames.size(); ++i) {
      EXPECT_EQ(frames[i].number, i);
    }
    EXPECT_EQ(frames[4].body.cut(300'000, 150'000), pattern(150'000));
  }
}

}  // namespace
}  // namespace gangway::tls
