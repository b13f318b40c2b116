#include "launch/private_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "launch/scratch.hpp"
#include "os/file.hpp"
#include "temporary_directory.hpp"

namespace gangway::launch {
namespace {

using testing::HasSubstr;

TEST(PrivateFile, ReplacesTheContentAndStaysClosedToOthers) {
  const TemporaryDirectory directory;
  const auto file = directory.path() / "key.pem";
  ASSERT_TRUE(write_private_file(file, "old and longer"));
  ASSERT_TRUE(write_private_file(file, "new"));
  EXPECT_EQ(os::read_file(file).value(), "new");
  EXPECT_TRUE(check_private_file(file));
  EXPECT_FALSE(std::filesystem::exists(directory.path() / "key.pem.new"));
}

TEST(PrivateFile, IsRefusedWithTheCommandThatMendsIt) {
  const TemporaryDirectory directory;
  const auto file = directory.path() / "key.pem";
  ASSERT_TRUE(write_private_file(file, "x"));
  for (const mode_t mode : {0640U, 0604U, 0620U}) {
    ASSERT_EQ(::chmod(file.c_str(), mode), 0);
    const auto checked = check_private_file(file);
    ASSERT_FALSE(checked.ok()) << mode;
    EXPECT_THAT(checked.fault().text, HasSubstr("chmod 600 " + file.string()));
  }
}

TEST(PrivateFile, IsReadUpToABound) {
  const TemporaryDirectory directory;
  const auto file = directory.path() / "large";
  ASSERT_TRUE(write_private_file(file, std::string(200'000, 'x')));
  EXPECT_EQ(os::read_file(file, 200'000).value().size(), 200'000U);
  EXPECT_THAT(os::read_file(file, 199'999).fault().text, HasSubstr("too large"));
}

TEST(Scratch, IsMadeAndRemoved) {
  const auto path = new_scratch_path();
  EXPECT_NE(path, new_scratch_path());
  ASSERT_TRUE(make_scratch(path));
  EXPECT_TRUE(check_private_directory(path));
  EXPECT_TRUE(remove_scratch(path));
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(Scratch, RemovesNothingThatIsNoScratchDirectory) {
  const TemporaryDirectory directory;
  EXPECT_FALSE(remove_scratch(directory.path()));
  EXPECT_FALSE(remove_scratch(""));
  EXPECT_TRUE(std::filesystem::exists(directory.path()));
}

}  // namespace
}  // namespace gangway::launch
