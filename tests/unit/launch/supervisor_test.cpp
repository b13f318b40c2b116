// Real supervisors with a stand-in for mpirun: every way in which a cluster starts, fails and ends.
#include "launch/supervisor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <string>
#include <utility>

#include <boost/asio/ip/tcp.hpp>

#include "launch/private_file.hpp"
#include "os/file.hpp"
#include "supervisor_fixture.hpp"

namespace gangway::launch {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST_F(SupervisorTest, StartsAClusterAndStopsIt) {
  const auto cluster = start("ready");
  ASSERT_TRUE(cluster.ok()) << cluster.fault().text;
  EXPECT_TRUE(check_private_file(cluster.value().connection_file));
  EXPECT_THAT(os::read_file(cluster.value().connection_file).value(),
              AllOf(HasSubstr(R"("address": "127.0.0.1", "port": 1,)"), HasSubstr("BEGIN CERTIFICATE"),
                    HasSubstr("PRIVATE KEY")));
  const ClusterState running = state();
  EXPECT_EQ(running.phase, Phase::running);
  EXPECT_TRUE(is_alive(running.supervisor));
  EXPECT_TRUE(is_alive(running.mpirun));
  EXPECT_TRUE(check_private_directory(running.scratch_dir));

  EXPECT_TRUE(stop_cluster(home_, "one"));
  EXPECT_FALSE(exists());
  EXPECT_FALSE(is_alive(running.supervisor));
  EXPECT_FALSE(is_alive(running.mpirun));
  EXPECT_FALSE(std::filesystem::exists(running.scratch_dir));
  EXPECT_TRUE(stop_cluster(home_, "one"));
}

TEST_F(SupervisorTest, TellsTheKeepersWhereTheyAre) {
  ASSERT_TRUE(start("ready").ok());
  const std::string arguments = os::read_file(notes_.path() / "arguments").value();
  EXPECT_THAT(arguments, HasSubstr("--cluster-dir\n" + home_.cluster("one").path().string() + "\n"));
  EXPECT_THAT(arguments, HasSubstr("--scratch-dir\n" + state().scratch_dir + "\n"));
  EXPECT_THAT(arguments, HasSubstr("--engines\n3\n"));
}

TEST_F(SupervisorTest, ShowsWhatMpirunSaidWhenItDiesEarly) {
  const std::string failure = failure_of_start("dies");
  EXPECT_THAT(failure, StartsWith("mpirun ended with status 7 before the engines were ready; it says: the first "
                                  "line | no route to nowhere; all of it is in "));
  EXPECT_EQ(failure.find('\n'), std::string::npos);
  EXPECT_THAT(os::read_file(home_.failed_log("one")).value(), HasSubstr("no route to nowhere"));
}

TEST_F(SupervisorTest, GivesUpWhenTheEnginesNeverCome) {
  profile_.start_timeout = std::chrono::milliseconds{300};
  EXPECT_THAT(failure_of_start("silent"),
              AllOf(StartsWith("the 3 engines were not ready within 300 ms"), HasSubstr("it says: thinking")));
  EXPECT_TRUE(nothing_runs());
}

TEST_F(SupervisorTest, SaysThatThereIsNoMpirun) {
  const TemporaryDirectory empty;
  search_path_ = empty.path().string();
  EXPECT_THAT(failure_of_start("ready"),
              HasSubstr("no mpirun in PATH; install Open MPI with: apt install openmpi-bin"));
}

TEST_F(SupervisorTest, SaysThatMpirunIsNotOpenMpis) {
  EXPECT_THAT(failure_of_start("not-open-mpi"), HasSubstr("it says: 'HYDRA build details:'"));
}

TEST_F(SupervisorTest, SaysThatNoPortIsFree) {
  boost::asio::io_context io;
  const boost::asio::ip::tcp::acceptor taken{io, {boost::asio::ip::address_v4::loopback(), 0}};
  profile_.ports = {taken.local_endpoint().port(), taken.local_endpoint().port()};
  EXPECT_THAT(failure_of_start("ready"), AllOf(StartsWith("no port from "), HasSubstr("choose another range")));
}

TEST_F(SupervisorTest, SaysThatTheDirectoryCannotBeWritten) {
  home_ = ClusterHome{"/proc/nowhere"};
  EXPECT_THAT(failure_of_start("ready"), HasSubstr("cannot create the directory /proc/nowhere"));
  home_ = ClusterHome{temporary_.path()};
}

TEST_F(SupervisorTest, RefusesANameInUse) {
  ASSERT_TRUE(start("ready").ok());
  const auto second = start("ready");
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(second.fault().text, HasSubstr("a cluster named one is running already"));
  EXPECT_EQ(state().phase, Phase::running);
}

TEST_F(SupervisorTest, StopsWithItsOwner) {
  kill_child(owner_of_cluster("ready"));
  EXPECT_TRUE(within_a_minute([&] { return !exists(); }));
}

TEST_F(SupervisorTest, StopsWhenItsStarterIsKilledBeforeItIsReady) {
  const pid_t starter = ::fork();
  if (starter == 0) {
    static_cast<void>(start("silent"));
    ::_exit(0);
  }
  ASSERT_TRUE(within_a_minute([&] { return exists(); }));
  kill_child(starter);
  EXPECT_TRUE(within_a_minute([&] { return !exists(); }));
}

TEST_F(SupervisorTest, KillsWhatLeftItsSessionAndItsParent) {
  ASSERT_TRUE(start("strays").ok());
  const auto stray_process = os::process_with_pid(stray());
  ASSERT_TRUE(stray_process);
  EXPECT_TRUE(stop_cluster(home_, "one"));
  EXPECT_FALSE(is_alive(*stray_process));
}

TEST_F(SupervisorTest, KeepsTheReasonWhenMpirunIsKilled) {
  profile_.restarts = 0;
  ASSERT_TRUE(start("strays").ok());
  const ClusterState running = state();
  ASSERT_TRUE(send_signal(running.mpirun, SIGKILL));
  EXPECT_TRUE(within_a_minute([&] { return !is_alive(running.supervisor); }));
  EXPECT_EQ(state().phase, Phase::ended);
  EXPECT_EQ(state().reason, "mpirun was killed by signal 9 (Killed)");
  EXPECT_FALSE(std::filesystem::exists(running.scratch_dir));
  EXPECT_FALSE(os::process_with_pid(stray()));
  EXPECT_TRUE(stop_cluster(home_, "one"));
  EXPECT_FALSE(exists());
}

TEST_F(SupervisorTest, EndsWhenMpirunSaysThatAHostIsLost) {
  profile_.hosts = {{"localhost", 3}};
  profile_.restarts = 0;
  ASSERT_TRUE(start("host-lost").ok());
  EXPECT_TRUE(within_a_minute([&] { return state().phase == Phase::ended; }));
  EXPECT_EQ(state().reason, "the connection to one of its hosts was lost");
}

TEST_F(SupervisorTest, DoesNotTakeWhatARankSaysForMpirunsWords) {
  profile_.hosts = {{"localhost", 3}};
  ASSERT_TRUE(start("rank-talks").ok());
  const auto log = [&] { return os::read_file(home_.cluster("one").log_file()).value(); };
  ASSERT_TRUE(within_a_minute([&] { return log().find("I said it\n") != std::string::npos; }));
  EXPECT_THAT(log(), AllOf(HasSubstr("\nORTE has lost communication with a remote daemon.\n"),
                           Not(HasSubstr("a host is lost"))));
  EXPECT_EQ(state().phase, Phase::running);
}

TEST_F(SupervisorTest, StartsItsJobAgainWhenMpirunIsKilled) {
  const auto cluster = start("strays");
  ASSERT_TRUE(cluster.ok()) << cluster.fault().text;
  const ClusterState first = state();
  const pid_t first_stray = stray();
  const auto certificates = os::read_file(home_.cluster("one").authority_file()).value();
  std::ofstream{home_.cluster("one").path() / "dead-1"} << "9\n";
  std::ofstream{home_.cluster("one").path() / "journal-0.sqlite"} << "tasks";
  ASSERT_TRUE(send_signal(first.mpirun, SIGKILL));

  const ClusterState second = next_job(first);
  EXPECT_EQ(second.restarts, 1U);
  EXPECT_EQ(second.reason, "mpirun was killed by signal 9 (Killed)");
  EXPECT_NE(second.cookie, first.cookie);
  EXPECT_NE(second.scratch_dir, first.scratch_dir);
  EXPECT_FALSE(std::filesystem::exists(first.scratch_dir));
  EXPECT_TRUE(check_private_directory(second.scratch_dir));
  EXPECT_FALSE(os::process_with_pid(first_stray)) << "nothing of the first job lives beside the second";
  EXPECT_EQ(os::read_file(home_.cluster("one").authority_file()).value(), certificates);
  EXPECT_EQ(os::read_file(home_.cluster("one").path() / "journal-0.sqlite").value(), "tasks");
  EXPECT_FALSE(std::filesystem::exists(home_.cluster("one").path() / "dead-1"));
  const std::string arguments = os::read_file(notes_.path() / "arguments").value();
  EXPECT_THAT(arguments, HasSubstr("--scratch-dir\n" + second.scratch_dir + "\n"));
  EXPECT_THAT(arguments, HasSubstr("--first-port\n1\n"));
  EXPECT_THAT(arguments, HasSubstr("--durability\ncommit\n"));
  EXPECT_TRUE(is_alive(second.supervisor));
}

TEST_F(SupervisorTest, TellsClientsTheNewPort) {
  ASSERT_TRUE(start("moves").ok());
  const auto connection = [&] { return os::read_file(home_.cluster("one").connection_file()).value(); };
  EXPECT_THAT(connection(), HasSubstr(R"("port": 1,)"));
  const ClusterState first = state();
  ASSERT_TRUE(send_signal(first.mpirun, SIGKILL));
  next_job(first);
  EXPECT_THAT(connection(), HasSubstr(R"("port": 2,)"));
  EXPECT_TRUE(check_private_file(home_.cluster("one").connection_file()));
}

TEST_F(SupervisorTest, StartsItsJobAgainWhenTheGatewayIsLost) {
  ASSERT_TRUE(start("gateway-dies").ok());
  EXPECT_TRUE(within_a_minute([&] { return state().phase == Phase::running && state().restarts == 1; }));
  EXPECT_EQ(state().reason, "its gateway was lost");
}

TEST_F(SupervisorTest, EndsAJobThatGoesOnWithoutItsGateway) {
  ASSERT_TRUE(start("half-dead").ok());
  const ClusterState first = state();
  const auto gateway = os::process_with_pid(stray());
  ASSERT_TRUE(gateway);
  ASSERT_TRUE(send_signal(*gateway, SIGKILL));
  EXPECT_EQ(next_job(first).reason, "its gateway was lost");
}

TEST_F(SupervisorTest, DoesNotUndoWhatAClientWanted) {
  ASSERT_TRUE(start("client-ends").ok());
  EXPECT_TRUE(within_a_minute([&] { return state().phase == Phase::ended; }));
  EXPECT_EQ(state().reason, "a client ended it");
  EXPECT_EQ(state().restarts, 0U);
}

TEST_F(SupervisorTest, GivesUpWhenItIsOfNoUse) {
  profile_.restarts = 2;
  ASSERT_TRUE(start("relapses").ok());
  const ClusterState first = state();
  ASSERT_TRUE(send_signal(first.mpirun, SIGKILL));
  EXPECT_TRUE(within_a_minute([&] { return state().phase == Phase::restarting; }));
  EXPECT_TRUE(within_a_minute([&] { return !is_alive(first.supervisor); }));
  EXPECT_EQ(state().phase, Phase::ended);
  EXPECT_EQ(
      state().reason,
      "mpirun ended with status 7 before the engines were ready; it says: gateway 0: error: the journal is of no "
      "use; it had been started again 2 times");
  EXPECT_FALSE(std::filesystem::exists(state().scratch_dir));
}

TEST_F(SupervisorTest, CanBeStoppedWhileItStartsAgain) {
  profile_.restarts = 100;
  ASSERT_TRUE(start("relapses").ok());
  ASSERT_TRUE(send_signal(state().mpirun, SIGKILL));
  ASSERT_TRUE(within_a_minute([&] { return state().restarts >= 2; }));
  EXPECT_TRUE(stop_cluster(home_, "one"));
  EXPECT_FALSE(exists());
}

TEST_F(SupervisorTest, WaitsForItsOwnerWhenMpirunIsKilled) {
  profile_.restarts = 0;
  const pid_t owner = owner_of_cluster("ready");
  ASSERT_TRUE(send_signal(state().mpirun, SIGKILL));
  EXPECT_TRUE(within_a_minute([&] { return state().phase == Phase::ended; }));
  kill_child(owner);
  EXPECT_TRUE(within_a_minute([&] { return !exists(); }));
}

TEST_F(SupervisorTest, IsReplacedByTheStopperWhenItIsKilled) {
  ASSERT_TRUE(start("strays").ok());
  const ClusterState running = state();
  const auto stray_process = os::process_with_pid(stray());
  ASSERT_TRUE(stray_process);
  ASSERT_TRUE(send_signal(running.supervisor, SIGKILL));
  ASSERT_TRUE(wait_until_gone(running.supervisor, std::chrono::seconds{60}));

  EXPECT_TRUE(stop_cluster(home_, "one"));
  EXPECT_FALSE(exists());
  EXPECT_FALSE(is_alive(running.mpirun));
  EXPECT_FALSE(is_alive(*stray_process));
  EXPECT_FALSE(std::filesystem::exists(running.scratch_dir));
}

TEST_F(SupervisorTest, LeavesTheClustersOfOtherHostsAlone) {
  ClusterState elsewhere;
  elsewhere.host = "elsewhere";
  elsewhere.supervisor = os::this_process();
  ASSERT_TRUE(home_.create_cluster("far", elsewhere).ok());
  EXPECT_THAT(stop_cluster(home_, "far").fault().text,
              HasSubstr("on the host elsewhere; run `gangway stop far` there"));
  EXPECT_TRUE(home_.remove_cluster("far"));
}

}  // namespace
}  // namespace gangway::launch
