// Supervisors are killed, and others take their place or nobody does.
#include "launch/adopt.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "launch/launch_record.hpp"
#include "launch/private_file.hpp"
#include "os/file.hpp"
#include "supervisor_fixture.hpp"

namespace gangway::launch {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::SizeIs;

class AdoptTest : public SupervisorTest {
 protected:
  ClusterState start_and_kill_supervisor(const std::string& behaviour) {
    const auto cluster = start(behaviour);
    EXPECT_TRUE(cluster.ok()) << cluster.fault().text;
    const ClusterState running = state();
    kill_and_wait(running.supervisor);
    return running;
  }

  static void kill_and_wait(const ProcessKey& process) {
    EXPECT_TRUE(send_signal(process, SIGKILL));
    EXPECT_TRUE(wait_until_gone(process, std::chrono::seconds{60}));
  }

  // With an environment of its own: the cluster's is where it was left.
  base::Status adopt() {
    const ScopedVariable libexec{"GANGWAY_LIBEXEC_DIR", GANGWAY_TEST_LIBEXEC};
    const ScopedVariable path{"PATH", "/nowhere"};
    return adopt_cluster(home_, "one");
  }

  void expect_adopted() {
    const base::Status adopted = adopt();
    EXPECT_TRUE(adopted.ok()) << adopted.fault().text;
    EXPECT_TRUE(supervisor_alive(state()));
  }

  [[nodiscard]] std::vector<pid_t> supervisors() const {
    std::vector<pid_t> found;
    for (const auto& entry : std::filesystem::directory_iterator{"/proc"}) {
      const std::string pid = entry.path().filename().string();
      if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
      const auto arguments = os::read_file(entry.path() / "cmdline");
      if (arguments && arguments.value().find("gangway-supervisor") != std::string::npos &&
          arguments.value().find(temporary_.path().string()) != std::string::npos) {
        found.push_back(std::stoi(pid));
      }
    }
    return found;
  }

  [[nodiscard]] bool has_scratch(const ClusterState& job) const { return std::filesystem::exists(job.scratch_dir); }
};

TEST_F(AdoptTest, TheJobGoesOnUnderAnotherSupervisor) {
  const ClusterState before = start_and_kill_supervisor("strays");
  EXPECT_TRUE(is_alive(before.mpirun));
  EXPECT_TRUE(needs_supervisor(state()));
  expect_adopted();
  ClusterState now = state();
  EXPECT_EQ(now.phase, Phase::running);
  EXPECT_NE(now.supervisor, before.supervisor);
  now.supervisor = before.supervisor;
  EXPECT_EQ(now, before) << "all else is as it was";
  const pid_t adopted_stray = stray();

  EXPECT_TRUE(stop_cluster(home_, "one"));
  EXPECT_FALSE(exists());
  EXPECT_FALSE(has_scratch(before));
  EXPECT_FALSE(os::process_with_pid(adopted_stray));
}

TEST_F(AdoptTest, TheOtherSupervisorStartsTheJobAgainAsTheFirstWould) {
  const ClusterState before = start_and_kill_supervisor("strays");
  expect_adopted();
  ASSERT_TRUE(send_signal(before.mpirun, SIGKILL));
  const ClusterState second = next_job(before);
  EXPECT_EQ(second.reason, "mpirun was killed by signal 9 (Killed)");
  EXPECT_EQ(second.restarts, 1U);
  EXPECT_FALSE(has_scratch(before));
  EXPECT_THAT(os::read_file(notes_.path() / "arguments").value(), HasSubstr("--first-port\n1\n"));
}

TEST_F(AdoptTest, AJobThatDiedMeanwhileIsStartedAgain) {
  const ClusterState before = start_and_kill_supervisor("strays");
  ASSERT_TRUE(send_signal(before.mpirun, SIGKILL));
  ASSERT_TRUE(wait_until_gone(before.warden, std::chrono::seconds{60}));
  EXPECT_FALSE(has_scratch(before)) << "nothing is left but the cluster's directory";
  EXPECT_FALSE(os::process_with_pid(stray()));
  expect_adopted();
  EXPECT_EQ(next_job(before).reason, "mpirun was killed by signal 9 (Killed)");
}

TEST_F(AdoptTest, AJobWithoutSupervisorAndWardenEndsAndIsStartedAgain) {
  const ClusterState before = start_and_kill_supervisor("strays");
  kill_and_wait(before.warden);
  ASSERT_TRUE(wait_until_gone(before.mpirun, std::chrono::seconds{60}));
  const auto first_stray = os::process_with_pid(stray());
  ASSERT_TRUE(first_stray) << "it has left its session and its parent, and nobody ends it but who looks for it";
  expect_adopted();
  EXPECT_EQ(next_job(before).reason, "the warden of mpirun was killed");
  EXPECT_FALSE(has_scratch(before));
  EXPECT_FALSE(is_alive(*first_stray));
}

TEST_F(AdoptTest, AJobWhoseWardenIsKilledIsStartedAgain) {
  ASSERT_TRUE(start("strays").ok());
  const ClusterState before = state();
  const auto first_stray = os::process_with_pid(stray());
  ASSERT_TRUE(first_stray);
  kill_and_wait(before.warden);
  EXPECT_EQ(next_job(before).reason, "the warden of mpirun was killed");
  EXPECT_FALSE(is_alive(before.mpirun));
  EXPECT_FALSE(is_alive(*first_stray));
  EXPECT_EQ(state().supervisor, before.supervisor);
}

TEST_F(AdoptTest, RestartsBeforeCount) {
  profile_.restarts = 1;
  ASSERT_TRUE(start("ready").ok());
  const ClusterState first = state();
  ASSERT_TRUE(send_signal(first.mpirun, SIGKILL));
  const ClusterState second = next_job(first);
  kill_and_wait(second.supervisor);
  expect_adopted();
  ASSERT_TRUE(send_signal(second.mpirun, SIGKILL));
  EXPECT_TRUE(within_a_minute([&] { return state().phase == Phase::ended; }));
  EXPECT_EQ(state().reason, "mpirun was killed by signal 9 (Killed); it had been started again once");
}

TEST_F(AdoptTest, WhatAClientHasEndedStaysEnded) {
  const ClusterState before = start_and_kill_supervisor("client-ends");
  ASSERT_TRUE(wait_until_gone(before.warden, std::chrono::seconds{60}));
  EXPECT_TRUE(adopt().ok());
  EXPECT_TRUE(within_a_minute([&] { return state().phase == Phase::ended; }));
  EXPECT_EQ(state().reason, "a client ended it");
}

TEST_F(AdoptTest, OfManyAtOnceOneBecomesTheSupervisor) {
  const ClusterState before = start_and_kill_supervisor("ready");
  const ScopedVariable libexec{"GANGWAY_LIBEXEC_DIR", GANGWAY_TEST_LIBEXEC};
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([this] {
      const base::Status adopted = adopt_cluster(home_, "one");
      EXPECT_TRUE(adopted.ok()) << adopted.fault().text;
      EXPECT_TRUE(supervisor_alive(state()));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(within_a_minute([&] { return supervisors() == std::vector{state().supervisor.pid}; }));
  EXPECT_EQ(state().mpirun, before.mpirun);
}

TEST_F(AdoptTest, NobodyTakesOverWhileAnotherOneHasTheLock) {
  const ClusterState before = start_and_kill_supervisor("ready");
  {
    const auto lock = lock_cluster(home_.cluster("one"));
    ASSERT_TRUE(lock.ok()) << "the kernel has freed it";
    const base::Status adopted = adopt();
    ASSERT_FALSE(adopted.ok());
    EXPECT_THAT(adopted.fault().text, HasSubstr("somebody else looks after the cluster one"));
    EXPECT_EQ(state(), before);
  }
  expect_adopted();
  EXPECT_FALSE(lock_cluster(home_.cluster("one")).ok()) << "a supervisor keeps it";
}

TEST_F(AdoptTest, WithoutAnotherSupervisorTheJobEndsAfterAWhileAndLeavesOnlyTheReason) {
  profile_.orphan_timeout = std::chrono::milliseconds{300};
  const ClusterState before = start_and_kill_supervisor("strays");
  ASSERT_TRUE(wait_until_gone(before.warden, std::chrono::seconds{60}));
  EXPECT_FALSE(is_alive(before.mpirun));
  EXPECT_FALSE(os::process_with_pid(stray()));
  EXPECT_FALSE(has_scratch(before));
  EXPECT_EQ(state().phase, Phase::ended);
  EXPECT_EQ(state().reason, "its supervisor was killed, and nobody gave it another one within 300 ms");
  EXPECT_FALSE(std::filesystem::exists(home_.cluster("one").connection_file()));
  EXPECT_TRUE(adopt().ok()) << "there is nothing to adopt";
  EXPECT_FALSE(supervisor_alive(state()));
}

TEST_F(AdoptTest, TheJobEndsWithItsOwnerWhenTheSupervisorIsGone) {
  const pid_t owner = owner_of_cluster("strays");
  const ClusterState before = state();
  kill_and_wait(before.supervisor);
  kill_child(owner);
  EXPECT_TRUE(within_a_minute([&] { return !exists(); }));
  EXPECT_FALSE(has_scratch(before));
}

TEST_F(AdoptTest, AnotherSupervisorEndsWithTheOwnerToo) {
  const pid_t owner = owner_of_cluster("ready");
  kill_and_wait(state().supervisor);
  expect_adopted();
  kill_child(owner);
  EXPECT_TRUE(within_a_minute([&] { return !exists(); }));
}

TEST_F(AdoptTest, AStartWhoseSupervisorIsKilledEnds) {
  std::thread starter{[this] {
    const auto cluster = start("silent");
    EXPECT_THAT(cluster.ok() ? "" : cluster.fault().text, HasSubstr("remove what is left with `gangway stop one`"));
  }};
  EXPECT_TRUE(within_a_minute([&] { return exists() && is_alive(state().mpirun); }));
  const ClusterState before = state();
  kill_and_wait(before.supervisor);
  starter.join();
  ASSERT_TRUE(wait_until_gone(before.warden, std::chrono::seconds{60}));
  EXPECT_FALSE(is_alive(before.mpirun));
  EXPECT_FALSE(has_scratch(before));
  EXPECT_FALSE(needs_supervisor(state()));
}

TEST_F(AdoptTest, AfterANewStartOfTheHostThePidsOfTheStateAreThoseOfOthers) {
  ClusterState before = start_and_kill_supervisor("ready");
  kill_and_wait(before.warden);
  before.boot_id = "that of a host that has been started anew since";
  before.supervisor = os::this_process();
  before.warden = os::this_process();
  before.mpirun = {};
  before.restarted_at_ms = {1};
  ASSERT_TRUE(write_state(home_.cluster("one").state_file(), before));
  expect_adopted();
  const ClusterState second = next_job(before);
  EXPECT_EQ(second.boot_id, os::boot_id());
  EXPECT_NE(second.supervisor, os::this_process());
  EXPECT_EQ(second.restarted_at_ms.size(), 1U) << "the clock of the times before has begun anew";
}

/// Clusters that have ended, and are started again in their directory.
class ReviveTest : public AdoptTest {
 protected:
  ClusterState start_and_end(const std::string& behaviour) {
    profile_.restarts = 0;
    EXPECT_TRUE(start(behaviour).ok());
    const ClusterState running = state();
    EXPECT_TRUE(send_signal(running.mpirun, SIGKILL));
    EXPECT_TRUE(wait_until_gone(running.supervisor, std::chrono::seconds{60}));
    EXPECT_EQ(state().phase, Phase::ended);
    EXPECT_TRUE(write_private_file(home_.cluster("one").path() / "journal-0.sqlite", "tasks"));
    return running;
  }

  void expect_journal() {
    EXPECT_EQ(os::read_file(home_.cluster("one").path() / "journal-0.sqlite").value(), "tasks");
  }
};

TEST_F(ReviveTest, IsAsTheProfileHasItAndKeepsItsJournal) {
  start_and_end("moves");
  const std::string authority = os::read_file(home_.cluster("one").authority_file()).value();
  profile_.engines = 5;
  profile_.restarts = 1;
  const auto cluster = start("moves");
  ASSERT_TRUE(cluster.ok()) << cluster.fault().text;
  EXPECT_TRUE(cluster.value().revived);
  const ClusterState second = state();
  EXPECT_EQ(second.phase, Phase::running);
  EXPECT_EQ(second.engines, 5U);
  EXPECT_EQ(second.restarts, 0U);
  EXPECT_EQ(second.reason, "");
  EXPECT_THAT(os::read_file(notes_.path() / "arguments").value(),
              AllOf(HasSubstr("--engines\n5\n"), HasSubstr("--first-port\n1\n")));
  EXPECT_THAT(os::read_file(cluster.value().connection_file).value(), HasSubstr(R"("port": 2,)"));
  EXPECT_EQ(os::read_file(home_.cluster("one").authority_file()).value(), authority);
  expect_journal();

  kill_and_wait(second.supervisor);
  expect_adopted();
  ASSERT_TRUE(send_signal(second.mpirun, SIGKILL));
  EXPECT_EQ(next_job(second).restarts, 1U) << "it is a cluster like others";
}

TEST_F(ReviveTest, AFailureIsToldAndCostsNothing) {
  start_and_end("relapses");
  profile_.restarts = 5;
  const auto cluster = start("relapses");
  ASSERT_FALSE(cluster.ok());
  EXPECT_THAT(cluster.fault().text, AllOf(HasSubstr("mpirun ended with status 7 before the engines were ready"),
                                          HasSubstr("the journal is of no use")));
  EXPECT_TRUE(within_a_minute([&] { return !supervisor_alive(state()); }));
  EXPECT_EQ(state().phase, Phase::ended);
  EXPECT_EQ(state().reason, cluster.fault().text);
  expect_journal();
}

TEST_F(AdoptTest, TellsWhatIsInTheWay) {
  const ClusterState before = start_and_kill_supervisor("ready");
  std::filesystem::remove(home_.cluster("one").launch_file());
  const base::Status adopted = adopt();
  ASSERT_FALSE(adopted.ok());
  EXPECT_THAT(adopted.fault().text, AllOf(HasSubstr("the supervisor of the cluster one is gone"),
                                          HasSubstr("/launch"), HasSubstr("gangway stop one")));
  EXPECT_TRUE(is_alive(before.mpirun));
}

TEST(LaunchRecordTest, ComesBackAsItWasWritten) {
  const TemporaryDirectory directory;
  const auto file = directory.path() / "launch";
  const LaunchRecord record{
      {"--agent", "", "--hosts", "a b\n\xff"}, {{"EMPTY", ""}, {"LATIN", "\xe4=\n"}}, "/some where"};
  ASSERT_TRUE(write_launch_record(file, record));
  const auto read = read_launch_record(file);
  ASSERT_TRUE(read.ok()) << read.fault().text;
  EXPECT_EQ(read.value().arguments, record.arguments);
  EXPECT_EQ(read.value().environment, record.environment);
  EXPECT_EQ(read.value().directory, record.directory);
  EXPECT_TRUE(check_private_file(file));
  for (const std::string damaged : {"", "x", std::string("x\0004711\0y", 9).c_str()}) {
    ASSERT_TRUE(write_private_file(file, damaged));
    EXPECT_THAT(read_launch_record(file).fault().text, HasSubstr("does not tell how a cluster was started"));
  }
}

}  // namespace
}  // namespace gangway::launch
