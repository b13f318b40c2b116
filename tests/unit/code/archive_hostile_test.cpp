// Bytes that are damaged or made to harm: an error, never a crash, and no memory for what is only announced.
#include <gangway/archive.hpp>

#include <gtest/gtest.h>

#include "unit/code/archive_shapes.hpp"

namespace gangway {
namespace {

using detail::decode;
using detail::encode;
using detail::PayloadReader;
using detail::PayloadWriter;
using test::numbers;
using test::there_and_back;

using Everything =
    std::tuple<bool, std::string, std::vector<double>, std::vector<std::string>, std::map<int, std::string>,
               std::optional<int>, std::variant<int, std::string>, shapes::Mesh, std::vector<bool>,
               std::vector<shapes::Nothing>, shapes::Tree, std::array<double, 40>>;

Everything everything() {
  return {true,          "text",   numbers(100),   {"a", "b"}, {{1, "x"}}, 5, "v", {"m", numbers(40)},
          {true, false}, {{}, {}}, {1, {{2, {}}}}, {1, 2}};
}

test::AlignedBuffer encoded_everything() {
  PayloadWriter writer;
  const Everything value = everything();
  encode(writer, value);
  return test::written(writer);
}

void read_everything(std::span<const std::byte> bytes) {
  PayloadReader reader{bytes};
  static_cast<void>(decode<Everything>(reader));
  reader.expect_end();
}

TEST(HostileBytes, the_whole_is_read) {
  auto payload = encoded_everything();
  EXPECT_NO_THROW(read_everything(payload.span()));
  EXPECT_EQ(there_and_back(everything()), everything());
}

TEST(HostileBytes, a_payload_cut_at_any_length_is_an_error) {
  auto payload = encoded_everything();
  for (std::size_t length = 0; length < payload.span().size(); ++length) {
    EXPECT_THROW(read_everything(payload.span().first(length)), ArchiveError) << length;
  }
}

TEST(HostileBytes, bytes_behind_the_end_are_an_error) {
  auto payload = encoded_everything();
  test::AlignedBuffer longer{payload.span().size() + 1};
  std::memcpy(longer.span().data(), payload.span().data(), payload.span().size());
  EXPECT_THROW(read_everything(longer.span()), ArchiveError);
}

TEST(HostileBytes, any_byte_may_be_anything) {
  auto payload = encoded_everything();
  const std::size_t size = payload.span().size();
  for (std::size_t at = 0; at < size; ++at) {
    for (const int value : {0, 1, 0x7f, 0x80, 0xff}) {
      const std::byte before = payload.span()[at];
      payload.span()[at] = static_cast<std::byte>(value);
      try {
        read_everything(payload.span());
      } catch (const ArchiveError&) {
        // an error, or another value: both are fine, a crash is not
      }
      payload.span()[at] = before;
    }
  }
}

template <class T>
void expect_refused(std::uint64_t count) {
  PayloadWriter writer;
  encode(writer, count);
  writer.put_zeros(64);
  test::AlignedBuffer payload = test::written(writer);
  PayloadReader reader{payload.span()};
  EXPECT_THROW(static_cast<void>(decode<T>(reader)), ArchiveError) << count;
}

TEST(HostileBytes, huge_counts_are_refused_before_memory_is_taken) {
  for (const std::uint64_t count : {65UL, 1UL << 40, 1UL << 61, 1UL << 63, ~0UL}) {
    expect_refused<std::string>(count);
    expect_refused<std::vector<double>>(count);
    expect_refused<std::vector<bool>>(count);
    expect_refused<std::vector<std::string>>(count);
    expect_refused<std::vector<shapes::Nothing>>(count);
    expect_refused<std::map<int, int>>(count);
    expect_refused<std::list<shapes::Tree>>(count);
  }
}

TEST(HostileBytes, segments_that_wrap_round_are_refused) {
  test::AlignedBuffer payload{64};
  const std::uint32_t segments = 2;
  const std::uint64_t sizes[] = {~0ULL - 63, 64};
  std::memcpy(payload.span().data(), "GWA1", 4);
  std::memcpy(payload.span().data() + 4, &segments, sizeof segments);
  std::memcpy(payload.span().data() + 16, sizes, sizeof sizes);
  EXPECT_THROW(PayloadReader{payload.span()}, ArchiveError);
}

TEST(HostileBytes, endless_nesting_is_refused_when_written_and_when_read) {
  shapes::Tree deep;
  for (int i = 0; i < 2000; ++i) {
    shapes::Tree parent;
    parent.children.push_back(std::move(deep));
    deep = std::move(parent);
  }
  PayloadWriter writer;
  EXPECT_THROW(encode(writer, deep), ArchiveError);

  PayloadWriter forged;
  for (int i = 0; i < 100'000; ++i) {
    encode(forged, 0);
    encode(forged, std::uint64_t{1});
  }
  test::AlignedBuffer payload = test::written(forged);
  PayloadReader reader{payload.span()};
  EXPECT_THROW(static_cast<void>(decode<shapes::Tree>(reader)), ArchiveError);
}

TEST(HostileBytes, a_variant_without_a_value_is_not_sent) {
  std::variant<int, shapes::Refuses> value{1};
  EXPECT_THROW(value.emplace<1>(5), int);
  ASSERT_TRUE(value.valueless_by_exception());
  PayloadWriter writer;
  EXPECT_THROW(encode(writer, value), ArchiveError);
}

}  // namespace
}  // namespace gangway
