// Every type that travels comes back as it was, and in the bytes that the layout promises.
#include <gangway/archive.hpp>

#include <chrono>
#include <complex>
#include <limits>
#include <sstream>

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

#define COMES_BACK(...)                      \
  do {                                       \
    const auto value = __VA_ARGS__;          \
    EXPECT_EQ(there_and_back(value), value); \
  } while (false)

TEST(Archive, numbers_come_back) {
  COMES_BACK(true);
  COMES_BACK('x');
  COMES_BACK(std::int8_t{-3});
  COMES_BACK(std::uint16_t{65535});
  COMES_BACK(std::numeric_limits<std::int64_t>::min());
  COMES_BACK(1.0F / 3);
  COMES_BACK(-0.1);
  COMES_BACK(1.0L / 3);
  COMES_BACK(shapes::Colour::blue);
  COMES_BACK(std::byte{9});
}

TEST(Archive, texts_and_vectors_come_back_short_and_long) {
  for (const std::size_t count : {0UL, 1UL, 31UL, 32UL, 33UL, 5000UL}) {
    COMES_BACK(std::string(count, 'a'));
    COMES_BACK(numbers(count));
    COMES_BACK(std::vector<std::vector<double>>(count, numbers(count % 40)));
    COMES_BACK(std::vector<bool>(count, true));
    COMES_BACK(std::vector<shapes::Fixed>(count, shapes::Fixed{4}));
    COMES_BACK(std::vector<std::string>(count, "word"));
    COMES_BACK(std::u32string(count, U'x'));
  }
}

TEST(Archive, library_types_come_back) {
  COMES_BACK(std::array<double, 40>{1, 2, 3});
  COMES_BACK(std::array<std::string, 2>{"a", "b"});
  COMES_BACK(std::array<int, 0>{});
  COMES_BACK(std::pair{1, std::string{"b"}});
  COMES_BACK(std::tuple{1, 2.5, std::string{"c"}, shapes::Fixed{2}});
  COMES_BACK(std::tuple<>{});
  COMES_BACK(std::optional<int>{});
  COMES_BACK(std::optional<std::optional<std::string>>{std::optional<std::string>{"x"}});
  COMES_BACK(std::variant<int, std::string, shapes::Fixed>{shapes::Fixed{8}});
  COMES_BACK(std::map<std::string, std::vector<int>>{{"a", {1}}, {"b", {}}});
  COMES_BACK(std::multimap<int, int>{{1, 1}, {1, 2}});
  COMES_BACK(std::unordered_map<int, std::string>{{1, "a"}, {2, "b"}});
  COMES_BACK(std::set<std::string>{"a", "b"});
  COMES_BACK(std::unordered_set<int>{1, 2, 3});
  COMES_BACK(std::deque<int>{1, 2, 3});
  COMES_BACK(std::list<std::string>{"a", "b"});
  COMES_BACK(std::complex<double>{1, -1});
  COMES_BACK(std::vector<std::complex<float>>(100, {1, 2}));
  COMES_BACK(std::chrono::milliseconds{17});
  COMES_BACK(std::vector<std::optional<std::map<int, std::vector<std::string>>>>{{{{1, {"a"}}}}, {}});
}

TEST(Archive, classes_come_back) {
  COMES_BACK(shapes::Point{1.5, 2});
  COMES_BACK(std::vector<shapes::Point>(100, {1.5, 2}));
  COMES_BACK(shapes::Mesh{"m", numbers(1000)});
  COMES_BACK(std::vector<shapes::Mesh>(3, {"m", numbers(50)}));
  COMES_BACK(shapes::Tree{1, {{2, {}}, {3, {{4, {}}}}}});
  COMES_BACK(std::vector<shapes::Nothing>(5));
  COMES_BACK(std::map<std::string, std::vector<shapes::Nothing>>{{"", std::vector<shapes::Nothing>(9)}});
}

TEST(Archive, classes_are_read_by_whatever_serialize_they_have) {
  EXPECT_EQ(there_and_back(shapes::Free{{1, 2, 3}}).numbers, (std::vector<int>{1, 2, 3}));
  shapes::Foreign foreign{5, 8};
  EXPECT_EQ(there_and_back(foreign).number, 5);
  EXPECT_EQ(there_and_back(foreign).not_sent, 7);  // serialize() was called, not the bytes copied
  shapes::Derived derived;
  derived.base = 4;
  derived.more = numbers(100);
  EXPECT_EQ(there_and_back(derived).base, 4);
  EXPECT_EQ(there_and_back(derived).more, derived.more);
}

TEST(Archive, what_save_makes_for_the_occasion_is_copied_at_once) {
  const auto copy = there_and_back(shapes::Split{.text = "hello"});
  EXPECT_EQ(copy.text, "hello");
  EXPECT_EQ(copy.seen_version, 3);
  EXPECT_EQ(there_and_back(std::vector<shapes::Split>(10, {.text = "hello"})).back().text, "hello");
}

TEST(Archive, long_arrays_are_not_copied_before_they_are_written) {
  shapes::Mesh mesh{"m", numbers(1000)};
  std::vector<double> values = numbers(1000);
  PayloadWriter writer;
  encode(writer, values);
  encode(writer, mesh);
  EXPECT_LT(writer.band_bytes(), 100U);
  values[7] = -1;  // seen, since only the address was noted
  test::AlignedBuffer payload = test::written(writer);
  PayloadReader reader{payload.span()};
  EXPECT_EQ(decode<std::vector<double>>(reader)[7], -1);
  EXPECT_EQ(decode<shapes::Mesh>(reader), mesh);
}

TEST(Archive, the_layout_is_the_one_in_the_header) {
  PayloadWriter writer;
  encode(writer, std::int32_t{-2});
  encode(writer, std::string{"ab"});
  encode(writer, std::vector<std::uint8_t>(256, 0xEE));
  encode(writer, std::optional<bool>{true});
  std::ostringstream text;
  test::AlignedBuffer payload = test::written(writer);
  for (const std::byte byte : payload.span()) {
    constexpr char digits[] = "0123456789abcdef";
    const auto number = std::to_integer<unsigned>(byte);
    text << digits[number >> 4] << digits[number & 15];
  }
  std::string expected =
      "47574131"
      "01000000"
      "1800000000000000"  // mark, segments, bytes in band
      "0001000000000000"  // bytes of the segment
      "feffffff"          // -2
      "0200000000000000"
      "6162"              // "ab"
      "0001000000000000"  // 256 elements, in the segment
      "01"
      "01";  // there is one: true
  while (expected.size() < 128) {
    expected += "00";
  }
  for (int i = 0; i < 256; ++i) {
    expected += "ee";
  }
  EXPECT_EQ(text.str(), expected);
}

TEST(Archive, segments_begin_on_64_byte_boundaries) {
  PayloadWriter writer;
  encode(writer, std::string(257, 'a'));
  encode(writer, numbers(100));
  test::AlignedBuffer payload = test::written(writer);
  PayloadReader reader{payload.span()};
  EXPECT_EQ(decode<std::string>(reader).size(), 257U);
  const auto count = reader.take_number<std::uint64_t>();
  const auto elements = reader.take_elements(count, sizeof(double));
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(elements.data()) % 64, 0U);
}

}  // namespace
}  // namespace gangway
