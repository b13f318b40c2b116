#include "keeper/silence.hpp"

#include <gtest/gtest.h>

namespace gangway::keeper {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Verdict = Silence::Verdict;

/// A process that is looked at once in a second, and whose counter stands still.
class SilenceTest : public testing::Test {
 protected:
  SilenceTest() { look(1, seen('S')); }

  static os::ProcessView seen(char state, milliseconds cpu_time = {}) { return {{42, 1}, 1, state, cpu_time}; }

  /// The last verdict of so many looks.
  Verdict look(int times, const os::ProcessView& process) {
    Verdict last = Verdict::moving;
    for (int i = 0; i < times; ++i) last = look_at(7, process);
    return last;
  }
  Verdict look_at(std::uint64_t counter, const std::optional<os::ProcessView>& process) {
    return silence_.look(counter, [&] { return process; });
  }

  Silence silence_{SilenceLimits{}};
};

TEST_F(SilenceTest, OfAStoppedProcessIsSuspectAtFiveSecondsAndDeadAtFifteen) {
  EXPECT_EQ(look(5, seen('T')), Verdict::still);
  EXPECT_EQ(look(1, seen('T')), Verdict::suspect);
  EXPECT_EQ(look(1, seen('T')), Verdict::still) << "it is said once";
  EXPECT_EQ(look(8, seen('T')), Verdict::still);
  EXPECT_EQ(look(1, seen('T')), Verdict::dead);
}

TEST_F(SilenceTest, OfAProcessThatSleepsOverItsBellIsDeadToo) {
  EXPECT_EQ(look(15, seen('S')), Verdict::still);
  EXPECT_EQ(look(1, seen('S')), Verdict::dead);
}

TEST_F(SilenceTest, EndsWithAMove) {
  look(15, seen('T'));
  EXPECT_EQ(look_at(8, seen('T')), Verdict::moving);
  EXPECT_EQ(look_at(8, seen('T')), Verdict::still);
  EXPECT_EQ(silence_.proven(), milliseconds{0});
}

TEST_F(SilenceTest, OfARunningProcessCountsInCpuTime) {
  milliseconds cpu_time{0};
  const auto look_running = [&](milliseconds share) {
    cpu_time += share;
    return look_at(7, seen('R', cpu_time));
  };
  for (int i = 0; i < 100; ++i) EXPECT_EQ(look_running(milliseconds{0}), Verdict::still) << "it gets no CPU";
  for (int i = 0; i < 5; ++i) look_running(milliseconds{900});
  EXPECT_EQ(look_running(milliseconds{600}), Verdict::suspect);
  EXPECT_EQ(look_running(seconds{100}), Verdict::still) << "one look proves one second";
  EXPECT_EQ(silence_.proven(), milliseconds{6100});
}

TEST_F(SilenceTest, OfOneThatWaitsForADeviceOrIsHeldByADebuggerProvesNothing) {
  EXPECT_EQ(look(1000, seen('D')), Verdict::still);
  EXPECT_EQ(look(1000, seen('t')), Verdict::still);
}

TEST_F(SilenceTest, IsNotExpectedToEndBeforeTheCounterHasBegun) {
  for (int i = 0; i < 100; ++i) EXPECT_EQ(look_at(0, seen('T')), Verdict::moving);
}

TEST_F(SilenceTest, OfAnotherProcessWithItsPidIsAnother) {
  look(15, seen('T'));
  EXPECT_EQ(look_at(7, os::ProcessView{{42, 2}, 1, 'T', {}}), Verdict::still);
  EXPECT_EQ(look_at(7, std::nullopt), Verdict::moving) << "that it is gone is for others to see";
}

}  // namespace
}  // namespace gangway::keeper
