// The scratch directory on a host without a supervisor: made by the first keeper, removed when all are gone.
#include "keeper/node_scratch.hpp"

#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gangway::keeper {
namespace {

using testing::HasSubstr;

class NodeScratchTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = std::filesystem::temp_directory_path() / "scratch-test.XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    parent_ = name;
    path_ = parent_ / "scratch";
  }
  void TearDown() override { std::filesystem::remove_all(parent_); }

  // The sweeper that this program would become knows only GoogleTest's options and ends at once.
  base::Result<NodeScratch> join() { return NodeScratch::join(path_, "no-such-cookie", {"--gtest_list_tests"}); }

  std::filesystem::path parent_;
  std::filesystem::path path_;
};

TEST_F(NodeScratchTest, IsMadeByTheFirstKeeperAndSharedByTheOthers) {
  const auto first = join();
  ASSERT_TRUE(first.ok()) << first.fault().text;
  std::ifstream owner{path_ / "owner"};
  EXPECT_EQ((std::string{std::istreambuf_iterator<char>{owner}, {}}), "no-such-cookie");
  EXPECT_TRUE(std::filesystem::is_directory(path_ / "modules"));
  const auto second = join();
  EXPECT_TRUE(second.ok()) << second.fault().text;
}

TEST_F(NodeScratchTest, IsRefusedWhenOthersCanEnterIt) {
  ASSERT_TRUE(std::filesystem::create_directory(path_));
  ASSERT_EQ(::chmod(path_.c_str(), 0755), 0);
  EXPECT_THAT(join().fault().text, HasSubstr("is open to others"));
  std::filesystem::remove(path_);
  std::filesystem::create_directory_symlink(parent_, path_);
  EXPECT_THAT(join().fault().text, HasSubstr(path_.string()));
}

TEST_F(NodeScratchTest, GoesWhenLauncherAndKeepersAreGone) {
  const pid_t launcher = ::fork();
  if (launcher == 0) {
    ::pause();
    ::_exit(0);
  }
  auto keeper = std::make_optional(join());
  ASSERT_TRUE(keeper->ok()) << keeper->fault().text;

  std::thread sweeper{[&] {
    os::Descriptor watched{static_cast<int>(::syscall(SYS_pidfd_open, launcher, 0))};
    EXPECT_TRUE(sweep(path_, std::move(watched)).ok());
  }};
  std::this_thread::sleep_for(std::chrono::milliseconds{50});
  EXPECT_TRUE(std::filesystem::exists(path_)) << "while the launcher lives";
  ::kill(launcher, SIGKILL);
  ::waitpid(launcher, nullptr, 0);
  std::this_thread::sleep_for(std::chrono::milliseconds{100});
  EXPECT_TRUE(std::filesystem::exists(path_)) << "while a keeper lives";
  keeper.reset();
  sweeper.join();
  EXPECT_FALSE(std::filesystem::exists(path_));
}

}  // namespace
}  // namespace gangway::keeper
