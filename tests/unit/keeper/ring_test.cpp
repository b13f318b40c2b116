#include "keeper/ring.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <memory>

namespace gangway::keeper {
namespace {

constexpr std::size_t body_bytes_max = 256 * 1024;

base::ByteVector filled(std::size_t bytes, std::uint8_t value) {
  return base::ByteVector(bytes, std::byte{value});
}

class RingTest : public testing::Test {
 protected:
  std::unique_ptr<RingMemory> memory_ = std::make_unique<RingMemory>();
  RingWriter writer_{*memory_};
  RingReader reader_{*memory_, body_bytes_max};

  bool write(std::size_t body_bytes) { return writer_.write(1, filled(body_bytes, 1), {}); }

  void expect_reader_reports_it_broken() {
    EXPECT_FALSE(reader_.read());
    EXPECT_TRUE(reader_.broken());
    EXPECT_FALSE(reader_.read());
  }
};

TEST_F(RingTest, JoinsHeadAndBulk) {
  ASSERT_TRUE(writer_.write(7, base::bytes_of("head,"), base::bytes_of("bulk")));
  const auto entry = reader_.read();
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->number, 7);
  EXPECT_EQ(base::SharedBytes{entry->body}, base::SharedBytes::copy_of(base::bytes_of("head,bulk")));
  EXPECT_FALSE(reader_.read());
  EXPECT_FALSE(reader_.broken());
}

TEST_F(RingTest, KeepsEveryByteAcrossTheWrap) {
  // Sizes without a common divisor with the ring's, so that entries and their heads are cut at every place.
  for (std::size_t i = 0; i < 20'000; ++i) {
    const std::size_t bytes = i * 7919 % 3001;
    const auto value = static_cast<std::uint8_t>(i);
    ASSERT_TRUE(writer_.write(value, filled(bytes, value), {}));
    const auto entry = reader_.read();
    ASSERT_TRUE(entry);
    ASSERT_EQ(entry->number, value);
    ASSERT_EQ(entry->body, filled(bytes, value));
  }
}

TEST_F(RingTest, RefusesWhatDoesNotFitUntilSomethingIsRead) {
  int written = 0;
  while (write(100'000)) ++written;
  EXPECT_EQ(written, 10);
  EXPECT_FALSE(writer_.broken());
  EXPECT_FALSE(writer_.has_room(100'000));
  ASSERT_TRUE(reader_.read());
  EXPECT_TRUE(writer_.has_room(100'000));
  EXPECT_TRUE(write(100'000));
}

TEST_F(RingTest, CanBeFilledToTheLastByte) {
  for (std::size_t i = 0; i < 4; ++i) ASSERT_TRUE(write(body_bytes_max - ring_entry_head_bytes));
  EXPECT_FALSE(write(0));
  for (std::size_t i = 0; i < 4; ++i) ASSERT_TRUE(reader_.read());
  EXPECT_FALSE(reader_.has_entry());
}

TEST_F(RingTest, ReportsAnIndexThatIsAheadOfTheRing) {
  memory_->written.store(ring_bytes + 8);
  expect_reader_reports_it_broken();
}

TEST_F(RingTest, ReportsAnIndexThatWentBack) {
  write(100);
  reader_.read();
  memory_->written.store(8);
  expect_reader_reports_it_broken();
}

TEST_F(RingTest, ReportsAnIndexInTheMiddleOfAHead) {
  memory_->written.store(4);
  expect_reader_reports_it_broken();
}

TEST_F(RingTest, ReportsAnEntryLongerThanWhatWasWritten) {
  write(100);
  const std::uint32_t lie = 1000;
  std::memcpy(memory_->data, &lie, sizeof(lie));
  expect_reader_reports_it_broken();
}

TEST_F(RingTest, ReportsAnEntryLongerThanAllowed) {
  for (int i = 0; i < 9; ++i) write(100'000);
  for (const std::uint32_t lie : {std::uint32_t{300'000}, std::uint32_t{0xffff'ffff}}) {
    RingReader reader{*memory_, body_bytes_max};
    std::memcpy(memory_->data, &lie, sizeof(lie));
    EXPECT_FALSE(reader.read());
    EXPECT_TRUE(reader.broken());
  }
}

TEST_F(RingTest, ReportsAReaderThatClaimsMoreThanWasWritten) {
  memory_->read.store(std::uint64_t{1} << 40);
  while (write(100'000)) {
  }
  EXPECT_TRUE(writer_.broken());
  EXPECT_FALSE(write(1));
}

}  // namespace
}  // namespace gangway::keeper
