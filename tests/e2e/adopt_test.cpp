// Supervisors of real clusters are killed: the clusters work on, and commands and owners give them others.
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
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

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

int twice_slowly(int x) {
  std::this_thread::sleep_for(std::chrono::milliseconds{5});
  return 2 * x;
}

/// More than pipes hold.
int say_much(int x) {
  for (int i = 0; i < 1000; ++i) std::cout << std::string(100, 'x') << '\n';
  std::cout << std::flush;
  return x;
}

std::int64_t moment_of(int) {
  return std::chrono::steady_clock::now().time_since_epoch().count();
}

std::string variable(const std::string& name) {
  const char* const value = std::getenv(name.c_str());
  return value == nullptr ? "" : value;
}

std::string log_of(const std::string& cluster) {
  std::ifstream file{Traces::of(cluster).directory + "/logs/job.log"};
  return {std::istreambuf_iterator<char>{file}, {}};
}

std::string condition_of(const std::string& cluster) {
  std::istringstream json{gangway({"list", "--json"}).out};
  boost::property_tree::ptree tree;
  boost::property_tree::read_json(json, tree);
  for (const auto& [none, entry] : tree) {
    if (entry.get<std::string>("name") == cluster) return entry.get<std::string>("condition");
  }
  return "none";
}

/// Returns when it is gone.
void kill_supervisor(const Traces& traces) {
  kill_at_once(traces.supervisor);
  const std::string process = "/proc/" + std::to_string(traces.supervisor);
  EXPECT_TRUE(eventually([&] { return !std::filesystem::exists(process); }));
}

class AdoptedClusterTest : public testing::Test {
 protected:
  void start(const std::string& settings = "", const Variables& variables = {}) {
    const std::string profile = std::string{std::getenv("GANGWAY_HOME")} + "/orphan.ini";
    std::ofstream{profile} << "[cluster]\nengines = 2\n" << settings;
    const Outcome started = gangway({"start", "-p", profile}, variables);
    ASSERT_EQ(started.status, 0) << started.error;
    first_ = Traces::of("orphan");
  }

  void TearDown() override {
    std::vector<Traces> jobs{first_};
    if (std::filesystem::exists(first_.directory)) jobs.push_back(Traces::of("orphan"));
    const Outcome stopped = gangway({"stop", "orphan"});
    EXPECT_EQ(stopped.status, 0) << stopped.error;
    for (const Traces& job : jobs) EXPECT_THAT(job.remains(), IsEmpty());
  }

  static void expect_answers(const std::vector<Future<int>>& futures) {
    for (std::size_t i = 0; i < futures.size(); ++i) EXPECT_EQ(futures[i].get(), 2 * static_cast<int>(i));
  }

  static std::vector<Future<int>> submit(const Client& client, int count) {
    std::vector<Future<int>> futures;
    for (int i = 0; i < count; ++i) futures.push_back(client.balanced().apply(fn<twice_slowly>, i));
    return futures;
  }

  Traces first_;
};

TEST_F(AdoptedClusterTest, WorksOnIsAdoptedByAStatusAndStartedAgain) {
  start();
  const Client client{"orphan"};
  const std::vector<Future<int>> futures = submit(client, 400);
  EXPECT_EQ(futures.front().get(), 0);
  kill_supervisor(first_);
  EXPECT_EQ(condition_of("orphan"), "dead");
  expect_answers(futures);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(client.balanced().apply(fn<say_much>, i).get(), i);

  const Outcome status = gangway({"status", "orphan"});
  EXPECT_EQ(status.status, 0) << status.error;
  EXPECT_THAT(status.out, HasSubstr("engines:   2 of 2"));
  const Traces adopted = Traces::of("orphan");
  EXPECT_NE(adopted.supervisor, first_.supervisor);
  EXPECT_EQ(adopted.mpirun, first_.mpirun);
  EXPECT_THAT(log_of("orphan"), HasSubstr(std::string(100, 'x'))) << "what was said meanwhile is not lost";

  const std::vector<Future<int>> more = submit(client, 400);
  EXPECT_EQ(more.front().get(), 0);
  kill_at_once(adopted.mpirun);
  expect_answers(more);
  EXPECT_TRUE(eventually([] { return condition_of("orphan") == "running"; })) << log_of("orphan");
  EXPECT_THAT(gangway({"status", "orphan"}).out, HasSubstr("restarts:  1, the last because mpirun was killed"));
}

TEST_F(AdoptedClusterTest, IsStoppedWithoutASupervisor) {
  start();
  kill_supervisor(first_);
}

TEST_F(AdoptedClusterTest, IsStartedAgainByAStatusWhenMpirunWasKilledToo) {
  start("", {{"GANGWAY_TEST_WORD", "as it was started"}});
  const Client client{"orphan"};
  const std::vector<Future<int>> futures = submit(client, 400);
  EXPECT_EQ(futures.front().get(), 0);
  kill_supervisor(first_);
  kill_at_once(first_.mpirun);
  EXPECT_TRUE(eventually([this] {
    return gangway({"status", "orphan"}).status == 0 && Traces::of("orphan").cookie != first_.cookie;
  })) << log_of("orphan");
  expect_answers(futures);
  EXPECT_EQ(client.balanced().apply(fn<variable>, std::string{"GANGWAY_TEST_WORD"}).get(), "as it was started");
  EXPECT_FALSE(std::filesystem::exists(first_.scratch_dir));
}

TEST_F(AdoptedClusterTest, IsStartedAgainByAStatusWhenTheWardenWasKilledToo) {
  start();
  const Client client{"orphan"};
  const std::vector<Future<int>> futures = submit(client, 400);
  EXPECT_EQ(futures.front().get(), 0);
  kill_supervisor(first_);
  kill_at_once(first_.warden);
  EXPECT_TRUE(eventually([this] {
    return gangway({"status", "orphan"}).status == 0 && Traces::of("orphan").cookie != first_.cookie;
  })) << log_of("orphan");
  expect_answers(futures);
  EXPECT_FALSE(std::filesystem::exists(first_.scratch_dir));
}

TEST_F(AdoptedClusterTest, HasOneSupervisorWhenTwoCommandsComeAtOnce) {
  start();
  kill_supervisor(first_);
  std::vector<std::thread> commands;
  for (const char* command : {"status", "engines"}) {
    commands.emplace_back([command] {
      const Outcome outcome = gangway({command, "orphan"});
      EXPECT_EQ(outcome.status, 0) << outcome.error;
    });
  }
  for (std::thread& command : commands) command.join();
  const std::string home = std::getenv("GANGWAY_HOME");
  const auto supervisors = [&] {
    std::vector<pid_t> pids;
    for (const Process& process : processes_with({home})) {
      const bool adopts = !process.arguments.empty() && process.arguments.back() == "--adopt";
      if (process.program() == "gangway-supervisor" && adopts) pids.push_back(process.pid);
    }
    return pids;
  };
  EXPECT_TRUE(eventually([&] { return supervisors() == std::vector{Traces::of("orphan").supervisor}; }));
  EXPECT_EQ(Traces::of("orphan").mpirun, first_.mpirun);
}

TEST_F(AdoptedClusterTest, EndsByItselfWhenNobodyCares) {
  start("orphan_timeout = 1s\n");
  kill_supervisor(first_);
  EXPECT_TRUE(eventually([] { return condition_of("orphan") == "ended"; })) << log_of("orphan");
  EXPECT_TRUE(eventually([&] { return first_.processes().empty(); }));
  EXPECT_FALSE(std::filesystem::exists(first_.scratch_dir));
  const Outcome status = gangway({"status", "orphan"});
  EXPECT_EQ(status.status, 1);
  EXPECT_THAT(status.error, AllOf(HasSubstr("its supervisor was killed, and nobody gave it another one within 1 s"),
                                  HasSubstr("gangway stop orphan")));
  EXPECT_EQ(gangway({"journal", "check", "orphan"}).status, 0);
}

TEST_F(AdoptedClusterTest, IsStartedAgainWithItsJournalWhenItHasEnded) {
  start("restarts = 0\n");
  std::int64_t moment = 0;
  {
    const Client client{"orphan", session("run-17")};
    moment = client.balanced().with(key("moment")).apply(fn<moment_of>, 0).get();
    kill_at_once(first_.mpirun);
  }
  EXPECT_TRUE(eventually([] { return condition_of("orphan") == "ended"; })) << log_of("orphan");
  EXPECT_THAT(gangway({"status", "orphan"}).error, HasSubstr("`gangway start orphan` to go on with its journal"));
  const Outcome started = gangway({"start", "orphan", "-n", "3"});
  ASSERT_EQ(started.status, 0) << started.error;
  EXPECT_THAT(started.out, HasSubstr("cluster orphan is running again with 3 engines"));
  const Client client{"orphan", session("run-17")};
  EXPECT_EQ(client.engines().size(), 3U);
  EXPECT_EQ(client.balanced().with(key("moment")).apply(fn<moment_of>, 0).get(), moment) << "it is not run again";
}

TEST(OwnedClusterTest, IsAdoptedByItsOwner) {
  std::vector<Traces> jobs;
  {
    Cluster cluster{Profile::local(2)};
    const Client client = cluster.connect();
    for (int i = 0; i < 2; ++i) {
      jobs.push_back(Traces::of(cluster.name()));
      kill_supervisor(jobs.back());
      EXPECT_TRUE(eventually([&] { return Traces::of(cluster.name()).supervisor != jobs.back().supervisor; }));
    }
    EXPECT_EQ(client.balanced().apply(fn<twice_slowly>, 4).get(), 8);
    jobs.push_back(Traces::of(cluster.name()));
    kill_at_once(jobs.back().mpirun);
    EXPECT_EQ(client.balanced().apply(fn<twice_slowly>, 5).get(), 10);
    jobs.push_back(Traces::of(cluster.name()));
  }
  for (const Traces& job : jobs) EXPECT_THAT(job.remains(), IsEmpty());
}

TEST(OwnedClusterTest, EndsWithItsOwnerAlsoWithoutASupervisor) {
  RunningProgram owner{{"/proc/self/exe", "--own-a-cluster", "owned"}};
  ASSERT_TRUE(eventually([&] { return owner.out() == "ready\n"; }));
  const Traces traces = Traces::of("owned");
  stop_at_once(owner.pid());
  kill_supervisor(traces);
  kill_at_once(owner.pid());
  EXPECT_TRUE(nothing_remains(traces));
}

}  // namespace

/// A program that owns a cluster and waits to be killed.
int own_a_cluster(const std::string& name) {
  Profile profile = Profile::local(2);
  profile.name = name;
  const Cluster cluster{profile};
  std::cout << "ready" << std::endl;
  for (;;) std::this_thread::sleep_for(std::chrono::seconds{1});
}

}  // namespace gangway::e2e

int main(int argc, char** argv) {
  if (argc == 3 && std::string_view{argv[1]} == "--own-a-cluster") return gangway::e2e::own_a_cluster(argv[2]);
  return gangway::e2e::run_tests(argc, argv);
}
