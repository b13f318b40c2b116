#include "keeper/wait_status.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdlib>

#include "forked.hpp"

namespace gangway::keeper {
namespace {

int status_after(int signal) {
  return Forked{[signal] {
           constexpr rlimit no_core{};
           ::setrlimit(RLIMIT_CORE, &no_core);
           ::signal(signal, SIG_DFL);
           ::raise(signal);
           return 0;
         }}
      .wait();
}

TEST(WaitStatus, NamesTheSignal) {
  EXPECT_EQ(describe_wait_status(status_after(SIGSEGV)), "was killed by signal 11 (SIGSEGV, segmentation fault)");
  EXPECT_EQ(describe_wait_status(status_after(SIGABRT)), "was killed by signal 6 (SIGABRT, aborted)");
  EXPECT_EQ(describe_wait_status(status_after(SIGKILL)), "was killed by signal 9 (SIGKILL, killed)");
}

TEST(WaitStatus, NamesTheExitCode) {
  EXPECT_EQ(describe_wait_status(Forked{[] { return 3; }}.wait()), "called exit(3)");
}

TEST(WaitStatus, TellsWhyAKeeperHasKilled) {
  EXPECT_EQ(describe_wait_status(SIGKILL | rank_stood_still), "was stopped or hung, and was killed");
  EXPECT_EQ(describe_wait_status(SIGKILL | keeper_stood_still), "was killed, since its keeper was stopped or hung");
}

TEST(WaitStatus, IsPassedOnAsAShellDoes) {
  EXPECT_EQ(exit_code_of(Forked{[] { return 3; }}.wait()), 3);
  EXPECT_EQ(exit_code_of(status_after(SIGKILL)), 137);
}

}  // namespace
}  // namespace gangway::keeper
