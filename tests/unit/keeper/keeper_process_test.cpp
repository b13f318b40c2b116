// The real gangway-keeper, with stand-ins for rank and worker.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>

#include "keeper/node_page.hpp"
#include "keeper/wait_status.hpp"
#include "keeper_process.hpp"

namespace gangway::keeper {
namespace {

using namespace std::chrono_literals;

// Core files of the crashes that these tests cause would be of no use.
[[maybe_unused]] const int no_core_files = [] {
  constexpr rlimit none{};
  return ::setrlimit(RLIMIT_CORE, &none);
}();

/// Rank, worker 1 and its standby, worker 2, all ready.
struct StartedEngine : KeeperProcess {
  StartedEngine() : StartedEngine(Setup{}) {}
  explicit StartedEngine(Setup setup) : KeeperProcess{std::move(setup)} {
    hear("from 1 ready");
    hear("from 2 ready");
  }

  WatchedProcess rank = hear_of_process("rank ");
  WatchedProcess worker = hear_of_process("started 1 ");
  WatchedProcess standby = hear_of_process("started 2 ");
};

TEST(KeeperProcess, StartsTheRankWithItsArgumentsAndTwoWorkersInItsArena) {
  KeeperProcess engine{{.arguments = {"--bind", "127.0.0.1"}}};
  const std::string rank = engine.hear("rank ");
  EXPECT_NE(rank.find("--bind=127.0.0.1"), std::string::npos) << rank;
  EXPECT_NE(rank.find("--role=engine"), std::string::npos) << rank;
  EXPECT_NE(rank.find("--arena-bytes=1048576"), std::string::npos) << rank;
  EXPECT_EQ(rank.find("--rank-program"), std::string::npos) << rank;
  engine.hear("from 1 ready");
  engine.hear("from 2 ready");
  engine.tell("say 1 poke 77 42");
  EXPECT_EQ(engine.hear("from 1 "), "poke 42");
  engine.tell("say 2 peek 77");
  EXPECT_EQ(engine.hear("from 2 "), "peek 42");
}

// On its standard error mpirun says itself what it has to say, which the supervisor takes at its word.
TEST(KeeperProcess, LeavesItsStandardErrorToWhoStartedIt) {
  StartedEngine engine;
  const auto stream = [](pid_t pid, int number) {
    return std::filesystem::read_symlink("/proc/" + std::to_string(pid) + "/fd/" + std::to_string(number));
  };
  const auto output = stream(engine.pid(), STDOUT_FILENO);
  for (const pid_t pid : {engine.pid(), engine.rank.pid(), engine.worker.pid(), engine.standby.pid()}) {
    EXPECT_EQ(stream(pid, STDOUT_FILENO), output);
    EXPECT_EQ(stream(pid, STDERR_FILENO), output);
  }
}

TEST(KeeperProcess, ReportsADeadWorkerAndReplacesIt) {
  StartedEngine engine;
  engine.tell("say 1 poke 5 99");
  engine.hear("from 1 poke 99");
  engine.tell("say 1 crash");
  EXPECT_EQ(describe_wait_status(std::stoi(engine.hear("ended 1 "))),
            "was killed by signal 11 (SIGSEGV, segmentation fault)");
  // The standby goes on with the same arena, and a new one stands by.
  engine.tell("say 2 peek 5");
  EXPECT_EQ(engine.hear("from 2 "), "peek 99");
  engine.hear("started 3 ");
  engine.hear("from 3 ready");
  engine.standby.kill(SIGKILL);
  EXPECT_EQ(describe_wait_status(std::stoi(engine.hear("ended 2 "))), "was killed by signal 9 (SIGKILL, killed)");
  engine.tell("say 3 peek 5");
  EXPECT_EQ(engine.hear("from 3 "), "peek 99");
  engine.hear("from 4 ready");
}

TEST(KeeperProcess, KillsWhatADeadWorkerLeftBehind) {
  for (const char* how : {"fork", "daemon"}) {
    StartedEngine engine;
    engine.tell("say 2 fork");
    const WatchedProcess of_the_standby = engine.hear_of_process("from 2 left ");
    engine.tell(std::string{"say 1 "} + how);
    const WatchedProcess left = engine.hear_of_process("from 1 left ");
    EXPECT_TRUE(left.lives());
    engine.worker.kill(SIGKILL);
    EXPECT_TRUE(left.ends()) << how;
    engine.hear("from 3 ready");
    EXPECT_TRUE(engine.standby.lives());
    EXPECT_TRUE(of_the_standby.lives()) << how;
  }
}

TEST(KeeperProcess, EndsAWorkerWhenItsRankAsksForIt) {
  StartedEngine engine;
  engine.tell("end 1");
  EXPECT_TRUE(engine.worker.ends());
  engine.hear("ended 1 ");
  engine.hear("from 3 ready");
  EXPECT_TRUE(engine.standby.lives());
}

TEST(KeeperProcess, TakesABreakWhenWorkersDieAtOnce) {
  KeeperProcess engine{{.environment = {"STAND_IN_WORKER_DIES=1"}}};
  const auto started = engine.count_lines("started ", 3000ms);
  EXPECT_GE(started, 8U);
  EXPECT_LE(started, 30U);  // 8 at once and 5 in each second; room for a machine that stutters
  // It waits and does not spin: utime and stime, fields 14 and 15.
  std::ifstream stat{"/proc/" + std::to_string(engine.pid()) + "/stat"};
  std::string field;
  for (int i = 0; i < 13; ++i) stat >> field;
  long user_ticks = 0;
  long system_ticks = 0;
  stat >> user_ticks >> system_ticks;
  EXPECT_LT(user_ticks + system_ticks, ::sysconf(_SC_CLK_TCK));
}

TEST(KeeperProcess, KeepsItsReportsForARankThatReadsThemLate) {
  KeeperProcess engine{{.arguments = {"--deaf", "1"}, .environment = {"STAND_IN_WORKER_DIES=1"}}};
  engine.hear("rank ");
  EXPECT_EQ(engine.count_lines("started ", 1000ms), 0U);
  engine.tell("hear");
  engine.hear("started 8 ");
}

TEST(KeeperProcess, EndsInOrderWithItsRank) {
  StartedEngine engine;
  engine.tell("farewell");
  engine.tell("say 2 ping");
  engine.hear("from 2 pong");  // so the farewell has been sent
  engine.worker.kill(SIGKILL);
  EXPECT_EQ(engine.count_lines("started ", 300ms), 0U);
  engine.tell("exit 0");
  EXPECT_EQ(engine.wait(), 0);
  EXPECT_TRUE(engine.standby.ends());
  EXPECT_EQ(NodePage::open(engine.scratch_directory()).value().slot(1).dead.load(), 0U);
}

TEST(KeeperProcess, HearsTheFarewellOfARankThatLeavesInHaste) {
  KeeperProcess deaf{{.arguments = {"--deaf", "1"}}};
  // Reports lie unread when the rank closes its side.
  deaf.tell("farewell");
  deaf.tell("exit 0");
  EXPECT_EQ(deaf.wait(), 0);
  EXPECT_EQ(NodePage::open(deaf.scratch_directory()).value().slot(1).dead.load(), 0U);

  // The keeper gets to run late, and sees the end of the rank before it looks at the link.
  StartedEngine engine;
  engine.kill(SIGSTOP);
  engine.worker.kill(SIGKILL);
  EXPECT_TRUE(engine.worker.ends());
  engine.tell("farewell");
  engine.tell("exit 0");
  EXPECT_TRUE(engine.rank.ends());
  engine.kill(SIGCONT);
  EXPECT_EQ(engine.wait(), 0);
  EXPECT_EQ(NodePage::open(engine.scratch_directory()).value().slot(1).dead.load(), 0U);
}

TEST(KeeperProcess, TellsTheNodeWhenItsRankDies) {
  StartedEngine engine;
  const BellAddress address = bell_address("test." + std::to_string(::getpid()), 0);
  const os::Descriptor bell{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  ASSERT_EQ(::bind(bell.get(), reinterpret_cast<const sockaddr*>(&address.address), address.address_bytes), 0);
  const NodePage page = NodePage::open(engine.scratch_directory()).value();
  page.slot(0).asleep.store(1);
  engine.tell("say 1 fork");
  const WatchedProcess left = engine.hear_of_process("from 1 left ");

  engine.rank.kill(SIGKILL);
  pollfd ringing{.fd = bell.get(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&ringing, 1, 30'000), 1);
  EXPECT_EQ(page.slot(1).dead.load(), 1U);
  EXPECT_EQ(page.slot(1).wait_status.load(), SIGKILL);
  EXPECT_EQ(engine.wait(), 128 + SIGKILL);
  EXPECT_TRUE(engine.worker.ends());
  EXPECT_TRUE(engine.standby.ends());
  EXPECT_TRUE(left.ends());
}

TEST(KeeperProcess, TakesAnExitWithoutFarewellForADeath) {
  StartedEngine engine;
  engine.tell("exit 0");
  EXPECT_EQ(engine.wait(), 0);
  EXPECT_EQ(NodePage::open(engine.scratch_directory()).value().slot(1).dead.load(), 1U);
}

TEST(KeeperProcess, LeavesNothingWhenItIsKilled) {
  StartedEngine engine;
  engine.kill(SIGKILL);
  EXPECT_TRUE(engine.rank.ends());
  EXPECT_TRUE(engine.worker.ends());
  EXPECT_TRUE(engine.standby.ends());
}

TEST(KeeperProcess, EndsEverythingWhenItsParentIsGone) {
  KeeperProcess launcher{{.with_launcher = true}};
  const WatchedProcess keeper = launcher.hear_of_process("launched ");
  const WatchedProcess rank = launcher.hear_of_process("rank ");
  const WatchedProcess worker = launcher.hear_of_process("started 1 ");
  launcher.hear("from 1 ready");
  launcher.tell("say 1 daemon");
  const WatchedProcess left = launcher.hear_of_process("from 1 left ");
  launcher.kill(SIGKILL);
  EXPECT_TRUE(keeper.ends());
  EXPECT_TRUE(rank.ends());
  EXPECT_TRUE(worker.ends());
  EXPECT_TRUE(left.ends());
}

TEST(KeeperProcess, StopsInOrderOnSigterm) {
  for (const int signal : {SIGTERM, SIGINT}) {
    StartedEngine engine;
    engine.kill(signal);
    EXPECT_TRUE(engine.rank.ends());
    EXPECT_EQ(engine.wait(), 128 + SIGTERM);
    EXPECT_TRUE(engine.worker.ends());
    EXPECT_TRUE(engine.standby.ends());
  }
}

TEST(KeeperProcess, KillsARankThatDoesNotObeySigterm) {
  StartedEngine engine{{.arguments = {"--stubborn", "1"}}};
  engine.kill(SIGTERM);
  EXPECT_FALSE(engine.rank.ends_within(300ms));
  EXPECT_EQ(engine.wait(), 128 + SIGKILL);
  EXPECT_TRUE(engine.worker.ends());
}

TEST(KeeperProcess, OfAGatewayHasNeitherArenaNorWorkers) {
  KeeperProcess gateway{{.role = "gateway"}};
  const std::string rank = gateway.hear("rank ");
  EXPECT_EQ(rank.find("--arena-base"), std::string::npos) << rank;
  gateway.tell("exit 0");
  EXPECT_EQ(gateway.wait(), 0);
  EXPECT_EQ(NodePage::open(gateway.scratch_directory()).value().slot(1).dead.load(), 0U);
}

TEST(KeeperProcess, SaysWhatIsMissingAndEnds) {
  KeeperProcess engine{{.arguments = {"--worker-program", "/nonexistent/gangway-worker"}}};
  EXPECT_EQ(engine.wait(), 1);
}

TEST(KeeperProcess, ReplacesAWorkerQuickly) {
  // Not a limit, a figure for the log: from the kill to the answer of the next worker.
  StartedEngine engine;
  const auto killed = std::chrono::steady_clock::now();
  engine.worker.kill(SIGKILL);
  engine.hear("ended 1 ");
  engine.tell("say 2 ping");
  engine.hear("from 2 pong");
  const auto next_answers = std::chrono::steady_clock::now();
  engine.hear("from 3 ready");
  const auto replaced = std::chrono::steady_clock::now();
  const auto us = [&](auto moment) {
    return static_cast<int>(std::chrono::duration_cast<std::chrono::microseconds>(moment - killed).count());
  };
  RecordProperty("standby_answers_us", us(next_answers));
  RecordProperty("replaced_us", us(replaced));
  std::cout << "standby answers after " << us(next_answers) << " us, replaced after " << us(replaced) << " us\n";
}

}  // namespace
}  // namespace gangway::keeper
