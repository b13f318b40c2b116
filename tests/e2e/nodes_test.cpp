// Clusters on several hosts, which are network namespaces of this one: started, used and stopped with UDP open
// between them and blocked, with either transport, and killed. It needs root and the script netns-cluster, which is
// found by $GANGWAY_BATCH (its directory) or in ../shared/batch beside the tree.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <numeric>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <gmock/gmock.h>

#include <gangway/gangway.hpp>

#include "e2e/support/command.hpp"
#include "e2e/support/home.hpp"
#include "e2e/support/traces.hpp"

namespace gangway::e2e {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* script_name = "netns-cluster";

std::filesystem::path script() {
  const char* const given = std::getenv("GANGWAY_BATCH");
  const std::filesystem::path directory =
      given != nullptr ? std::filesystem::path{given} : std::filesystem::path{GANGWAY_TEST_TREE} / "../shared/batch";
  return directory / script_name;
}

// The words of a text.
std::vector<std::string> words(const std::string& text) {
  std::istringstream stream{text};
  return {std::istream_iterator<std::string>{stream}, {}};
}

double sum(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

int twice(int x) {
  return 2 * x;
}

class NodesTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(script())) {
      GTEST_SKIP() << "there is no " << script() << "; GANGWAY_BATCH tells where it is";
    }
    if (::geteuid() != 0) GTEST_SKIP() << "only root may make network namespaces";
    const Outcome up = netns({"up", "2"});
    if (up.status != 0) GTEST_SKIP() << "this machine makes no network namespaces: " << up.error;
  }
  void TearDown() override {
    if (is_up()) netns({"down"});
  }

  Outcome netns(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), script().string());
    return run(arguments, variables_);
  }
  Outcome on(const std::string& node, std::vector<std::string> command) {
    command.insert(command.begin(), {"run", node});
    return netns(std::move(command));
  }
  Outcome gangway_on_node1(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), GANGWAY_TEST_COMMAND);
    return on("node1", std::move(arguments));
  }

  // By which mpirun gets from one to the other.
  std::string agent() { return words(netns({"agent"}).out).at(0); }

  // Starts the cluster "two" with four engines, two on each host if nothing else is said.
  void start(const std::string& settings = {}, const std::string& hosts = "node1:2, node2:2") {
    const std::filesystem::path profile = std::filesystem::path{std::getenv("GANGWAY_HOME")} / "two.ini";
    std::ofstream{profile} << "[mpi]\nhosts = " << hosts << "\nagent = " << agent() << '\n' << settings << '\n';
    const Outcome started = gangway_on_node1({"start", "--profile", profile});
    ASSERT_EQ(started.status, 0) << started.error;
    EXPECT_THAT(started.out, HasSubstr("cluster two is running with 4 engines"));
    EXPECT_THAT(gangway_on_node1({"engines", "two"}).out, AllOf(HasSubstr("node1"), HasSubstr("node2")));
  }
  std::string status() { return gangway_on_node1({"status", "two"}).out; }

  // The rank of one of the engines 0 to 3 that is on node2.
  pid_t engine_pid(int engine) {
    const std::vector<std::string> table = words(gangway_on_node1({"engines", "two"}).out);
    // ENGINE HOST PID RUNNING WAITING FINISHED, of the header and of all engines
    constexpr std::size_t columns = 6;
    if (table.size() != 5 * columns) throw std::runtime_error{"not all engines are there"};
    const std::size_t row = static_cast<std::size_t>(engine + 1) * columns;
    EXPECT_EQ(table[row + 1], "node2");
    return std::stoi(table[row + 2]);
  }

  // This program once more, as a client on node1.
  void work() {
    const Outcome worked = on("node1", {std::filesystem::read_symlink("/proc/self/exe"), "--work-on", "two"});
    EXPECT_EQ(worked.status, 0) << worked.error << status();
    std::cout << worked.out;
  }

  void block_udp() {
    for (const char* node : {"node1", "node2"}) {
      const Outcome blocked = on(node, {"ip", "rule", "add", "ipproto", "udp", "blackhole"});
      if (blocked.status != 0) GTEST_SKIP() << "this kernel has no routing by protocol: " << blocked.error;
    }
  }

  // Processes and files of both hosts.
  std::vector<std::string> remains() {
    std::vector<std::string> all;
    for (const char* node : {"node1", "node2"}) {
      for (const std::string& pid : words(netns({"pids", node}).out)) {
        std::ifstream file{"/proc/" + pid + "/cmdline"};
        std::string arguments{std::istreambuf_iterator<char>{file}, {}};
        std::replace(arguments.begin(), arguments.end(), '\0', ' ');
        if (!arguments.empty()) all.push_back(std::string{node} + ": " + pid + " " + arguments);
      }
      for (const std::string& file : words(on(node, {"ls", "-A", "/dev/shm"}).out)) {
        all.push_back(std::string{node} + ": /dev/shm/" + file);
      }
    }
    return all;
  }
  void stop() {
    const Outcome stopped = gangway_on_node1({"stop", "two"});
    EXPECT_EQ(stopped.status, 0) << stopped.error;
    expect_nothing_left();
  }
  void expect_nothing_left() {
    eventually([&] { return remains().empty(); });
    EXPECT_THAT(remains(), IsEmpty());
  }

 private:
  [[nodiscard]] bool is_up() const { return std::filesystem::exists("/run/netns-cluster-" + name_); }

  std::string name_ = "gangway-" + std::to_string(::getpid());
  Variables variables_{{"CLUSTER", name_}, {"STATE", "/run/netns-cluster-" + name_}, {"PREFIX", "10.213.0"}};
};

TEST_F(NodesTest, RingEachOtherByUdp) {
  start();
  ASSERT_TRUE(eventually([&] { return status().find("UDP between 2 hosts") != std::string::npos; })) << status();
  EXPECT_THAT(status(), AllOf(HasSubstr("running on node1:2,node2:2"),
                              HasSubstr("transport: resilient: shared memory, TCP between hosts")));
  work();
  stop();
}

TEST_F(NodesTest, LookForMessagesWhereUdpIsBlocked) {
  block_udp();
  if (IsSkipped()) return;
  start();
  work();
  EXPECT_THAT(status(),
              HasSubstr("polling: UDP does not pass between node1 and node2; a message may wait for up to"));
  stop();
}

TEST_F(NodesTest, NoticeThatUdpIsBlockedLater) {
  start();
  ASSERT_TRUE(eventually([&] { return status().find("UDP between 2 hosts") != std::string::npos; })) << status();
  block_udp();
  if (IsSkipped()) return;
  work();
  EXPECT_THAT(status(), HasSubstr("polling: UDP does not pass between node1 and node2"));
  stop();
}

TEST_F(NodesTest, CanLeaveTheTransportToTheSite) {
  start("transport = native");
  EXPECT_THAT(status(), HasSubstr("transport: native"));
  work();
  stop();
}

TEST_F(NodesTest, LeaveNothingWhenTheSupervisorAndMpirunAreKilled) {
  start();
  const Traces traces = Traces::of("two");
  kill_at_once(traces.supervisor);
  kill_at_once(traces.mpirun);
  // Nobody on node2 hears of it but by the loss of a connection.
  EXPECT_TRUE(eventually([&] {
    const std::vector<std::string> left = remains();
    return std::ranges::none_of(left, [](const std::string& one) { return one.starts_with("node2"); });
  })) << testing::PrintToString(remains());
  stop();
}

TEST_F(NodesTest, LoseTheOnlyEngineOfAnotherHostAndGoOn) {
  start({}, "node1:3, node2:1");
  kill_at_once(engine_pid(3));
  ASSERT_TRUE(eventually([&] { return status().find("3 of 4") != std::string::npos; })) << status();
  stop();
}

TEST_F(NodesTest, AreToldOfADeathByTheOthersOfItsHostAndGoOn) {
  start();
  // The shared directory says nothing: where the note of that rank would stand there is something else.
  std::filesystem::create_directories(Traces::of("two").directory + "/dead-4/in the way");
  kill_at_once(engine_pid(3));
  ASSERT_TRUE(eventually([&] { return status().find("3 of 4") != std::string::npos; })) << status();
  work();
  stop();
}

TEST_F(NodesTest, LoseAnEngineOfAnotherHostWithItsKeeper) {
  start();
  kill_at_once(parent_of(engine_pid(3)));
  ASSERT_TRUE(eventually([&] { return status().find("3 of 4") != std::string::npos; })) << status();
  work();
  stop();
}

TEST_F(NodesTest, LoseAnEngineOfAnotherHostThatIsStopped) {
  start("[cluster]\nstall_timeout = 2s");
  stop_at_once(engine_pid(3));
  ASSERT_TRUE(eventually([&] { return status().find("3 of 4") != std::string::npos; })) << status();
  work();
  stop();
}

TEST_F(NodesTest, ComeBackWhenAllOfAnotherHostAreStopped) {
  start("[cluster]\nstall_timeout = 2s");
  for (const int engine : {2, 3}) {
    const pid_t rank = engine_pid(engine);
    stop_at_once(parent_of(rank));
    stop_at_once(rank);
  }
  ASSERT_TRUE(eventually([&] { return status().find("restarts:  1") != std::string::npos; })) << status();
  work();
  stop();
}

TEST_F(NodesTest, ComeBackWhenTheirGatewayIsKilled) {
  start();
  for (const pid_t gateway : Traces::of("two").pids_of("gangway-rank", "gateway")) kill_at_once(gateway);
  ASSERT_TRUE(eventually([&] { return status().find("restarts:  1") != std::string::npos; })) << status();
  work();
  stop();
}

TEST_F(NodesTest, EndWithTheirGatewayIfTheyShallNotComeBack) {
  start("[cluster]\nrestarts = 0");
  for (const pid_t gateway : Traces::of("two").pids_of("gangway-rank", "gateway")) kill_at_once(gateway);
  expect_nothing_left();
  EXPECT_THAT(gangway_on_node1({"status", "two"}).error, HasSubstr("the cluster two has ended"));
  stop();
}

TEST_F(NodesTest, EndWhenAHostIsLost) {
  ::setenv("OMPI_MCA_oob_tcp_keepalive_time", "2", 1);
  ::setenv("OMPI_MCA_oob_tcp_keepalive_intvl", "1", 1);
  ::setenv("OMPI_MCA_oob_tcp_keepalive_probes", "3", 1);
  start("[cluster]\nrestarts = 0");
  for (const char* what : {"time", "intvl", "probes"}) {
    ::unsetenv(("OMPI_MCA_oob_tcp_keepalive_" + std::string{what}).c_str());
  }
  ASSERT_EQ(netns({"cut", "node2"}).status, 0);
  expect_nothing_left();
  EXPECT_THAT(gangway_on_node1({"status", "two"}).error,
              HasSubstr("the cluster two has ended: the connection to one of its hosts was lost"));
  stop();
}

TEST_F(NodesTest, TellWhatIsWrongWithAHost) {
  const auto fault_with = [&](const std::string& hosts) {
    const std::string profile = std::string{std::getenv("GANGWAY_HOME")} + "/away.ini";
    std::ofstream{profile} << "[mpi]\nagent = " << agent() << "\nhosts = " << hosts << '\n';
    const Outcome outcome = gangway_on_node1({"start", "--profile", profile});
    EXPECT_EQ(outcome.status, 1);
    return outcome.error;
  };
  EXPECT_THAT(
      fault_with("node2:1"),
      HasSubstr("the gateway would run on node2 and listen on 127.0.0.1, where nobody on this host can reach it; "
                "name this host, node1, first among the hosts"));
  EXPECT_THAT(fault_with("node1:1, node9:1"),
              AllOf(HasSubstr("mpirun ended with status 1 before the engines were ready on node1, node9 (`"),
                    HasSubstr("HOST true` must work for each from here")));
  expect_nothing_left();
}

}  // namespace

/// What a client does on the cluster; throws if anything is not as it should be.
void work_on(const std::string& cluster) {
  const auto require = [](bool holds, const char* what) {
    if (!holds) throw std::runtime_error{what};
  };
  const Client client{cluster};
  std::map<std::string, EngineId> hosts;
  for (const EngineInfo& engine : client.engines()) hosts.emplace(engine.host, engine.id);
  require(hosts.size() == 2, "the engines are not on two hosts");

  std::vector<int> numbers(2000);
  std::iota(numbers.begin(), numbers.end(), 0);
  const std::vector<int> doubled = client.balanced().map(fn<twice>, numbers).get();
  for (std::size_t i = 0; i < numbers.size(); ++i)
    require(doubled[i] == twice(numbers[i]), "a map's result is wrong");

  const DirectView all = client.all();
  all.push("x", std::vector<double>(1'000'000, 1.0)).get();
  for (const double part : all.apply(fn<sum>, named("x")).get()) require(part == 1e6, "a pushed array is wrong");

  for (const auto& [host, engine] : hosts) {
    std::vector<std::chrono::microseconds> times;
    for (int i = 0; i < 20; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds{50});
      const auto begin = std::chrono::steady_clock::now();
      require(client.engine(engine).apply(fn<twice>, i).get() == 2 * i, "a call's result is wrong");
      times.push_back(
          std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begin));
    }
    std::ranges::sort(times);
    std::cout << host << ": a call after 50 ms of silence takes " << times[times.size() / 2].count() << " us\n";
  }
}

}  // namespace gangway::e2e

int main(int argc, char** argv) {
  if (argc != 3 || std::string_view{argv[1]} != "--work-on") return gangway::e2e::run_tests(argc, argv);
  try {
    gangway::e2e::work_on(argv[2]);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
