// Clusters whose gateway or mpirun is killed are started again, under load and whatever stands in their journal.
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <numeric>
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
#include "e2e/support/home.hpp"
#include "e2e/support/traces.hpp"
#include "journal/database.hpp"

namespace gangway::e2e {
namespace {

using boost::property_tree::ptree;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

int twice(int x) {
  return 2 * x;
}

int twice_slowly(int x) {
  std::this_thread::sleep_for(std::chrono::milliseconds{5});
  return 2 * x;
}

int take_a_second(int x) {
  std::this_thread::sleep_for(std::chrono::seconds{1});
  return x;
}

/// A detached cluster with a journal.
class RestartTest : public testing::Test {
 protected:
  void start(const std::string& settings) {
    const std::filesystem::path profile = home_.path() / "phoenix.ini";
    std::ofstream{profile} << "[cluster]\nengines = 2\n" << settings;
    const Outcome started = gangway({"start", "-p", profile.string()});
    ASSERT_EQ(started.status, 0) << started.error;
    traces_ = Traces::of("phoenix");
  }

  void TearDown() override {
    const Outcome stopped = gangway({"stop", "phoenix"});
    EXPECT_EQ(stopped.status, 0) << stopped.error;
    EXPECT_TRUE(nothing_remains(traces_));
  }

  [[nodiscard]] std::filesystem::path file(const std::string& name) const {
    return std::filesystem::path{traces_.directory} / name;
  }

  /// What `gangway list --json` says about the cluster.
  static ptree listed() {
    std::istringstream json{gangway({"list", "--json"}).out};
    ptree tree;
    boost::property_tree::read_json(json, tree);
    return tree.front().second;
  }

  [[nodiscard]] std::string log() const {
    std::ifstream in{file("logs/job.log")};
    return {std::istreambuf_iterator<char>{in}, {}};
  }

  [[nodiscard]] pid_t gateway() const { return traces_.pids_of("gangway-rank", "gateway").front(); }

  static void expect_work(const Client& client) {
    std::vector<int> numbers(1000);
    std::iota(numbers.begin(), numbers.end(), 0);
    const std::vector<int> doubled = client.balanced().map(fn<twice>, numbers).get();
    ASSERT_EQ(doubled.size(), numbers.size());
    for (const int number : numbers) EXPECT_EQ(doubled[static_cast<std::size_t>(number)], 2 * number);
  }

  /// Kills while clients have the cluster do something, and expects it back.
  void expect_to_survive(const std::function<pid_t()>& victim, void (*hurt)(pid_t) = kill_at_once) {
    std::atomic<bool> stop = false;
    std::atomic<int> rounds = 0;
    std::thread load{[&] {
      while (!stop) {
        try {
          const Client client{"phoenix"};
          while (!stop) {
            client.balanced().map(fn<twice>, std::vector<int>(100)).get();
            ++rounds;
          }
        } catch (const Error&) {
          std::this_thread::sleep_for(std::chrono::milliseconds{20});
        }
      }
    }};
    EXPECT_TRUE(eventually([&] { return rounds >= 10; }));
    const Traces first = traces_;
    hurt(victim());
    EXPECT_TRUE(eventually([] {
      const ptree now = listed();
      return now.get<int>("restarts") == 1 && now.get<std::string>("condition") == "running";
    })) << log();
    const int before = rounds;
    EXPECT_TRUE(eventually([&] { return rounds >= before + 10; })) << "clients find it under the same name";
    stop = true;
    load.join();

    traces_ = Traces::of("phoenix");
    EXPECT_EQ(traces_.supervisor, first.supervisor);
    EXPECT_FALSE(std::filesystem::exists(first.scratch_dir));
    EXPECT_THAT(processes_with({first.cookie}), IsEmpty());
    expect_work(Client{"phoenix"});
    expect_work(Client{file("connection.json").string()});
    const Outcome status = gangway({"status", "phoenix"});
    EXPECT_EQ(status.status, 0) << status.error;
    EXPECT_THAT(status.out, AllOf(HasSubstr("2 of 2"), HasSubstr("restarts:  1, the last because ")));
  }

  Home home_;
  Traces traces_;
};

TEST_F(RestartTest, AQueueThatTheGatewayDoesNotKeepInMemoryIsThereAgain) {
  start("");
  constexpr int count = 20'000;  // more than the window
  const Client client{"phoenix"};
  std::vector<Future<int>> futures;
  for (const EngineInfo& engine : client.engines()) {
    futures.push_back(client.engine(engine.id).apply(fn<take_a_second>, 0));
  }
  for (int i = 0; i < count; ++i) futures.push_back(client.balanced().apply(fn<twice>, i));
  EXPECT_TRUE(eventually([&] { return client.status().tasks_waiting > count / 2; }));
  kill_at_once(gateway());
  const Future<int> follows = client.balanced().with(after(futures.back())).apply(fn<twice>, count);
  for (int i = 0; i < count; ++i) EXPECT_EQ(futures[static_cast<std::size_t>(i) + 2].get(), 2 * i);
  EXPECT_EQ(follows.get(), 2 * count);
  traces_ = Traces::of("phoenix");
}

TEST_F(RestartTest, NoFutureNoticesThatTheGatewayAndThenMpirunAreKilled) {
  start("");
  const Client client{"phoenix"};
  std::vector<Future<int>> futures;
  for (int i = 0; i < 400; ++i) futures.push_back(client.balanced().apply(fn<twice_slowly>, i));
  EXPECT_EQ(futures.front().get(), 0);
  kill_at_once(gateway());
  EXPECT_EQ(futures[100].get(), 200);
  traces_ = Traces::of("phoenix");
  kill_at_once(traces_.mpirun);
  for (int i = 0; i < 400; ++i) EXPECT_EQ(futures[static_cast<std::size_t>(i)].get(), 2 * i);
  EXPECT_TRUE(eventually([] { return listed().get<std::string>("condition") == "running"; }));
  expect_work(client);
  traces_ = Traces::of("phoenix");
}

TEST_F(RestartTest, TheGatewayIsKilled) {
  start("");
  expect_to_survive([this] { return gateway(); });
  EXPECT_THAT(gangway({"status", "phoenix"}).out,
              AllOf(HasSubstr("its gateway was lost"), HasSubstr("journal:   commit")));
  EXPECT_THAT(log(), HasSubstr("the journal has brought back"));
}

TEST_F(RestartTest, TheGatewayIsStopped) {
  start("stall_timeout = 2s\n");
  expect_to_survive([this] { return gateway(); }, stop_at_once);
}

TEST_F(RestartTest, TheGatewayAndItsKeeperAreStopped) {
  start("stall_timeout = 2s\n");
  expect_to_survive(
      [this] {
        stop_at_once(parent_of(gateway()));
        return gateway();
      },
      stop_at_once);
}

TEST_F(RestartTest, MpirunIsStoppedAndThenTheGatewayIsKilled) {
  start("");
  expect_to_survive([this] {
    stop_at_once(traces_.mpirun);
    return gateway();
  });
}

TEST_F(RestartTest, TheKeeperOfTheGatewayIsKilled) {
  start("[controller]\ndurability = disk\n");
  expect_to_survive([this] { return parent_of(gateway()); });
  EXPECT_THAT(gangway({"status", "phoenix"}).out, HasSubstr("journal:   disk"));
}

TEST_F(RestartTest, MpirunIsKilled) {
  start("");
  expect_to_survive([this] { return traces_.mpirun; });
}

TEST_F(RestartTest, WithoutAJournalItIsStartedAgainAllTheSame) {
  start("[controller]\ndurability = memory\n");
  EXPECT_FALSE(std::filesystem::exists(file("journal-0.sqlite")));
  expect_to_survive([this] { return gateway(); });
  EXPECT_FALSE(std::filesystem::exists(file("journal-0.sqlite")));
}

TEST_F(RestartTest, AnOwnedClusterIsStartedAgainToo) {
  start("");  // for TearDown
  Profile profile = Profile::local(2);
  profile.name = "owned";
  Cluster cluster{profile};
  const Traces owned = Traces::of("owned");
  kill_at_once(owned.pids_of("gangway-rank", "gateway").front());
  EXPECT_TRUE(eventually([&] {
    try {
      expect_work(cluster.connect());
      return Traces::of("owned").cookie != owned.cookie;
    } catch (const std::exception&) {
      return false;
    }
  }));
  const Traces again = Traces::of("owned");
  cluster.stop();
  EXPECT_THAT(again.remains(), IsEmpty());
}

// The way in which a journal becomes unreadable is that of tests/unit/journal; here it is who says so, and where.
TEST_F(RestartTest, WithAJournalThatCannotBeReadItEndsAndSaysSo) {
  start("restarts = 1\n");
  for (const char* name : {"journal-0.sqlite-wal", "journal-0.sqlite-shm", "journal-0.sqlite"}) {
    std::filesystem::remove(file(name));
  }
  std::ofstream{file("journal-0.sqlite")} << std::string(10'000, 'x');
  kill_at_once(gateway());
  EXPECT_TRUE(eventually([] { return listed().get<std::string>("condition") == "ended"; })) << log();
  const Outcome status = gangway({"status", "phoenix"});
  EXPECT_EQ(status.status, 1);
  EXPECT_THAT(status.error, AllOf(HasSubstr("journal-0.sqlite cannot be used"), HasSubstr("it is damaged"),
                                  HasSubstr("had been started again once"), HasSubstr("gangway stop phoenix")));
}

TEST_F(RestartTest, NobodyIsToldWhatIsNotWritten) {
  start("");
  const Client client{"phoenix"};
  EXPECT_EQ(client.balanced().apply(fn<twice>, 1).get(), 2);
  journal::Database other{file("journal-0.sqlite"), journal::OpenMode::create};
  other.run("BEGIN IMMEDIATE");  // nobody else can write now
  const Future<int> waiting = client.balanced().apply(fn<twice>, 2);
  EXPECT_FALSE(waiting.wait_for(std::chrono::seconds{2}));
  EXPECT_TRUE(eventually([&] { return log().find("nothing can be written to the journal") != std::string::npos; }));
  EXPECT_THAT(log(), Not(HasSubstr("the journal can be written again")));
  other.run("COMMIT");
  ASSERT_TRUE(waiting.wait_for(std::chrono::seconds{60}));
  EXPECT_EQ(waiting.get(), 4);
  EXPECT_TRUE(eventually([&] { return log().find("the journal can be written again") != std::string::npos; }));
}

TEST_F(RestartTest, ItIsStoppedWhileItIsStartedAgain) {
  start("");
  kill_at_once(gateway());
  EXPECT_TRUE(eventually([] { return listed().get<std::string>("condition") == "restarting"; })) << log();
}

}  // namespace
}  // namespace gangway::e2e
