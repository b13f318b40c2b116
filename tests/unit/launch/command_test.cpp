// The command line `gangway`, with a stand-in for mpirun: what it prints, and what it ends with.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <boost/property_tree/json_parser.hpp>
#include <boost/property_tree/ptree.hpp>

#include "launch/cluster_directory.hpp"
#include "launch/job.hpp"
#include "launch/private_file.hpp"
#include "launch/stop.hpp"
#include "temporary_directory.hpp"

namespace gangway::launch {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

class CommandTest : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_symlink(std::string{GANGWAY_TEST_SUPPORT} + "/stand_in_mpirun", notes_.path() / "mpirun");
  }

  void TearDown() override {
    const ClusterHome home{temporary_.path()};
    for (const std::string& name : home.list()) EXPECT_TRUE(stop_cluster(home, name)) << name;
  }

  // What it prints, or "`...gangway` ended with status N: <first line>".
  std::string gangway(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), GANGWAY_TEST_COMMAND);
    const auto output = output_of(arguments, std::chrono::seconds{120});
    return output ? output.value() : output.fault().text;
  }

  std::string gangway_json(std::vector<std::string> arguments, boost::property_tree::ptree& json) {
    const std::string text = gangway(std::move(arguments));
    std::istringstream stream{text};
    EXPECT_NO_THROW(boost::property_tree::read_json(stream, json)) << text;
    return text;
  }

  TemporaryDirectory notes_;
  TemporaryDirectory temporary_;
  ScopedVariable home_variable_{"GANGWAY_HOME", temporary_.path().string()};
  ScopedVariable libexec_{"GANGWAY_LIBEXEC_DIR", GANGWAY_TEST_LIBEXEC};
  ScopedVariable path_{"PATH", notes_.path().string() + ":/usr/bin:/bin"};
  ScopedVariable kind_{"STAND_IN_MPIRUN", "ready"};
  ScopedVariable notes_variable_{"STAND_IN_NOTES", notes_.path().string()};
};

TEST_F(CommandTest, StartsListsAndStopsACluster) {
  EXPECT_THAT(gangway({"list"}), StartsWith("there are no clusters"));
  EXPECT_THAT(gangway({"start", "-n", "3"}),
              AllOf(StartsWith("cluster default is running with 3 engines\n"),
                    HasSubstr((temporary_.path() / "clusters/default/connection.json").string()),
                    HasSubstr("gangway stop default\n")));
  EXPECT_THAT(gangway({"list"}), HasSubstr("default  running    3        127.0.0.1:1"));
  EXPECT_EQ(gangway({"stop"}), "cluster default is stopped\n");
  EXPECT_THAT(gangway({"list"}), StartsWith("there are no clusters"));
}

TEST_F(CommandTest, ListsAsJson) {
  boost::property_tree::ptree json;
  EXPECT_EQ(gangway_json({"list", "--json"}, json), "[]\n");
  gangway({"start", "big", "-n", "3"});
  gangway_json({"list", "--json"}, json);
  ASSERT_EQ(json.size(), 1U);
  const auto& cluster = json.front().second;
  EXPECT_EQ(cluster.get<std::string>("name"), "big");
  EXPECT_EQ(cluster.get<std::string>("condition"), "running");
  EXPECT_EQ(cluster.get<int>("engines"), 3);
  EXPECT_EQ(cluster.get<int>("engines_alive"), 3);
}

TEST_F(CommandTest, TellsWhyAClusterDoesNotRunAndHowToRemoveIt) {
  const std::string profile = (notes_.path() / "default.ini").string();
  std::ofstream{profile} << "[cluster]\nrestarts = 0\n";
  gangway({"start", "default", "-p", profile});
  const auto state = read_state(ClusterHome{temporary_.path()}.cluster("default").state_file());
  ASSERT_TRUE(state.ok());
  ASSERT_TRUE(send_signal(state.value().mpirun, SIGKILL));
  ASSERT_TRUE(wait_until_gone(state.value().supervisor, std::chrono::seconds{60}));
  EXPECT_THAT(gangway({"status"}),
              AllOf(HasSubstr("ended with status 1: gangway: the cluster default has ended: mpirun was killed by "
                              "signal 9 (Killed)"),
                    HasSubstr("run `gangway start default` to go on with its journal, or `gangway stop default` to "
                              "remove it")));
  EXPECT_THAT(gangway({"list"}), HasSubstr("default  ended      0 of "));
  EXPECT_EQ(gangway({"stop"}), "cluster default is stopped\n");
}

TEST_F(CommandTest, TellsThatAClusterIsStartedAgain) {
  const ScopedVariable relapses{"STAND_IN_MPIRUN", "relapses"};
  gangway({"start"});
  const auto state = read_state(ClusterHome{temporary_.path()}.cluster("default").state_file());
  ASSERT_TRUE(state.ok());
  ASSERT_TRUE(send_signal(state.value().mpirun, SIGKILL));
  for (int i = 0; i < 3000 && gangway({"list"}).find("default  restarting  0 of ") == std::string::npos; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  EXPECT_THAT(gangway({"status"}),
              AllOf(HasSubstr("ended with status 1: gangway: the cluster default is restarting: mpirun "),
                    HasSubstr("try again in a moment")));
  EXPECT_EQ(gangway({"stop"}), "cluster default is stopped\n");
}

TEST_F(CommandTest, StartsAClusterAsAProfileHasItButForWhatTheLineSays) {
  const std::string profile = (notes_.path() / "big.ini").string();
  std::ofstream{profile} << "[cluster]\nengines = 2\n[mpi]\ntransport = native\n";
  EXPECT_THAT(gangway({"start", "--profile", profile}), StartsWith("cluster big is running with 2 engines\n"));
  EXPECT_THAT(gangway({"start", "bigger", "-n", "3", "-p", profile}),
              StartsWith("cluster bigger is running with 3 engines\n"));
  const auto state = read_state(ClusterHome{temporary_.path()}.cluster("bigger").state_file());
  ASSERT_TRUE(state.ok());
  EXPECT_EQ(state.value().transport, "native");
  std::ofstream{profile} << "[cluster]\nengines = two\n";
  EXPECT_THAT(gangway({"start", "-p", profile}), HasSubstr("ended with status 1: gangway: " + profile +
                                                           ":2: 'engines' in [cluster] takes a whole number"));
}

TEST_F(CommandTest, FailsInOneLine) {
  const ScopedVariable dies{"STAND_IN_MPIRUN", "dies"};
  EXPECT_THAT(gangway({"start"}), HasSubstr("ended with status 1: gangway: mpirun ended with status 7 before"));
  EXPECT_THAT(gangway({"list"}), StartsWith("there are no clusters"));
}

TEST_F(CommandTest, EndsWithTwoForWrongUsage) {
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{{},
                                                                                         {"frob"},
                                                                                         {"start", "-n", "many"},
                                                                                         {"start", "--ports", "7"},
                                                                                         {"start", "--arena", "7Q"},
                                                                                         {"start", "--timeout", "0"},
                                                                                         {"start", "one", "two"},
                                                                                         {"stop", "--json"},
                                                                                         {"list", "one"}}) {
    EXPECT_THAT(gangway(arguments),
                AllOf(HasSubstr("ended with status 2: gangway: "), HasSubstr("--help` explains")));
  }
}

TEST_F(CommandTest, EndsWithThreeForAClusterThatIsNotThere) {
  for (const char* command : {"stop", "status", "engines"}) {
    EXPECT_THAT(gangway({command, "nope"}),
                HasSubstr("ended with status 3: gangway: there is no cluster named nope"));
  }
}

TEST_F(CommandTest, SaysNothingThatATerminalWouldObey) {
  const std::string name = "a\x1b[31m\nb\x7f";
  const std::string profile = (notes_.path() / "big\x1b.ini").string();
  std::ofstream{profile} << "[cluster]\nengines = 1\n";
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"start", name},
                                             {"stop", name},
                                             {"status", name},
                                             {"build", ".", "--cluster", name},
                                             {name},
                                             {"start", "--" + name},
                                             {"start", "-p", name},
                                             {"start", "--ports", name},
                                             {"start", "-p", profile}}) {
    const std::string said = gangway(arguments);
    EXPECT_EQ(said.find_first_of("\x1b\x7f\n"), std::string::npos) << testing::PrintToString(said);
    EXPECT_THAT(said, HasSubstr("\\x1b"));
  }
}

TEST_F(CommandTest, TellsWhereTheNameOfAClusterComesFrom) {
  const std::string profile = (notes_.path() / "my profile.ini").string();
  std::ofstream{profile} << "[cluster]\nengines = 1\n";
  EXPECT_THAT(gangway({"start", "-p", profile}),
              HasSubstr("gangway: " + profile +
                        ": the file's name cannot be a cluster's; write 'name = ...' in "
                        "[cluster], or give a name: gangway start NAME --profile FILE"));
}

TEST_F(CommandTest, ExplainsItselfWithExamples) {
  EXPECT_THAT(gangway({"--help"}), HasSubstr("Examples:"));
  for (const char* command : {"start", "stop", "list", "status", "engines"}) {
    EXPECT_THAT(gangway({command, "--help"}),
                AllOf(StartsWith(std::string{"gangway "} + command), HasSubstr("Examples:")));
  }
}

TEST_F(CommandTest, RefusesADirectoryThatIsOpenToOthers) {
  gangway({"start"});
  gangway({"stop"});
  const std::string clusters = (temporary_.path() / "clusters").string();
  ASSERT_EQ(::chmod(clusters.c_str(), 0755), 0);
  EXPECT_THAT(gangway({"start"}), HasSubstr("ended with status 1: gangway: " + clusters + " is open to other users"));
}

}  // namespace
}  // namespace gangway::launch
