// Real supervisors and wardens with a stand-in for mpirun.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>

#include "launch/start.hpp"
#include "launch/stop.hpp"
#include "os/file.hpp"
#include "temporary_directory.hpp"

namespace gangway::launch {

inline bool within_a_minute(const std::function<bool()>& condition) {
  for (int i = 0; i < 3000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }
  return false;
}

/// A home for clusters that `start` starts, which all have the name "one".
class SupervisorTest : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_symlink(std::string{GANGWAY_TEST_SUPPORT} + "/stand_in_mpirun", notes_.path() / "mpirun");
  }

  void TearDown() override {
    for (const std::string& name : home_.list()) EXPECT_TRUE(stop_cluster(home_, name)) << name;
    EXPECT_TRUE(nothing_runs());
  }

  base::Result<StartedCluster> start(const std::string& behaviour, Ownership ownership = Ownership::detached) {
    const ScopedVariable libexec{"GANGWAY_LIBEXEC_DIR", GANGWAY_TEST_LIBEXEC};
    const ScopedVariable path{"PATH", search_path_};
    const ScopedVariable kind{"STAND_IN_MPIRUN", behaviour};
    const ScopedVariable notes{"STAND_IN_NOTES", notes_.path().string()};
    return start_cluster(home_, profile_, ownership);
  }

  std::string failure_of_start(const std::string& behaviour) {
    const auto cluster = start(behaviour);
    EXPECT_FALSE(cluster.ok());
    EXPECT_THAT(home_.list(), testing::IsEmpty());
    return cluster ? "" : cluster.fault().text;
  }

  /// A process that owns a cluster, once that is ready.
  pid_t owner_of_cluster(const std::string& behaviour) {
    const pid_t owner = ::fork();
    if (owner == 0) {
      static_cast<void>(start(behaviour, Ownership::owned));
      for (;;) ::pause();
    }
    EXPECT_TRUE(within_a_minute([&] { return exists() && state().phase == Phase::running; }));
    return owner;
  }

  static void kill_child(pid_t child) {
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
  }

  ClusterState state() {
    const auto read = read_state(home_.cluster("one").state_file());
    EXPECT_TRUE(read.ok()) << read.fault().text;
    return read ? read.value() : ClusterState{};
  }

  bool exists() { return home_.has_cluster("one"); }

  // Waits for a job that is not `before`'s and runs.
  ClusterState next_job(const ClusterState& before) {
    EXPECT_TRUE(within_a_minute([&] {
      const ClusterState now = state();
      return now.phase == Phase::running && !(now.mpirun == before.mpirun);
    }));
    return state();
  }

  pid_t stray() {
    pid_t pid = 0;
    std::ifstream{notes_.path() / "stray"} >> pid;
    return pid;
  }

  // Nothing that has this test's directory in its environment, which the stand-in and all its children have.
  bool nothing_runs() {
    return within_a_minute([this] {
      for (const auto& entry : std::filesystem::directory_iterator{"/proc"}) {
        const std::string pid = entry.path().filename().string();
        if (pid.find_first_not_of("0123456789") != std::string::npos || std::stoi(pid) == ::getpid()) continue;
        const auto variables = os::read_file(entry.path() / "environ", 16 * base::mib);
        if (variables && variables.value().find(notes_.path().string()) != std::string::npos &&
            os::process_with_pid(std::stoi(pid))) {
          return false;
        }
      }
      return true;
    });
  }

  TemporaryDirectory notes_;
  TemporaryDirectory temporary_;
  ClusterHome home_{temporary_.path()};
  std::string search_path_ = notes_.path().string() + ":/usr/bin:/bin";
  Profile profile_ = [] {
    Profile profile = Profile::local(3);
    profile.name = "one";
    return profile;
  }();
};

}  // namespace gangway::launch
