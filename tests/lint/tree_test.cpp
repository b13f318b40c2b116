// The tree as it is keeps the house rules.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "lint/lint.hpp"

namespace lint {
namespace {

using ::testing::IsEmpty;

/// Passes if nothing was found, and otherwise lists what was, one in a line.
::testing::AssertionResult nothing(const Findings& findings) {
  if (findings.empty()) return ::testing::AssertionSuccess();
  std::string text;
  for (const std::string& finding : findings) text += "\n  " + finding;
  return ::testing::AssertionFailure() << text;
}

class Tree : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { files_ = new std::vector<File>{read_tree(LINT_ROOT)}; }
  static void TearDownTestSuite() { delete files_; }
  static const std::vector<File>& files() { return *files_; }

 private:
  static inline std::vector<File>* files_ = nullptr;
};

TEST_F(Tree, IsReadAtAll) {
  EXPECT_GT(files().size(), 20U);
}

TEST_F(Tree, IncludesFollowTheLayers) {
  EXPECT_TRUE(nothing(check_includes(files())));
}

TEST_F(Tree, UsesFollowTheLayers) {
  EXPECT_TRUE(nothing(check_uses(files())));
}

TEST_F(Tree, HasNoForgottenFiles) {
  EXPECT_TRUE(nothing(check_listed(files())));
}

TEST_F(Tree, LooksAsItShould) {
  EXPECT_TRUE(nothing(check_style(files())));
}

TEST_F(Tree, CallsNothingBanned) {
  EXPECT_TRUE(nothing(check_calls(files())));
}

TEST_F(Tree, HasPureLibraries) {
  std::istringstream archives{LINT_PURE_ARCHIVES};
  for (std::string archive; archives >> archive;) {
    const Output output = run(std::string{LINT_NM} + " -u -C '" + archive + "'");
    ASSERT_TRUE(output.ok) << archive;
    EXPECT_TRUE(nothing(check_symbols(std::filesystem::path{archive}.filename(), output.lines)));
  }
}

/// Whether the compiler takes `header` alone, twice in a row; what it says otherwise.
Findings compile_alone(const std::string& include_directory, const std::string& header) {
  const Output output = run("printf '#include <" + header + ">\\n#include <" + header + ">\\n' | " + LINT_COMPILER +
                            " -std=c++20 -fsyntax-only -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -x c++ "
                            "-I'" +
                            include_directory + "' -");
  return output.ok ? Findings{} : output.lines;
}

TEST_F(Tree, HasPublicHeadersThatStandAlone) {
  std::size_t headers = 0;
  for (const File& file : files()) {
    if (!file.path.starts_with("include/") || !file.path.ends_with(".hpp")) continue;
    ++headers;
    EXPECT_TRUE(nothing(compile_alone(std::string{LINT_ROOT} + "/include", file.path.substr(8)))) << file.path;
  }
  EXPECT_GT(headers, 0U);
}

TEST(StandingAlone, IsMissedByAHeaderThatForgetsWhatItNeeds) {
  std::string directory = (std::filesystem::temp_directory_path() / "gangway_lint.XXXXXX").string();
  ASSERT_NE(mkdtemp(directory.data()), nullptr);
  std::ofstream{directory + "/good.hpp"} << "#pragma once\n#include <vector>\ninline std::vector<int> v;\n";
  std::ofstream{directory + "/needy.hpp"} << "#pragma once\ninline std::vector<int> v;\n";
  std::ofstream{directory + "/twice.hpp"} << "struct S {};\n";
  EXPECT_THAT(compile_alone(directory, "good.hpp"), IsEmpty());
  EXPECT_THAT(compile_alone(directory, "needy.hpp"), Not(IsEmpty()));
  EXPECT_THAT(compile_alone(directory, "twice.hpp"), Not(IsEmpty()));
  std::filesystem::remove_all(directory);
}

TEST_F(Tree, IsFormatted) {
  const Output version = run("clang-format --version");
  if (!version.ok) GTEST_SKIP() << "clang-format is not installed";
  // Versions differ in details; one of them has to be the measure.
  if (version.lines.at(0).find("version 14.") == std::string::npos) {
    GTEST_SKIP() << "the format is that of clang-format 14, but here is " << version.lines.at(0);
  }
  for (const File& file : files()) {
    if (!file.path.ends_with(".cpp") && !file.path.ends_with(".hpp")) continue;
    const std::string path = std::string{LINT_ROOT} + "/" + file.path;
    EXPECT_TRUE(run("clang-format --dry-run -Werror '" + path + "'").ok) << "run clang-format -i " << file.path;
  }
}

TEST(Formatting, IsMissedByALineThatIsNot) {
  if (!run("clang-format --version").ok) GTEST_SKIP() << "clang-format is not installed";
  EXPECT_FALSE(run("printf 'int  x ;\\n' | clang-format --dry-run -Werror").ok);
}

}  // namespace
}  // namespace lint
