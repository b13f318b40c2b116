#include "launch/rotating_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "launch/private_file.hpp"
#include "os/file.hpp"
#include "temporary_directory.hpp"

namespace gangway::launch {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

TEST(RotatingLog, KeepsTwoFilesAndNoMore) {
  const TemporaryDirectory directory;
  const auto file = directory.path() / "job.log";
  auto log = RotatingLog::open(file, 100);
  ASSERT_TRUE(log.ok());
  for (int i = 0; i < 50; ++i) log.value().append("line " + std::to_string(i) + " of many\n");

  EXPECT_LE(os::read_file(file).value().size(), 100U);
  EXPECT_THAT(os::read_file(file).value(), EndsWith("line 49 of many\n"));
  EXPECT_LE(os::read_file(file.string() + ".1").value().size(), 100U);
  std::size_t files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator{directory.path()}) ++files;
  EXPECT_EQ(files, 2U);
}

TEST(RotatingLog, GoesOnWhereItWas) {
  const TemporaryDirectory directory;
  const auto file = directory.path() / "job.log";
  RotatingLog::open(file).value().append("first\n");
  RotatingLog::open(file).value().append("second\n");
  EXPECT_EQ(os::read_file(file).value(), "first\nsecond\n");
  EXPECT_TRUE(check_private_file(file));
}

TEST(RotatingLog, MarksTheSupervisorsOwnLines) {
  const TemporaryDirectory directory;
  auto log = RotatingLog::open(directory.path() / "job.log");
  log.value().warning("something");
  EXPECT_THAT(os::read_file(directory.path() / "job.log").value(), EndsWith("Z supervisor warning: something\n"));
}

TEST(RotatingLog, ShowsTheLastOutputInOneLine) {
  const TemporaryDirectory directory;
  auto log = RotatingLog::open(directory.path() / "job.log");
  EXPECT_EQ(log.value().excerpt(), "");
  log.value().append("-----------\nfirst\n\n  \nsec");
  log.value().append("ond\n-----------\n");
  log.value().info("not output");
  EXPECT_EQ(log.value().excerpt(), "first | second");
  log.value().append(std::string(10'000, 'x'));
  EXPECT_THAT(log.value().excerpt(20), StartsWith("...xxx"));
  EXPECT_EQ(log.value().excerpt(20).size(), 23U);
}

TEST(RotatingLog, ShowsTheFirstErrorsWhenThereAreSome) {
  const TemporaryDirectory directory;
  auto log = RotatingLog::open(directory.path() / "job.log");
  log.value().append("T gateway 0: error: no port\nT engine 0: error: no gateway\nT engine 0: info: end\n");
  EXPECT_EQ(log.value().excerpt(), "T gateway 0: error: no port | T engine 0: error: no gateway");
  EXPECT_EQ(log.value().excerpt(27), "T gateway 0: error: no port...");
}

TEST(RotatingLog, MayHaveSeveralWriters) {
  const TemporaryDirectory directory;
  const auto file = directory.path() / "job.log";
  auto one = RotatingLog::open(file, 100);
  auto other = RotatingLog::open(file, 100, "warden");
  other.value().append(std::string(60, 'x') + "\n");
  one.value().append(std::string(60, 'y') + "\n");
  other.value().append("after the change\n");
  EXPECT_THAT(os::read_file(file).value(), AllOf(StartsWith("yyy"), EndsWith("after the change\n")));
  EXPECT_THAT(os::read_file(file.string() + ".1").value(), StartsWith("xxx"));
  other.value().info("this");
  EXPECT_THAT(os::read_file(file).value(), HasSubstr("Z warden info: this\n"));
}

TEST(RotatingLog, SaysWhenItCannotBeOpened) {
  EXPECT_THAT(RotatingLog::open("/proc/nowhere/job.log").fault().text, HasSubstr("/proc/nowhere/job.log"));
}

}  // namespace
}  // namespace gangway::launch
