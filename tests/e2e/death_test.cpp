#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <boost/property_tree/json_parser.hpp>
#include <boost/property_tree/ptree.hpp>

#include <gangway/gangway.hpp>

#include "e2e/support/command.hpp"
#include "e2e/support/traces.hpp"

namespace gangway::e2e {
namespace {

using std::chrono::steady_clock;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

int sleep_for_ever(int number) {
  std::this_thread::sleep_for(std::chrono::seconds{600});
  return number;
}

void say(const std::string& words) {
  std::cout << "out: " << words << std::endl;
  std::cerr << "error: " << words << std::endl;
}

std::uint32_t where(Engine& engine, int) {
  return engine.id().value();
}

int twice(int number) {
  return 2 * number;
}

/// A cluster that `gangway start` has started and that is not started again, and a client of it. The test must stop
/// the cluster.
class DetachedClusterTest : public testing::Test {
 protected:
  void SetUp() override {
    const std::string profile = std::string{std::getenv("GANGWAY_HOME")} + "/doomed.ini";
    std::ofstream{profile} << "[cluster]\nengines = 2\nrestarts = 0\nstall_timeout = 2s\n";
    const Outcome started = gangway({"start", "-p", profile});
    ASSERT_EQ(started.status, 0) << started.error;
    traces = Traces::of("doomed");
    client.emplace("doomed", reconnect_limit({}));
  }

  void TearDown() override {
    const Outcome stopped = gangway({"stop", "doomed"});
    EXPECT_EQ(stopped.status, 0) << stopped.error;
    EXPECT_THAT(traces.remains(), IsEmpty());
    if (!traces.remains().empty()) gangway({"stop", "doomed"});
  }

  /// That what waits fails because of the gateway, and within the five seconds that are promised.
  static void expect_connection_error(const Future<int>& waiting, steady_clock::time_point killed) {
    ASSERT_TRUE(waiting.wait_for(std::chrono::seconds{60}));
    EXPECT_LT(steady_clock::now() - killed, std::chrono::seconds{5});
    try {
      static_cast<void>(waiting.get());
      ADD_FAILURE() << "a task that sleeps for ever has a result";
    } catch (const ConnectionError& error) {
      EXPECT_THAT(error.what(), AllOf(HasSubstr("127.0.0.1"), HasSubstr("gangway status doomed")));
    }
  }

  /// That the supervisor sees the end of its job, and the command tells it.
  static void expect_ended() {
    EXPECT_TRUE(eventually([] { return gangway({"list", "--json"}).out.find("\"ended\"") != std::string::npos; }));
    const Outcome status = gangway({"status", "doomed"});
    EXPECT_EQ(status.status, 1);
    EXPECT_THAT(status.error, AllOf(HasSubstr("has ended"), HasSubstr("gangway stop doomed")));
  }

  static std::vector<std::uint32_t> engines_shown() {
    boost::property_tree::ptree tree;
    std::istringstream json{gangway({"engines", "doomed", "--json"}).out};
    boost::property_tree::read_json(json, tree);
    std::vector<std::uint32_t> ids;
    for (const auto& [none, engine] : tree) ids.push_back(engine.get<std::uint32_t>("id"));
    return ids;
  }

  /// What must hold when engine `lost` is gone: its task failed, for the given reason, and the other engine does the
  /// work.
  void expect_engine_lost(std::uint32_t lost, const Future<int>& its_task, const std::string& reason = "") {
    ASSERT_TRUE(its_task.wait_for(std::chrono::seconds{60}));
    try {
      static_cast<void>(its_task.get());
      ADD_FAILURE() << "a task that sleeps for ever has a result";
    } catch (const RemoteError& error) {
      EXPECT_EQ(error.kind(), FailureKind::engine_lost);
      EXPECT_EQ(error.engine(), EngineId{lost});
      EXPECT_THAT(error.what(), AllOf(HasSubstr("engine " + std::to_string(lost)), HasSubstr(reason)));
    }
    const std::uint32_t other = 1 - lost;
    EXPECT_EQ(engines_shown(), std::vector<std::uint32_t>{other});
    for (const std::uint32_t place : client->balanced().map(fn<where>, std::vector<int>(100)).get()) {
      EXPECT_EQ(place, other);
    }
    EXPECT_THAT(gangway({"status", "doomed"}).out, HasSubstr("1 of 2"));
    EXPECT_THAT(gangway({"list"}).out, HasSubstr("running    1 of 2"));
  }

  Traces traces;
  std::optional<Client> client;
};

// With hosts the supervisor listens to mpirun, which tells by these words that one of them is lost.
TEST(RanksOutput, IsNotTakenForMpiruns) {
  Profile profile = Profile::local(2);
  profile.name = "talker";
  profile.hosts = {{"localhost", 2}};
  Cluster cluster{profile};
  const Client talker = cluster.connect();
  talker.balanced().apply(fn<say>, std::string{"ORTE has lost communication with a remote daemon."}).get();
  const auto log = [&] {
    std::ifstream file{Traces::of("talker").directory + "/logs/job.log"};
    return std::string{std::istreambuf_iterator<char>{file}, {}};
  };
  EXPECT_TRUE(eventually([&] {
    return log().find("out: ORTE has lost") != std::string::npos &&
           log().find("error: ORTE has lost") != std::string::npos;
  })) << log();
  talker.balanced().apply(fn<say>, std::string{"still here"}).get();
  EXPECT_TRUE(eventually([&] { return log().find("error: still here") != std::string::npos; })) << log();
  EXPECT_EQ(talker.engines().size(), 2U);
  EXPECT_EQ(gangway({"status", "talker"}).status, 0) << log();
}

TEST(OwnerKilled, TheClusterEndsByItself) {
  RunningProgram owner{{"/proc/self/exe", "--own-a-cluster", "owned"}};
  ASSERT_TRUE(eventually([&] { return owner.out() == "ready\n"; }));
  const Traces traces = Traces::of("owned");
  kill_at_once(owner.pid());
  EXPECT_TRUE(nothing_remains(traces));
}

TEST(SupervisorKilled, TheOwnersObjectCleansUp) {
  Traces traces;
  {
    const Cluster cluster{Profile::local(2)};
    traces = Traces::of(cluster.name());
    kill_at_once(traces.supervisor);
  }
  EXPECT_THAT(traces.remains(), IsEmpty());
}

TEST_F(DetachedClusterTest, TheSupervisorIsKilled) {
  kill_at_once(traces.supervisor);
  EXPECT_EQ(client->engine(EngineId{1}).apply(fn<where>, 0).get(), 1U);
}

TEST_F(DetachedClusterTest, TheSupervisorAndMpirunAreKilled) {
  kill_at_once(traces.supervisor);
  kill_at_once(traces.mpirun);
}

TEST_F(DetachedClusterTest, TheSupervisorAndTheWardenAreKilled) {
  kill_at_once(traces.supervisor);
  kill_at_once(traces.warden);
}

TEST_F(DetachedClusterTest, TheSupervisorTheWardenAndMpirunAreKilled) {
  kill_at_once(traces.supervisor);
  kill_at_once(traces.warden);
  kill_at_once(traces.mpirun);
}

TEST_F(DetachedClusterTest, TheWardenIsKilled) {
  kill_at_once(traces.warden);
  expect_ended();
}

TEST_F(DetachedClusterTest, TheWardenIsStoppedAndTheClusterWorksOn) {
  stop_at_once(traces.warden);
  EXPECT_EQ(client->engine(EngineId{1}).apply(fn<where>, 0).get(), 1U);
}

TEST_F(DetachedClusterTest, MpirunIsKilled) {
  const auto waiting = client->engine(EngineId{0}).apply(fn<sleep_for_ever>, 0);
  static_cast<void>(waiting.id());
  const auto killed = steady_clock::now();
  kill_at_once(traces.mpirun);
  expect_connection_error(waiting, killed);
  expect_ended();
}

TEST_F(DetachedClusterTest, WhoWaitsForItToComeBackGivesUpWhenItHasEnded) {
  const Client patient{"doomed"};
  const auto waiting = patient.engine(EngineId{0}).apply(fn<sleep_for_ever>, 0);
  static_cast<void>(waiting.id());
  kill_at_once(traces.mpirun);
  ASSERT_TRUE(waiting.wait_for(std::chrono::seconds{120}));
  EXPECT_THROW(static_cast<void>(waiting.get()), ConnectionError);
  expect_ended();
}

TEST_F(DetachedClusterTest, TheGatewayIsKilled) {
  const auto waiting = client->engine(EngineId{0}).apply(fn<sleep_for_ever>, 0);
  static_cast<void>(waiting.id());
  const auto killed = steady_clock::now();
  kill_at_once(traces.pids_of("gangway-rank", "gateway").front());
  expect_connection_error(waiting, killed);
  EXPECT_THROW(client->balanced().apply(fn<where>, 0).get(), ConnectionError);
  expect_ended();
}

TEST_F(DetachedClusterTest, TheKeeperOfTheGatewayIsKilled) {
  const auto waiting = client->engine(EngineId{0}).apply(fn<sleep_for_ever>, 0);
  static_cast<void>(waiting.id());
  const auto killed = steady_clock::now();
  kill_at_once(parent_of(traces.pids_of("gangway-rank", "gateway").front()));
  expect_connection_error(waiting, killed);
  expect_ended();
}

TEST_F(DetachedClusterTest, AnEngineIsKilled) {
  client->engine(EngineId{0}).apply(fn<where>, 0).get();
  const auto task = client->engine(EngineId{1}).apply(fn<sleep_for_ever>, 0);
  static_cast<void>(task.id());
  kill_at_once(static_cast<pid_t>(client->engines().at(1).pid));
  expect_engine_lost(1, task);
}

TEST_F(DetachedClusterTest, TheKeeperOfAnEngineIsKilled) {
  const auto task = client->engine(EngineId{1}).apply(fn<sleep_for_ever>, 0);
  static_cast<void>(task.id());
  kill_at_once(parent_of(static_cast<pid_t>(client->engines().at(1).pid)));
  expect_engine_lost(1, task);
}

TEST_F(DetachedClusterTest, AnEngineIsStopped) {
  const auto task = client->engine(EngineId{1}).apply(fn<sleep_for_ever>, 0);
  static_cast<void>(task.id());
  stop_at_once(static_cast<pid_t>(client->engines().at(1).pid));
  expect_engine_lost(1, task, "its rank was stopped or hung, and was killed");
}

TEST_F(DetachedClusterTest, AnEngineAndItsKeeperAreStopped) {
  const auto task = client->engine(EngineId{1}).apply(fn<sleep_for_ever>, 0);
  static_cast<void>(task.id());
  const auto rank = static_cast<pid_t>(client->engines().at(1).pid);
  stop_at_once(parent_of(rank));
  stop_at_once(rank);
  expect_engine_lost(1, task, "its rank was killed, since its keeper was stopped or hung");
}

TEST_F(DetachedClusterTest, AnEngineThatGoesOnInTimeIsNotLost) {
  const auto rank = static_cast<pid_t>(client->engines().at(1).pid);
  for (const pid_t stopped : {rank, parent_of(rank)}) {
    stop_at_once(stopped);
    const auto task = client->engine(EngineId{1}).apply(fn<where>, 0);
    std::this_thread::sleep_for(std::chrono::milliseconds{700});
    ::kill(stopped, SIGCONT);
    EXPECT_EQ(task.get(), 1U);
  }
  EXPECT_EQ(engines_shown(), (std::vector<std::uint32_t>{0, 1}));
}

// The test stops the cluster in any case.
TEST_F(DetachedClusterTest, MpirunIsStoppedAndTheClusterWorksOn) {
  stop_at_once(traces.mpirun);
  // Each of them is logged, by way of mpirun: more than anything in between can hold.
  for (int i = 0; i < 400; ++i) Client{"doomed", reconnect_limit({})}.close();
  EXPECT_EQ(client->engine(EngineId{1}).apply(fn<where>, 0).get(), 1U);
}

TEST_F(DetachedClusterTest, TheSupervisorIsStopped) {
  stop_at_once(traces.supervisor);
  EXPECT_EQ(client->engine(EngineId{1}).apply(fn<where>, 0).get(), 1U);
}

TEST_F(DetachedClusterTest, ValuesOfALostEngineAreReportedByName) {
  const DirectView all = client->all();
  all.push("x", 5).get();
  client->engine(EngineId{1}).push("y", 6).get();
  kill_at_once(static_cast<pid_t>(client->engines().at(1).pid));
  EXPECT_TRUE(eventually([] { return engines_shown() == std::vector<std::uint32_t>{0}; }));
  try {
    static_cast<void>(all.pull<int>("x").get());
    ADD_FAILURE() << "a lost engine has a value";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(),
                AllOf(HasSubstr("engine 1 was lost: its rank was killed by signal 9"), HasSubstr("pull x")));
  }
  try {
    static_cast<void>(client->balanced().apply(fn<twice>, named("y")).get());
    ADD_FAILURE() << "a lost engine has a value";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("\"y\" (lost with engine 1: its rank was killed by signal 9"));
  }
}

TEST_F(DetachedClusterTest, AllEnginesAreKilled) {
  const auto waiting = client->engine(EngineId{0}).apply(fn<sleep_for_ever>, 0);
  std::vector<Future<int>> balanced;
  for (int i = 0; i < 10; ++i) balanced.push_back(client->balanced().apply(fn<sleep_for_ever>, i));
  static_cast<void>(balanced.back().id());
  for (const EngineInfo& engine : client->engines()) kill_at_once(static_cast<pid_t>(engine.pid));
  EXPECT_THROW(waiting.get(), Error);
  for (const auto& future : balanced) {
    ASSERT_TRUE(future.wait_for(std::chrono::seconds{60}));
    EXPECT_THROW(future.get(), Error);
  }
}

}  // namespace
}  // namespace gangway::e2e
