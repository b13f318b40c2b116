// A cluster whose disk is full: it says so, loses nothing, and goes on when there is room.
#include <sys/mount.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
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

std::size_t length_of(const std::string& text) {
  return text.size();
}

std::string words_of_a_client_that_comes() {
  try {
    const Client client{"tiny"};
    return "it was let in";
  } catch (const ConnectionError& error) {
    return error.what();
  }
}

/// A cluster whose directory lies on a small disk of its own.
class FullDiskTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::mount("gangway-test", home_.path().c_str(), "tmpfs", 0, "size=400m,mode=0700") != 0) {
      GTEST_SKIP() << "a small file system cannot be mounted here: " << std::strerror(errno);
    }
    is_mounted_ = true;
    const Outcome started = gangway({"start", "tiny", "-n", "2"});
    ASSERT_EQ(started.status, 0) << started.error;
    traces_ = Traces::of("tiny");
  }

  void TearDown() override {
    if (!is_mounted_) return;
    std::filesystem::remove(ballast());
    const Outcome stopped = gangway({"stop", "tiny"});
    EXPECT_EQ(stopped.status, 0) << stopped.error;
    EXPECT_TRUE(nothing_remains(traces_));
    EXPECT_EQ(::umount2(home_.path().c_str(), MNT_DETACH), 0) << std::strerror(errno);
  }

  [[nodiscard]] std::filesystem::path ballast() const { return home_.path() / "ballast"; }

  void fill_disk() const {
    std::ofstream out{ballast(), std::ios::binary};
    const std::string piece(65'536, 'x');
    while (out << piece << std::flush) continue;
  }

  Home home_;
  Traces traces_;
  bool is_mounted_ = false;
};

TEST_F(FullDiskTest, EveryFutureGetsItsAnswerWhenThereIsRoomAgain) {
  // If its connection were lost, all its Futures would fail.
  const Client client{"tiny", reconnect_limit(std::chrono::seconds{0})};
  const BalancedView any = client.balanced();
  EXPECT_EQ(any.apply(fn<length_of>, std::string(10, 'x')).get(), 10U);
  EXPECT_THAT(client.status().journal_trouble, IsEmpty());
  fill_disk();
  std::vector<Future<std::size_t>> futures;
  for (std::size_t i = 0; i < 100; ++i) futures.push_back(any.apply(fn<length_of>, std::string(65'536 + i, 'x')));
  EXPECT_TRUE(eventually([&] { return !client.status().journal_trouble.empty(); }));
  EXPECT_THAT(client.status().journal_trouble, AllOf(HasSubstr("/tiny/"), HasSubstr("make room")));
  const Outcome status = gangway({"status", "tiny"});
  EXPECT_EQ(status.status, 0) << status.error;
  EXPECT_THAT(status.out, AllOf(HasSubstr("PAUSED:"), HasSubstr("make room"), HasSubstr("nothing is lost")));
  EXPECT_THAT(words_of_a_client_that_comes(), HasSubstr("nobody is let in while its journal cannot be written"));

  // Now more than the gateway takes in: it does not even hear its clients' Pings.
  for (std::size_t i = 100; i < 2500; ++i) futures.push_back(any.apply(fn<length_of>, std::string(65'536 + i, 'x')));
  constexpr std::chrono::seconds longer_than_a_client_waits_for_a_word{25};
  std::this_thread::sleep_for(longer_than_a_client_waits_for_a_word);
  EXPECT_FALSE(futures.back().ready());

  std::filesystem::remove(ballast());
  for (std::size_t i = 0; i < futures.size(); ++i) EXPECT_EQ(futures[i].get(), 65'536 + i);
  EXPECT_TRUE(eventually([&] { return client.status().journal_trouble.empty(); }));
  EXPECT_TRUE(eventually([] { return gangway({"status", "tiny"}).out.find("PAUSED") == std::string::npos; }));
  EXPECT_EQ(Client{"tiny"}.balanced().apply(fn<length_of>, std::string(10, 'x')).get(), 10U);
}

TEST_F(FullDiskTest, ItCanBeStoppedAndWhatItHasWrittenIsGood) {
  const Client client{"tiny"};
  fill_disk();
  std::vector<Future<std::size_t>> futures;
  for (std::size_t i = 0; i < 100; ++i) {
    futures.push_back(client.balanced().apply(fn<length_of>, std::string(65'536, 'x')));
  }
  EXPECT_TRUE(eventually([&] { return !client.status().journal_trouble.empty(); }));
  kill_at_once(traces_.supervisor);
  kill_at_once(traces_.warden);
  EXPECT_TRUE(eventually([&] { return traces_.processes().empty(); }));
  std::filesystem::remove(ballast());
  const Outcome checked = gangway({"journal", "check", "tiny"});
  EXPECT_EQ(checked.status, 0) << checked.out << checked.error;
}

}  // namespace
}  // namespace gangway::e2e
