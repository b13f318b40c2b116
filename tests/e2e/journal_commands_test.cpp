// `gangway journal` with journals that real clusters have left.
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
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

namespace gangway::e2e {
namespace {

using boost::property_tree::ptree;
using testing::AllOf;
using testing::HasSubstr;

std::string repeated(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

int wait_long(int seconds) {
  std::this_thread::sleep_for(std::chrono::seconds{seconds});
  return seconds;
}

/// A cluster that is dead, with tasks of all kinds in its journal.
class JournalCommandsTest : public testing::Test {
 protected:
  void SetUp() override {
    const std::filesystem::path profile = home_.path() / "fallen.ini";
    std::ofstream{profile} << "[cluster]\nengines = 1\nrestarts = 0\n";
    const Outcome started = gangway({"start", "-p", profile.string()});
    ASSERT_EQ(started.status, 0) << started.error;
    traces_ = Traces::of("fallen");
  }

  void TearDown() override {
    const Outcome stopped = gangway({"stop", "fallen"});
    EXPECT_EQ(stopped.status, 0) << stopped.error;
    EXPECT_TRUE(nothing_remains(traces_));
  }

  /// Kills it while one task runs and so many wait.
  void fall_with_tasks(int waiting) {
    const Client client{"fallen", reconnect_limit(std::chrono::seconds{0})};
    std::vector<Future<int>> running;
    running.push_back(client.balanced().with(label("long one")).apply(fn<wait_long>, 1000));
    std::vector<Future<std::string>> others;
    for (int i = 0; i < waiting; ++i) {
      others.push_back(client.balanced().apply(fn<repeated>, std::string(1000, 'x'), i));
    }
    EXPECT_TRUE(eventually([&] {
      const ClusterStatus now = client.status();
      return now.tasks_running >= 1 && now.tasks_waiting >= static_cast<std::uint64_t>(waiting);
    }));
    // The status counts what is not durable yet; an id is told when it is.
    EXPECT_NE(others.back().id(), TaskId{});
    kill_at_once(traces_.pids_of("gangway-rank", "gateway").front());
    EXPECT_TRUE(eventually([] {
      std::istringstream json{gangway({"list", "--json"}).out};
      ptree tree;
      boost::property_tree::read_json(json, tree);
      return tree.front().second.get<std::string>("condition") == "ended";
    }));
  }

  [[nodiscard]] std::filesystem::path journal() const {
    return std::filesystem::path{traces_.directory} / "journal-0.sqlite";
  }

  static std::vector<ptree> lines_of(const std::string& text) {
    std::vector<ptree> objects;
    std::istringstream in{text};
    for (std::string line; std::getline(in, line);) {
      std::istringstream json{line};
      boost::property_tree::read_json(json, objects.emplace_back());
    }
    return objects;
  }

  Home home_;
  Traces traces_;
};

TEST_F(JournalCommandsTest, AreRefusedWhileTheClusterRuns) {
  const std::string gateway = std::to_string(traces_.pids_of("gangway-rank", "gateway").front());
  for (const char* const action : {"check", "compact", "export"}) {
    const Outcome refused = gangway({"journal", action, "fallen"});
    EXPECT_EQ(refused.status, 1);
    EXPECT_THAT(refused.error, AllOf(HasSubstr(journal().string()), HasSubstr("is in use"), HasSubstr(gateway)));
  }
  EXPECT_EQ(Client{"fallen"}.balanced().apply(fn<wait_long>, 0).get(), 0);
}

TEST_F(JournalCommandsTest, CheckCompactAndExportWhatAKilledGatewayHasLeft) {
  fall_with_tasks(20);
  const Outcome checked = gangway({"journal", "check", "fallen"});
  EXPECT_EQ(checked.status, 0) << checked.out << checked.error;
  EXPECT_THAT(checked.out, AllOf(HasSubstr(journal().string() + ": good"), HasSubstr("1 running")));
  const Outcome compacted = gangway({"journal", "compact", journal().string()});
  EXPECT_EQ(compacted.status, 0) << compacted.error;
  EXPECT_THAT(compacted.out, AllOf(HasSubstr(" bytes before, "), HasSubstr(" bytes now")));
  const Outcome exported = gangway({"journal", "export", traces_.directory});
  EXPECT_EQ(exported.status, 0) << exported.error;
  std::size_t tasks = 0;
  std::size_t long_ones = 0;
  for (const ptree& object : lines_of(exported.out)) {
    if (object.get<std::string>("kind") != "task") continue;
    ++tasks;
    EXPECT_EQ(object.get<std::string>("operation"), "call");
    EXPECT_FALSE(object.get_optional<std::string>("operation_base64"));
    if (!object.get<std::string>("label").starts_with("long one")) continue;
    ++long_ones;
    EXPECT_EQ(object.get<std::string>("state"), "running");
    EXPECT_EQ(object.get<int>("attempts"), 1);
    EXPECT_EQ(object.get<int>("engine"), 0);
    EXPECT_THAT(object.get<std::string>("function"), HasSubstr("wait_long"));
  }
  EXPECT_EQ(tasks, 21U);
  EXPECT_EQ(long_ones, 1U);
  const Outcome with_payloads = gangway({"journal", "export", "fallen", "--payloads"});
  const std::vector<ptree> objects = lines_of(with_payloads.out);
  EXPECT_THAT(objects.back().get<std::string>("operation_base64"), HasSubstr("eHh4eHh4eHh4"));  // "xxxxxxxxx"
}

TEST_F(JournalCommandsTest, RescueWhatCanBeReadOfADamagedOne) {
  fall_with_tasks(200);
  ASSERT_EQ(gangway({"journal", "compact", "fallen"}).status, 0);
  std::ifstream in{journal(), std::ios::binary};
  const std::string content{std::istreambuf_iterator<char>{in}, {}};
  constexpr std::size_t page_bytes = 4096;
  const std::size_t place = content.find(std::string(900, 'x')) / page_bytes * page_bytes;
  std::fstream{journal(), std::ios::in | std::ios::out | std::ios::binary}.seekp(static_cast<std::streamoff>(place))
      << std::string(page_bytes, 'Z');

  const Outcome checked = gangway({"journal", "check", "fallen"});
  EXPECT_EQ(checked.status, 4) << checked.error;
  EXPECT_THAT(checked.out, AllOf(HasSubstr(": damaged"), HasSubstr("cannot be kept"), HasSubstr("--salvage")));
  EXPECT_EQ(gangway({"journal", "compact", "fallen"}).status, 1);
  const Outcome exported = gangway({"journal", "export", "fallen"});
  EXPECT_EQ(exported.status, 4);
  EXPECT_THAT(exported.error, HasSubstr("is damaged; this is left out"));

  const Outcome rescued = gangway({"journal", "check", "fallen", "--salvage"});
  EXPECT_EQ(rescued.status, 0) << rescued.error;
  EXPECT_THAT(rescued.out, AllOf(HasSubstr("rescued: 1 session"), HasSubstr("lost:"), HasSubstr("cannot be kept"),
                                 HasSubstr(journal().string() + ".damaged-1")));
  const Outcome again = gangway({"journal", "check", "fallen"});
  EXPECT_EQ(again.status, 0);
  EXPECT_THAT(again.out, HasSubstr(": good"));
  EXPECT_TRUE(std::filesystem::exists(journal().string() + ".damaged-1"));
}

TEST_F(JournalCommandsTest, TellWhatIsWrongWithTheLine) {
  EXPECT_EQ(gangway({"journal"}).status, 2);
  EXPECT_EQ(gangway({"journal", "polish", "fallen"}).status, 2);
  EXPECT_EQ(gangway({"journal", "compact", "fallen", "--salvage"}).status, 2);
  EXPECT_EQ(gangway({"journal", "check", "nobody"}).status, 3);
  const Outcome none = gangway({"journal", "check", (home_.path() / "none.sqlite").string()});
  EXPECT_EQ(none.status, 1);
  EXPECT_THAT(none.error, HasSubstr("there is no journal"));
  EXPECT_THAT(gangway({"journal", "--help"}).out, HasSubstr("gangway journal check big --salvage"));
}

}  // namespace
}  // namespace gangway::e2e
