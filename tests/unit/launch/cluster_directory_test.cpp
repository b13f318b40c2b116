#include "launch/cluster_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "launch/private_file.hpp"
#include "os/host_name.hpp"
#include "temporary_directory.hpp"

namespace gangway::launch {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

ClusterState state_of_this_process() {
  ClusterState state;
  state.host = os::host_name();
  state.supervisor = os::this_process();
  state.boot_id = os::boot_id();
  state.warden = {4711, 12};
  state.restarted_at_ms = {1, 2'000'000'000'000};
  state.port = 7000;
  state.scratch_dir = "/dev/shm/gangway.0.00000000";
  state.cookie = "0123456789abcdef";
  state.engines = 4;
  state.gateways = 1;
  state.started_unix_s = 1'700'000'000;
  return state;
}

unsigned mode_of(const std::filesystem::path& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 07777U : 0;
}

class ClusterHomeTest : public testing::Test {
 protected:
  TemporaryDirectory temporary_;
  ClusterHome home_{temporary_.path() / "not" / "yet" / "there"};
};

TEST(ClusterName, TakesLettersDigitsAndThreeMarks) {
  EXPECT_TRUE(check_cluster_name("default"));
  EXPECT_TRUE(check_cluster_name("Run_17.b-2"));
  EXPECT_TRUE(check_cluster_name(std::string(64, 'a')));
}

TEST(ClusterName, RefusesWhatCouldBeAPathOrAnOption) {
  for (const char* name : {"", ".", "..", ".hidden", "-n", "a/b", "a b", "a\n", "\xc3\xa4"}) {
    EXPECT_FALSE(check_cluster_name(name)) << name;
  }
  EXPECT_FALSE(check_cluster_name(std::string(65, 'a')));
}

TEST_F(ClusterHomeTest, CreatesDirectoriesAndFilesForTheirOwnerOnly) {
  const auto cluster = home_.create_cluster("one", state_of_this_process());
  ASSERT_TRUE(cluster.ok());
  EXPECT_EQ(mode_of(home_.path() / "clusters"), 0700U);
  EXPECT_EQ(mode_of(cluster.value().path()), 0700U);
  EXPECT_EQ(mode_of(cluster.value().state_file()), 0600U);
}

TEST_F(ClusterHomeTest, KeepsTheStateAsItWasGiven) {
  ClusterState state = state_of_this_process();
  state.phase = Phase::ended;
  state.reason = "a \"quoted\"\nreason\\";
  const auto cluster = home_.create_cluster("one", state);
  ASSERT_TRUE(cluster.ok());
  const auto read = read_state(cluster.value().state_file());
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read.value(), state);
}

TEST_F(ClusterHomeTest, NamesTheFileWhoseStateCannotBeUnderstood) {
  const auto cluster = home_.create_cluster("one", state_of_this_process());
  ASSERT_TRUE(cluster.ok());
  for (const char* content : {"", "{", "{}", R"({"phase": "dancing"})", "\xff\xfe"}) {
    ASSERT_TRUE(write_private_file(cluster.value().state_file(), content));
    const auto read = read_state(cluster.value().state_file());
    ASSERT_FALSE(read.ok()) << content;
    EXPECT_THAT(read.fault().text, HasSubstr("state.json"));
  }
}

TEST_F(ClusterHomeTest, RefusesANameThatRunsAlready) {
  ASSERT_TRUE(home_.create_cluster("one", state_of_this_process()).ok());
  const auto second = home_.create_cluster("one", state_of_this_process());
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(second.fault().text, HasSubstr("running already; stop it with `gangway stop one`"));
}

TEST_F(ClusterHomeTest, SaysHowToRemoveTheRemainsOfADeadCluster) {
  ClusterState state = state_of_this_process();
  state.supervisor.start_ticks += 1;  // the pid was given to somebody else
  ASSERT_TRUE(home_.create_cluster("one", state).ok());
  const auto second = home_.create_cluster("one", state);
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(second.fault().text, HasSubstr("supervisor is gone; run `gangway stop one` to remove it"));
}

TEST_F(ClusterHomeTest, SaysWhichHostAClusterRunsOn) {
  ClusterState state = state_of_this_process();
  state.host = "elsewhere";
  ASSERT_TRUE(home_.create_cluster("one", state).ok());
  const auto second = home_.create_cluster("one", state);
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(second.fault().text, HasSubstr("on the host elsewhere"));
}

TEST_F(ClusterHomeTest, RefusesADirectoryThatIsOpenToOthers) {
  ASSERT_TRUE(home_.create_cluster("one", state_of_this_process()).ok());
  const std::string clusters = (home_.path() / "clusters").string();
  ASSERT_EQ(::chmod(clusters.c_str(), 0755), 0);
  const auto second = home_.create_cluster("two", state_of_this_process());
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(second.fault().text, HasSubstr("chmod 700 " + clusters));
}

TEST_F(ClusterHomeTest, SaysThatADirectoryCannotBeWritten) {
  const ClusterHome home{"/proc/nowhere"};
  const auto cluster = home.create_cluster("one", state_of_this_process());
  ASSERT_FALSE(cluster.ok());
  EXPECT_THAT(cluster.fault().text, HasSubstr("set GANGWAY_HOME to a directory you may write to"));
}

TEST_F(ClusterHomeTest, ListsClustersAndNothingElse) {
  EXPECT_THAT(home_.list(), IsEmpty());
  ASSERT_TRUE(home_.create_cluster("two", state_of_this_process()).ok());
  ASSERT_TRUE(home_.create_cluster("one", state_of_this_process()).ok());
  ASSERT_TRUE(make_private_directory(home_.path() / "clusters" / ".one.gone.17"));
  ASSERT_TRUE(write_private_file(home_.path() / "clusters" / "file", "x"));
  EXPECT_THAT(home_.list(), ElementsAre("one", "two"));
}

TEST_F(ClusterHomeTest, RemovesAClusterWithAllItsFiles) {
  const auto cluster = home_.create_cluster("one", state_of_this_process());
  ASSERT_TRUE(cluster.ok());
  ASSERT_TRUE(write_private_file(cluster.value().log_file(), "x"));
  EXPECT_TRUE(home_.remove_cluster("one"));
  EXPECT_TRUE(home_.remove_cluster("one"));
  EXPECT_TRUE(std::filesystem::is_empty(home_.path() / "clusters"));
}

TEST(ClusterHomeOfAccount, FollowsTheEnvironment) {
  const ScopedVariable gangway{"GANGWAY_HOME", ""};
  const ScopedVariable xdg{"XDG_STATE_HOME", ""};
  const ScopedVariable user{"HOME", "/home/ada"};
  EXPECT_EQ(ClusterHome::of_account().value().path(), "/home/ada/.local/state/gangway");
  {
    const ScopedVariable state{"XDG_STATE_HOME", "/state"};
    EXPECT_EQ(ClusterHome::of_account().value().path(), "/state/gangway");
    const ScopedVariable own{"GANGWAY_HOME", "/own"};
    EXPECT_EQ(ClusterHome::of_account().value().path(), "/own");
  }
  const ScopedVariable nobody{"HOME", ""};
  EXPECT_THAT(ClusterHome::of_account().fault().text, HasSubstr("set GANGWAY_HOME"));
}

}  // namespace
}  // namespace gangway::launch
