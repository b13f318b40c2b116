#include "bench/trend.hpp"

#include <cmath>

#include <gtest/gtest.h>

namespace gangway::bench {
namespace {

TEST(SeriesTest, a_straight_line_grows_by_its_rise) {
  Series series;
  for (int minute = 0; minute <= 30; ++minute) series.add(minute, 100 + 0.5 * minute);
  EXPECT_DOUBLE_EQ(series.growth(), 15);
  EXPECT_DOUBLE_EQ(series.first(), 101);
  EXPECT_DOUBLE_EQ(series.last(), 114);
}

TEST(SeriesTest, single_samples_far_off_do_not_count) {
  Series series;
  for (int minute = 0; minute <= 30; ++minute) series.add(minute, minute == 29 ? 500 : 100);
  EXPECT_DOUBLE_EQ(series.growth(), 0);
}

TEST(SeriesTest, noise_around_a_level_is_flat) {
  Series series;
  for (int minute = 0; minute <= 60; ++minute) series.add(minute, 100 + 3 * std::sin(7.0 * minute));
  EXPECT_LT(std::abs(series.growth()), 1);
}

TEST(SeriesTest, one_sample_does_not_grow) {
  Series series;
  series.add(1, 100);
  EXPECT_DOUBLE_EQ(series.growth(), 0);
}

}  // namespace
}  // namespace gangway::bench
