#include "gateway/bells_text.hpp"

#include <gtest/gtest.h>

namespace gangway::gateway {
namespace {

TEST(BellsText, TellsHowRanksAreWoken) {
  EXPECT_EQ(bells_text("a", {}), "shared memory, on one host");
  EXPECT_EQ(bells_text("a", {{"b", true}, {"b", true}}), "UDP between 2 hosts");
  EXPECT_EQ(bells_text("a", {{"b", true}, {"c", true}}), "UDP between 3 hosts");
}

TEST(BellsText, NamesTheHostsThatUdpDoesNotReach) {
  EXPECT_EQ(bells_text("a", {{"c", false}, {"b", false}, {"b", true}, {"d", true}}),
            "polling: UDP does not pass between a and b, c; a message may wait for up to 5 ms");
}

}  // namespace
}  // namespace gangway::gateway
