#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <boost/property_tree/json_parser.hpp>
#include <boost/property_tree/ptree.hpp>

#include <gangway/gangway.hpp>

#include "e2e/support/command.hpp"
#include "e2e/support/home.hpp"
#include "e2e/support/traces.hpp"

namespace gangway::e2e {
namespace {

using boost::property_tree::ptree;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

ptree json_of(const std::string& text) {
  std::istringstream stream{text};
  ptree tree;
  boost::property_tree::read_json(stream, tree);
  return tree;
}

int pid_of_worker(int) {
  return ::getpid();
}

TEST(GangwayCommand, StartsShowsAndStopsACluster) {
  const Outcome started = gangway({"start", "shown", "-n", "2"});
  ASSERT_EQ(started.status, 0) << started.error;
  EXPECT_THAT(started.out, HasSubstr("cluster shown is running with 2 engines"));
  EXPECT_THAT(started.error, IsEmpty());
  const Traces traces = Traces::of("shown");

  EXPECT_THAT(gangway({"list"}).out, HasSubstr("shown"));
  const ptree list = json_of(gangway({"list", "--json"}).out);
  ASSERT_EQ(list.size(), 1U);
  EXPECT_EQ(list.front().second.get<std::string>("name"), "shown");
  EXPECT_EQ(list.front().second.get<std::string>("condition"), "running");

  {
    const Client client{"shown"};
    EXPECT_EQ(client.engine(EngineId{1}).apply(fn<pid_of_worker>, 0).get(),
              client.engine(EngineId{1}).apply(fn<pid_of_worker>, 0).get());
  }
  EXPECT_THAT(gangway({"status", "shown"}).out, HasSubstr("2 of 2"));
  const ptree status = json_of(gangway({"status", "shown", "--json"}).out);
  EXPECT_EQ(status.get<std::string>("condition"), "running");
  EXPECT_EQ(status.get<int>("tasks_finished"), 2);
  EXPECT_EQ(status.get_child("engine_list").size(), 2U);

  const ptree engines = json_of(gangway({"engines", "shown", "--json"}).out);
  ASSERT_EQ(engines.size(), 2U);
  EXPECT_EQ(engines.back().second.get<int>("id"), 1);
  EXPECT_GT(engines.back().second.get<int>("pid"), 0);

  const Outcome stopped = gangway({"stop", "shown"});
  EXPECT_EQ(stopped.status, 0) << stopped.error;
  EXPECT_THAT(traces.remains(), IsEmpty()) << "stop returns when all is gone";
  EXPECT_THAT(json_of(gangway({"list", "--json"}).out), IsEmpty());
}

TEST(GangwayCommand, TellsByItsStatusWhatWentWrong) {
  for (const char* command : {"status", "engines", "stop"}) {
    const Outcome missing = gangway({command, "nowhere"});
    EXPECT_EQ(missing.status, 3) << command;
    EXPECT_THAT(missing.error, HasSubstr("nowhere"));
    EXPECT_THAT(missing.out, IsEmpty());
  }
  for (const std::vector<std::string>& wrong : std::vector<std::vector<std::string>>{
           {}, {"fly"}, {"start", "--engines"}, {"start", "--ports", "7"}, {"list", "--yaml"}, {"stop", "a", "b"}}) {
    const Outcome usage = gangway(wrong);
    EXPECT_EQ(usage.status, 2) << usage.error;
    EXPECT_THAT(usage.error, HasSubstr("--help"));
  }
  EXPECT_EQ(gangway({"--help"}).status, 0);
  EXPECT_THAT(gangway({"--version"}).out, testing::MatchesRegex("gangway [0-9]+\\.[0-9]+\\.[0-9]+\n"));
  EXPECT_THAT(gangway({"start", "--help"}).out, HasSubstr("--engines"));
}

TEST(ClusterObject, LeavesNothingWhenItIsStopped) {
  Cluster cluster{Profile::local(2)};
  const Traces traces = Traces::of(cluster.name());
  EXPECT_THAT(traces.remains(), Not(IsEmpty()));
  Client client = cluster.connect();
  client.all().push("x", std::vector<double>(1'000'000, 1.0)).get();
  cluster.stop();
  EXPECT_THAT(traces.remains(), IsEmpty());
  EXPECT_NO_THROW(cluster.stop());
}

TEST(ClusterObject, LeavesNothingWhenItIsDestroyedWithTasksUnderWay) {
  std::vector<Future<int>> waiting;
  Traces traces;
  {
    Cluster cluster{Profile::local(2)};
    traces = Traces::of(cluster.name());
    Client client = cluster.connect();
    const auto sleep = [](int number) {
      std::this_thread::sleep_for(std::chrono::seconds{600});
      return number;
    };
    for (int i = 0; i < 100; ++i) waiting.push_back(client.balanced().apply(sleep, i));
    EXPECT_FALSE(waiting.front().wait_for(std::chrono::milliseconds{200}));
  }
  EXPECT_THAT(traces.remains(), IsEmpty());
  for (const auto& future : waiting) EXPECT_THROW(future.get(), Error);
}

TEST(ClusterObject, StartsAsAProfileHasIt) {
  const std::string file = std::string{std::getenv("GANGWAY_HOME")} + "/pair.ini";
  EXPECT_THROW(static_cast<void>(Profile::load(file)), Error) << "it is not there";
  std::ofstream{file} << "[cluster]\nengines = 2\n[engine]\narena = 64M\n[mpi]\ntransport = native\n";
  Cluster cluster{Profile::load(file)};
  EXPECT_EQ(cluster.connect().engines().size(), 2U);
  EXPECT_THAT(gangway({"status", cluster.name()}).out, HasSubstr("transport: native"));
}

TEST(ClusterObject, TwoClustersDoNotTouchEachOther) {
  Cluster first{Profile::local(1)};
  const Traces traces = Traces::of(first.name());
  Cluster second{Profile::local(1)};
  first.stop();
  EXPECT_THAT(traces.remains(), IsEmpty());
  EXPECT_GT(second.connect().balanced().apply(fn<pid_of_worker>, 0).get(), 0);
}

}  // namespace

/// What a program does that is killed by a test: it owns a cluster, works with it, and says so.
int own_a_cluster(const std::string& name) {
  Profile profile = Profile::local(2);
  profile.name = name;
  const Cluster cluster{profile};
  const Client client = cluster.connect();
  client.all().apply(fn<pid_of_worker>, 0).get();
  std::cout << "ready" << std::endl;
  for (;;) std::this_thread::sleep_for(std::chrono::seconds{1});
}

}  // namespace gangway::e2e

int main(int argc, char** argv) {
  if (argc == 3 && std::string_view{argv[1]} == "--own-a-cluster") return gangway::e2e::own_a_cluster(argv[2]);
  return gangway::e2e::run_tests(argc, argv);
}
