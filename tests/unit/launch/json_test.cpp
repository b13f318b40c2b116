#include "launch/json.hpp"

#include <gtest/gtest.h>

namespace gangway::launch {
namespace {

TEST(Json, KeepsNumbersAsNumbersAndTheOrderOfEntries) {
  const JsonObject json = JsonObject{}.text("name", "a").number("port", 4711).raw("list", json_list({"1", "2"}));
  EXPECT_EQ(json.to_string(), R"({"name": "a", "port": 4711, "list": [1, 2]})");
}

TEST(Json, EscapesWhatATextMayNotHold) {
  EXPECT_EQ(json_text("say \"a\\b\"\n\t\x01"), R"("say \"a\\b\"\n\u0009\u0001")");
}

TEST(Json, IsReadableWhateverATextHolds) {
  EXPECT_EQ(json_text("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"), "\"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\"");
  EXPECT_EQ(json_text("\xe4 \xff\xc3"), R"("\ufffd \ufffd\ufffd")");
  EXPECT_EQ(json_text("\xe2\x82"), R"("\ufffd\ufffd")") << "half a letter";
}

}  // namespace
}  // namespace gangway::launch
