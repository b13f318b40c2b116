#include "wire/frame.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

namespace gangway::wire {
namespace {

using base::ByteVector;
using base::ByteView;

ByteVector frame_of(std::uint8_t number, ByteView body) {
  const auto header = frame_header(number, body.size());
  ByteVector bytes{header.begin(), header.end()};
  bytes.insert(bytes.end(), body.begin(), body.end());
  return bytes;
}

ByteVector noise(std::size_t count, unsigned seed) {
  std::mt19937 random{seed};
  ByteVector bytes(count);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random() & 0xff);
  return bytes;
}

/// Gives `bytes` to the reader in pieces of at most `piece` bytes.
base::Status feed(FrameReader& reader, ByteView bytes, std::size_t piece) {
  while (!bytes.empty()) {
    const std::span<std::byte> room = reader.room();
    EXPECT_FALSE(room.empty());
    const std::size_t count = std::min({bytes.size(), room.size(), piece});
    std::memcpy(room.data(), bytes.data(), count);
    const base::Status status = reader.received(count);
    if (!status) return status;
    bytes = bytes.subspan(count);
  }
  return base::Done{};
}

TEST(FrameReader, GivesBackFramesHoweverTheStreamIsCut) {
  const std::vector<std::size_t> sizes = {0, 1, 15, 16, 17, 1000, 65'519, 65'520, 65'521, 70'000, 300'000, 3};
  for (const std::size_t piece :
       {std::size_t{1}, std::size_t{7}, std::size_t{16}, std::size_t{4096}, std::size_t{1} << 20}) {
    ByteVector stream;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      const ByteVector frame = frame_of(static_cast<std::uint8_t>(i), noise(sizes[i], static_cast<unsigned>(i)));
      stream.insert(stream.end(), frame.begin(), frame.end());
    }
    FrameReader reader{1 << 20};
    ASSERT_TRUE(feed(reader, stream, piece).ok());
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      const std::optional<Frame> frame = reader.take();
      ASSERT_TRUE(frame.has_value()) << "frame " << i << " in pieces of " << piece;
      EXPECT_EQ(frame->number, i);
      const ByteVector expected = noise(sizes[i], static_cast<unsigned>(i));
      EXPECT_TRUE(std::equal(expected.begin(), expected.end(), frame->body.view().begin(), frame->body.view().end()));
    }
    EXPECT_FALSE(reader.take().has_value());
  }
}

TEST(FrameReader, RefusesALengthOfTwoToThe63BeforeItAllocates) {
  FrameReader reader{1 << 20};
  const auto header = frame_header(0, std::uint64_t{1} << 63);
  const base::Status status = feed(reader, header, 16);
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.fault().text.find("9223372036854775808"), std::string::npos);
}

TEST(FrameReader, RefusesOneByteMoreThanTheBound) {
  FrameReader reader{100};
  EXPECT_TRUE(feed(reader, frame_of(0, noise(100, 1)), 10).ok());
  EXPECT_FALSE(feed(reader, frame_of(0, noise(101, 1)), 10).ok());
}

TEST(FrameReader, TheBoundCanGrowOnceThePeerIsKnown) {
  FrameReader reader{100};
  reader.set_body_bytes_max(200);
  EXPECT_TRUE(feed(reader, frame_of(0, noise(200, 1)), 10).ok());
}

TEST(FrameReader, RefusesWhatIsNotOurProtocol) {
  FrameReader reader{100};
  const base::Status status = feed(reader, base::bytes_of("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), 64);
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.fault().text.find("not Gangway's protocol"), std::string::npos);
}

TEST(FrameReader, RefusesReservedBytesThatAreNotZero) {
  auto header = frame_header(1, 0);
  header[6] = std::byte{1};
  FrameReader reader{100};
  EXPECT_FALSE(feed(reader, header, 16).ok());
}

}  // namespace
}  // namespace gangway::wire
