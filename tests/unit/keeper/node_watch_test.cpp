// Real keepers look after stand-ins for their ranks, and after each other.
#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "keeper/node_page.hpp"
#include "keeper/wait_status.hpp"
#include "keeper_process.hpp"

namespace gangway::keeper {
namespace {

using namespace std::chrono_literals;

/// A keeper with its rank and two workers, and little patience.
struct Engine : KeeperProcess {
  explicit Engine(Setup setup) : KeeperProcess{patient(std::move(setup))} {
    hear("from 1 ready");
    hear("from 2 ready");
  }

  static Setup patient(Setup setup) {
    setup.arguments.insert(setup.arguments.end(), {"--stall-ms", "1500"});
    return setup;
  }

  WatchedProcess rank = hear_of_process("rank ");
  WatchedProcess worker = hear_of_process("started 1 ");
};

/// The loop counter of a rank, turned by the test as long as it lives.
class TurningLoop {
 public:
  explicit TurningLoop(NodeSlot& slot)
      : thread_{[this, &slot] {
          while (!stop_) {
            slot.loop_rounds.fetch_add(1);
            std::this_thread::sleep_for(10ms);
          }
        }} {}
  ~TurningLoop() {
    stop_ = true;
    thread_.join();
  }

 private:
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

bool eventually(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!condition() && std::chrono::steady_clock::now() < deadline) std::this_thread::sleep_for(10ms);
  return condition();
}

TEST(NodeWatch, KillsARankThatStandsStillAndTellsWhy) {
  Engine engine{{}};
  const NodePage page = NodePage::open(engine.scratch_directory()).value();
  {
    const TurningLoop turning{page.slot(1)};
    EXPECT_FALSE(engine.rank.ends_within(3s)) << "it moves";
  }
  engine.rank.kill(SIGSTOP);
  EXPECT_TRUE(engine.rank.ends());
  EXPECT_EQ(engine.wait(), 128 + SIGKILL);
  EXPECT_EQ(page.slot(1).dead.load(), 1U);
  EXPECT_EQ(page.slot(1).wait_status.load(), SIGKILL | rank_stood_still);
  EXPECT_TRUE(engine.worker.ends());
}

TEST(NodeWatch, KillsARankInAnEndlessLoop) {
  Engine engine{{}};
  const NodePage page = NodePage::open(engine.scratch_directory()).value();
  page.slot(1).loop_rounds.store(1);
  engine.tell("spin");
  EXPECT_TRUE(engine.rank.ends());
  EXPECT_EQ(engine.wait(), 128 + SIGKILL);
  EXPECT_EQ(page.slot(1).wait_status.load(), SIGKILL | rank_stood_still);
}

TEST(NodeWatch, LeavesARankAloneThatHasNotBegun) {
  const Engine engine{{}};
  engine.rank.kill(SIGSTOP);
  EXPECT_FALSE(engine.rank.ends_within(3s));
  engine.rank.kill(SIGCONT);
}

TEST(NodeWatch, HasTheLauncherEndTheJobWhenARankIsKilledBeforeItHasBegun) {
  KeeperProcess launcher{{.with_launcher = true}};
  const WatchedProcess rank = launcher.hear_of_process("rank ");
  launcher.hear("from 1 ready");
  rank.kill(SIGKILL);
  EXPECT_EQ(launcher.wait(), -SIGTERM);
}

TEST(NodeWatch, LeavesTheLauncherAloneWhenARankIsKilledLater) {
  KeeperProcess launcher{{.with_launcher = true}};
  const WatchedProcess keeper = launcher.hear_of_process("launched ");
  const WatchedProcess rank = launcher.hear_of_process("rank ");
  launcher.hear("from 1 ready");
  NodePage::open(launcher.scratch_directory()).value().slot(1).loop_rounds.store(1);
  rank.kill(SIGKILL);
  EXPECT_TRUE(keeper.ends());
  const WatchedProcess itself{launcher.pid()};
  EXPECT_TRUE(itself.lives());
}

// Then the keeper's parent is another one: a supervisor, which would stop the cluster.
TEST(NodeWatch, AsksNobodyElseToEndTheJobWhenTheLauncherIsGone) {
  static std::atomic<int> asked = 0;
  KeeperProcess launcher{{.with_launcher = true}};
  std::signal(SIGTERM, [](int) { ++asked; });
  const WatchedProcess keeper = launcher.hear_of_process("launched ");
  const WatchedProcess rank = launcher.hear_of_process("rank ");
  launcher.hear("from 1 ready");
  keeper.kill(SIGSTOP);
  rank.kill(SIGKILL);
  EXPECT_TRUE(rank.ends());
  launcher.kill(SIGKILL);
  EXPECT_EQ(launcher.wait(), -SIGKILL);
  keeper.kill(SIGCONT);
  EXPECT_TRUE(keeper.ends());
  EXPECT_EQ(NodePage::open(launcher.scratch_directory()).value().slot(1).dead.load(), 1U);
  EXPECT_EQ(asked, 0);
}

TEST(NodeWatch, KillsAKeeperThatStandsStillWithAllThatItKeeps) {
  const Engine first{{.engines = 2}};
  const NodePage page = NodePage::open(first.scratch_directory()).value();
  const auto bell = Bells::open(first.scratch_directory()).value().hang(1);
  ASSERT_TRUE(bell.ok()) << bell.fault().text;
  Engine second{{.rank = 2, .engines = 2, .scratch_directory = first.scratch_directory()}};
  page.slot(1).asleep.store(1);
  second.rank.kill(SIGSTOP);
  second.kill(SIGSTOP);
  pollfd ringing{.fd = bell.value().get(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&ringing, 1, 30'000), 1);
  EXPECT_EQ(page.slot(2).dead.load(), 1U);
  EXPECT_EQ(page.slot(2).wait_status.load(), SIGKILL | keeper_stood_still);
  EXPECT_FALSE(second.rank.lives()) << "it is told of when it is certain";
  EXPECT_EQ(second.wait(), -SIGKILL);
  EXPECT_TRUE(second.worker.ends());
  EXPECT_TRUE(first.rank.lives());
}

TEST(NodeWatch, WaitsForAKeeperThatWasStoppedForAMoment) {
  const Engine first{{.engines = 2}};
  Engine second{{.rank = 2, .engines = 2, .scratch_directory = first.scratch_directory()}};
  second.kill(SIGSTOP);
  EXPECT_FALSE(second.rank.ends_within(500ms));
  second.kill(SIGCONT);
  EXPECT_FALSE(second.rank.ends_within(3s));
}

TEST(NodeWatch, LeavesAKeeperAloneWhosePidMeansAnotherProcessHere) {
  const Engine first{{.engines = 2}};
  Engine second{{.rank = 2, .engines = 2, .scratch_directory = first.scratch_directory()}};
  const NodePage page = NodePage::open(first.scratch_directory()).value();
  page.slot(2).pid_namespace.store(1);
  page.slot(2).keeper_start_ticks.store(1);  // as a number that another process has
  EXPECT_FALSE(second.rank.ends_within(3s));
  EXPECT_EQ(page.slot(2).dead.load(), 0U);
}

TEST(NodeWatch, TellsOtherHostsOfAKeeperThatWasKilled) {
  const std::string directory = std::filesystem::temp_directory_path() / ("watch-" + std::to_string(::getpid()));
  std::filesystem::create_directory(directory);
  const std::vector<std::string> hosts{"--hosts", "2", "--cluster-dir", directory};
  {
    const Engine first{{.engines = 2, .arguments = hosts}};
    const Engine second{
        {.rank = 2, .engines = 2, .scratch_directory = first.scratch_directory(), .arguments = hosts}};
    second.rank.kill(SIGSTOP);           // so that it cannot say it itself
    std::this_thread::sleep_for(500ms);  // the neighbours have met
    second.kill(SIGKILL);
    EXPECT_TRUE(second.rank.ends());
    EXPECT_TRUE(eventually([&] { return std::filesystem::exists(directory + "/dead-2"); }));
  }
  std::filesystem::remove_all(directory);
}

TEST(NodeWatch, SaysNothingOfAKeeperThatHasLeft) {
  const Engine first{{.engines = 2}};
  const NodePage page = NodePage::open(first.scratch_directory()).value();
  Engine second{{.rank = 2, .engines = 2, .scratch_directory = first.scratch_directory()}};
  second.tell("farewell");
  second.tell("exit 0");
  EXPECT_EQ(second.wait(), 0);
  std::this_thread::sleep_for(500ms);
  EXPECT_EQ(page.slot(2).dead.load(), 0U);
}

}  // namespace
}  // namespace gangway::keeper
