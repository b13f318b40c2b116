#include "keeper/start_pacer.hpp"

#include <gtest/gtest.h>

namespace gangway::keeper {
namespace {

using base::Instant;
using base::milliseconds;
using base::seconds;

constexpr Instant noon{1'000'000'000'000};

int starts_at(StartPacer& pacer, Instant now) {
  int starts = 0;
  while (starts < 1000 && pacer.try_start(now)) ++starts;
  return starts;
}

TEST(StartPacer, AllowsABurstAndThenOneInEachInterval) {
  StartPacer pacer{8, milliseconds(200)};
  EXPECT_EQ(starts_at(pacer, noon), 8);
  EXPECT_EQ(starts_at(pacer, noon + milliseconds(199)), 0);
  EXPECT_EQ(starts_at(pacer, noon + milliseconds(200)), 1);
  EXPECT_EQ(starts_at(pacer, noon + milliseconds(1000)), 4);
}

TEST(StartPacer, AllowsTheBurstAgainAfterAPause) {
  StartPacer pacer{8, milliseconds(200)};
  starts_at(pacer, noon);
  EXPECT_EQ(starts_at(pacer, noon + seconds(3600)), 8);
}

TEST(StartPacer, SaysWhenTheNextStartIsAllowed) {
  StartPacer pacer{2, milliseconds(50)};
  EXPECT_LE(pacer.next_start(), noon);
  starts_at(pacer, noon);
  EXPECT_EQ(pacer.next_start(), noon + milliseconds(50));
}

}  // namespace
}  // namespace gangway::keeper
