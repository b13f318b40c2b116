#include "launch/restart_limit.hpp"

#include <vector>

#include <gmock/gmock.h>

namespace gangway::launch {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;

const RestartLimit::Time start{std::chrono::hours{1}};

TEST(RestartLimitTest, WaitsLongerEachTimeAndGivesUp) {
  RestartLimit limit{8};
  std::vector<milliseconds::rep> waits;
  for (int i = 0; i < 8; ++i) waits.push_back(limit.grant(start + std::chrono::seconds{i}).value().count());
  EXPECT_THAT(waits, ElementsAre(500, 1000, 2000, 4000, 8000, 10'000, 10'000, 10'000));
  EXPECT_FALSE(limit.grant(start + std::chrono::seconds{8}));
  EXPECT_FALSE(limit.grant(start + RestartLimit::window - milliseconds{1}));
}

TEST(RestartLimitTest, ForgetsWhatIsLongAgo) {
  RestartLimit limit{2};
  ASSERT_TRUE(limit.grant(start));
  ASSERT_TRUE(limit.grant(start + std::chrono::minutes{5}));
  ASSERT_FALSE(limit.grant(start + std::chrono::minutes{9}));
  EXPECT_EQ(limit.grant(start + std::chrono::minutes{10}), milliseconds{1000}) << "the second one still counts";
  EXPECT_EQ(limit.grant(start + std::chrono::minutes{30}), milliseconds{500});
}

TEST(RestartLimitTest, OfNoneGrantsNone) {
  EXPECT_FALSE(RestartLimit{0}.grant(start));
}

}  // namespace
}  // namespace gangway::launch
