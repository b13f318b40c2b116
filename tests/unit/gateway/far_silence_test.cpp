#include "gateway/far_silence.hpp"

#include <gtest/gtest.h>

namespace gangway::gateway {
namespace {

using Next = FarSilence::Next;

TEST(FarSilence, AsksWhoIsSilentAndGivesUpWhoDoesNotAnswer) {
  FarSilence silence{base::seconds(12)};
  int asked = 0;
  for (int i = 0; i < 12; ++i) {
    const Next next = silence.look(3, 0);
    EXPECT_NE(next, Next::give_up);
    asked += next == Next::ask ? 1 : 0;
  }
  EXPECT_EQ(asked, 2);
  EXPECT_EQ(silence.look(3, 0), Next::give_up);
}

TEST(FarSilence, EndsWithAnyMessage) {
  FarSilence silence{base::seconds(12)};
  for (std::uint64_t i = 0; i < 100; ++i) EXPECT_NE(silence.look(3, i / 12), Next::give_up);
}

TEST(FarSilence, IsEachRanksOwn) {
  FarSilence silence{base::seconds(12)};
  for (std::uint64_t i = 0; i < 12; ++i) {
    silence.look(3, 0);
    EXPECT_NE(silence.look(4, i), Next::give_up);
  }
  EXPECT_EQ(silence.look(3, 0), Next::give_up);
  silence.forget(3);
  EXPECT_EQ(silence.look(3, 0), Next::nothing);
}

}  // namespace
}  // namespace gangway::gateway
