// Modules as the real gangway-worker loads them: what is refused before it runs, the loader's traps, libraries.
#include <filesystem>
#include <fstream>
#include <iterator>

#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/worker/test_rank.hpp"

int worker_test_version();

namespace gangway {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

wire::ModuleHash hash(std::uint8_t number) {
  wire::ModuleHash hash{};
  hash.fill(number);
  return hash;
}

class LibrariesTest : public ::testing::Test {
 protected:
  LibrariesTest() {
    std::string pattern = testing::TempDir() + "gangway-libraries-XXXXXX";
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  ~LibrariesTest() override { std::filesystem::remove_all(directory_); }

  /// A copy of version 1 in which each `from` is replaced by `to`, of the same length.
  std::string changed_copy(const std::string& from, const std::string& to) {
    std::ifstream file{GANGWAY_TEST_VERSION_1, std::ios::binary};
    std::string content{std::istreambuf_iterator<char>{file}, {}};
    EXPECT_NE(content.find(from), content.npos) << from;
    for (std::size_t at = content.find(from); at != content.npos; at = content.find(from, at)) {
      content.replace(at, from.size(), to);
    }
    const std::string path = directory_ + "/changed.so";
    std::ofstream{path, std::ios::binary} << content;
    return path;
  }

  /// What the function of a name gives in the worker's libraries, or why it does not.
  std::string version_by_name() {
    const wire::FunctionRef function{
        {}, 0, typeid(Function<worker_test_version>).name(), typeid(detail::CallOf<int()>).name()};
    const detail::PayloadWriter no_arguments;
    base::ByteVector bytes(no_arguments.bytes());
    no_arguments.write_to(bytes);
    rank_.send(
        wire::RunCall{{TaskId{7}, 1}, {EngineId{3}, 1, "node7", 1}, function, base::SharedBytes{std::move(bytes)}});
    const auto finished = rank_.finish();
    if (!finished) return "the worker died";
    if (const auto* failure = std::get_if<wire::Failure>(&finished->outcome)) return failure->text;
    return std::to_string(detail::decode_call_result<int>(std::get<base::SharedBytes>(finished->outcome).view()));
  }

  std::string directory_;
  test::TestRank rank_;
};

TEST_F(LibrariesTest, a_function_is_called_by_name_in_the_last_library_that_has_it) {
  EXPECT_THAT(version_by_name(), HasSubstr("the function worker_test_version() is not defined in the program"));
  ASSERT_EQ(rank_.load(hash(1), GANGWAY_TEST_VERSION_1), "");
  EXPECT_THAT(version_by_name(), HasSubstr("not defined")) << "loaded, but as somebody's program";
  rank_.send(wire::UseLibraries{{hash(1)}});
  EXPECT_EQ(version_by_name(), "1");
  ASSERT_EQ(rank_.load(hash(2), GANGWAY_TEST_VERSION_2), "");
  rank_.send(wire::UseLibraries{{hash(1), hash(2)}});
  EXPECT_EQ(version_by_name(), "2");
  rank_.send(wire::UseLibraries{{hash(2), hash(1)}});
  EXPECT_EQ(version_by_name(), "1") << "both versions live side by side";
}

TEST_F(LibrariesTest, a_module_of_another_abi_is_refused_before_any_of_it_runs) {
  EXPECT_THAT(rank_.load(hash(1), GANGWAY_TEST_OLD_ABI),
              AllOf(HasSubstr("module 010101010101 does not fit this engine"), HasSubstr("its ABI differs"),
                    HasSubstr("gangway build DIR")));
  EXPECT_EQ(rank_.load(hash(2), GANGWAY_TEST_VERSION_1), "") << "the worker lives";
}

TEST_F(LibrariesTest, a_module_for_another_processor_is_refused_before_any_of_it_runs) {
  EXPECT_THAT(rank_.load(hash(1), GANGWAY_TEST_NEW_PROCESSOR),
              AllOf(HasSubstr("processors with avx1024"), HasSubstr("gangway build DIR")));
  EXPECT_EQ(rank_.load(hash(2), GANGWAY_TEST_VERSION_1), "");
}

TEST_F(LibrariesTest, a_module_that_needs_a_newer_glibc_or_libstdcxx_says_which) {
  EXPECT_THAT(
      rank_.load(hash(1), changed_copy("GLIBC_2.2.5", "GLIBC_9.2.5")),
      AllOf(HasSubstr("needs GLIBC_9.2.5 of glibc; this engine's host has glibc"), HasSubstr("gangway build DIR")));
  EXPECT_THAT(rank_.load(hash(1), changed_copy("GLIBCXX_3.4", "GLIBCXX_9.4")),
              AllOf(HasSubstr("needs GLIBCXX_9.4"), HasSubstr("of libstdc++"), HasSubstr("gangway build DIR")));
}

// With unique symbols the second version's registrar finds the first one's flag and does not run.
TEST_F(LibrariesTest, a_second_version_with_gnu_unique_symbols_is_told_from_one_that_works) {
  if (std::string{GANGWAY_TEST_UNIQUE_1}.empty()) GTEST_SKIP() << "this compiler makes no such symbols";
  ASSERT_EQ(rank_.load(hash(1), GANGWAY_TEST_UNIQUE_1), "");
  EXPECT_THAT(rank_.load(hash(2), GANGWAY_TEST_UNIQUE_2),
              AllOf(HasSubstr("registered no task"), HasSubstr("-fno-gnu-unique")));
}

// The loader knows a library by its path, be it that of a file or of a memfd: /proc/self/fd/3 may be used again.
TEST_F(LibrariesTest, another_module_at_a_path_that_was_used_before_is_not_confused_with_the_first) {
  const std::string path = directory_ + "/module.so";
  std::filesystem::copy_file(GANGWAY_TEST_VERSION_1, path);
  ASSERT_EQ(rank_.load(hash(1), path), "");
  std::filesystem::remove(path);
  std::filesystem::copy_file(GANGWAY_TEST_VERSION_2, path);
  EXPECT_THAT(rank_.load(hash(2), path), HasSubstr("the loader takes " + path + " for module 010101010101"));
}

}  // namespace
}  // namespace gangway
