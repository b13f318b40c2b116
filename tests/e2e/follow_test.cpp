// Tasks that follow others, are run again, or never.
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "e2e/support/shared_cluster.hpp"

namespace gangway::e2e {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

// Each run of a task leaves a line in a file.
std::size_t note_run(const std::string& file) {
  std::ofstream{file, std::ios::app} << ::getpid() << '\n';
  std::ifstream lines{file};
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line);) ++count;
  return count;
}

std::size_t fails_until(const std::string& file, std::size_t runs) {
  const std::size_t count = note_run(file);
  if (count < runs) throw std::runtime_error{"run " + std::to_string(count)};
  return count;
}

std::size_t crashes(const std::string& file) {
  note_run(file);
  std::raise(SIGKILL);
  return 0;
}

int fails() {
  throw std::domain_error{"negative mass"};
}

int pauses(int ms) {
  ::usleep(static_cast<useconds_t>(ms) * 1000);
  return ms;
}

class FollowTest : public SharedClusterTest {
 protected:
  /// A file that is not there yet.
  static std::string new_file() {
    static int count = 0;
    return std::string{std::getenv("GANGWAY_HOME")} + "/runs" + std::to_string(++count);
  }
  template <class T>
  static RemoteError failure(const Future<T>& future) {
    try {
      future.get();
    } catch (const RemoteError& error) {
      return error;
    }
    ADD_FAILURE() << "it has not failed";
    return RemoteError{{}};
  }
};

TEST_F(FollowTest, AFailedTaskIsRunAgainAsOftenAsItMay) {
  const std::string file = new_file();
  const auto future = any.with(retries(2)).apply(fn<fails_until>, file, std::size_t{3});
  EXPECT_EQ(future.get(), 3U);
  EXPECT_EQ(future.info().attempts, 3U);
}

TEST_F(FollowTest, TheLastFailureTellsOfThoseBefore) {
  const RemoteError error = failure(any.with(retries(1)).apply(fn<fails_until>, new_file(), std::size_t{5}));
  EXPECT_EQ(error.text(), "run 2");
  EXPECT_EQ(error.attempt(), 2U);
  EXPECT_THAT(error.story(), HasSubstr("attempt 1 failed on engine"));
  EXPECT_THAT(error.what(), HasSubstr("run 1"));
}

TEST_F(FollowTest, WhoKillsItsWorkerEachTimeIsGivenUp) {
  const std::string file = new_file();
  const RemoteError error = failure(any.with(retries(50)).apply(fn<crashes>, file));
  EXPECT_EQ(error.kind(), FailureKind::worker_crashed);
  EXPECT_EQ(note_run(file), 4U) << "three runs and this one";
}

TEST_F(FollowTest, RetriesHaveABoundAndNoPlaceBesideAtMostOnce) {
  EXPECT_THROW((void)any.with(retries(101)), Error);
  EXPECT_THROW((void)any.with(retries(1), at_most_once()), Error);
}

TEST_F(FollowTest, ATaskRunsWhenAllItFollowsHaveSucceeded) {
  const auto slow = any.apply(fn<pauses>, 200);
  const auto map = any.map(fn<pauses>, std::vector<int>{1, 2, 3});
  const auto everywhere = all.apply(fn<pauses>, 5);
  EXPECT_EQ(any.with(after(slow, map, everywhere)).apply(fn<pauses>, 7).get(), 7);
  EXPECT_TRUE(slow.ready());
}

TEST_F(FollowTest, OneThatFollowsAFailureFailsAtOnceAndSaysWhich) {
  const auto bad = any.apply(fn<fails>);
  std::vector<Future<int>> chain{any.with(after(bad)).apply(fn<pauses>, 1)};
  for (int i = 0; i < 50; ++i) chain.push_back(any.with(after(chain.back())).apply(fn<pauses>, 1));
  EXPECT_EQ(failure(chain.front()).kind(), FailureKind::not_run);
  EXPECT_THAT(failure(chain.front()).text(), HasSubstr("fails"));
  EXPECT_EQ(failure(chain.back()).kind(), FailureKind::not_run);
}

TEST_F(FollowTest, OneThatIsToRepairRunsOnlyAfterAFailure) {
  const auto bad = any.apply(fn<fails>);
  const auto good = any.apply(fn<pauses>, 20);
  EXPECT_EQ(any.with(after_failure(bad)).apply(fn<pauses>, 3).get(), 3);
  EXPECT_THAT(failure(any.with(after_failure(good)).apply(fn<pauses>, 3)).text(), HasSubstr("only if that failed"));
  EXPECT_EQ(any.with(after_any(bad, good)).apply(fn<pauses>, 4).get(), 4);
}

TEST_F(FollowTest, AMapMayFollowAVectorOfFutures) {
  std::vector<Future<int>> first;
  for (int i = 0; i < 300; ++i) first.push_back(any.apply(fn<pauses>, 0));
  EXPECT_THAT(any.with(after(first)).map(fn<pauses>, std::vector<int>(100)).get(), SizeIs(100));
}

TEST_F(FollowTest, WhatThisProcessMakesCannotBeFollowedThere) {
  const auto local = any.apply(fn<pauses>, 1).then([](int ms) { return ms; });
  EXPECT_THROW((void)any.with(after(local)), Error);
  Client other = cluster().connect();
  EXPECT_THROW((void)any.with(after(other.balanced().apply(fn<pauses>, 1))), Error);
}

}  // namespace
}  // namespace gangway::e2e
