#include "base/printable.hpp"

#include <gtest/gtest.h>

namespace gangway::base {
namespace {

TEST(Printable, WritesOutWhatATerminalWouldObey) {
  EXPECT_EQ(printable("a\x1b[31mb"), R"(a\x1b[31mb)");
  EXPECT_EQ(printable("\r\n\t\b\x7f"), R"(\x0d\x0a\x09\x08\x7f)");
  EXPECT_EQ(printable(std::string_view{"\0", 1}), R"(\x00)");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            R"(\xc2\x9b31m)")
      << "escape [ in UTF-8";
  EXPECT_EQ(printable("\x9b"
                      "31m"),
            R"(\x9b31m)")
      << "escape [ in older encodings";
  EXPECT_EQ(printable("\xe2\x9b"),
            "\xe2"
            R"(\x9b)")
      << "no whole character";
}

TEST(Printable, LeavesLettersAlone) {
  for (const char* text :
       {"", "phase 2", "\xc3\xa9\xc3\x9b", "\xe2\x9b\x84", "\xf0\x9f\x9b\x9f", "\xe9t\xe9", R"(\x1b)"}) {
    EXPECT_EQ(printable(text), text);
    EXPECT_FALSE(has_control_characters(text));
  }
  EXPECT_TRUE(has_control_characters("a\n"));
}

TEST(Printable, KeepsTheLinesOfWhatHasLines) {
  EXPECT_EQ(printable_lines("one\n\ttwo\x1b[0m\r\n"), "one\n\ttwo\\x1b[0m\\x0d\n");
}

}  // namespace
}  // namespace gangway::base
