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

}  // namespace
}  // namespace gangway::launch
