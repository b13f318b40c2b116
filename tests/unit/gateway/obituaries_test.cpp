#include "gateway/obituaries.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gangway::gateway {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

TEST(Obituaries, AreReadFromTheClustersDirectory) {
  std::string directory = std::filesystem::temp_directory_path() / "obituaries-test.XXXXXX";
  ASSERT_NE(::mkdtemp(directory.data()), nullptr);
  EXPECT_THAT(read_obituaries(directory, "/shm/job 2"), IsEmpty());
  std::ofstream{directory + "/dead-7"} << "9 /shm/job 2\n";
  std::ofstream{directory + "/dead-12"} << "256 /shm/job 2\n";
  std::ofstream{directory + "/dead-11"} << "9 /shm/job 1\n";
  std::ofstream{directory + "/dead-13.new"} << "9 /shm/job 2\n";
  std::ofstream{directory + "/dead-14"} << "";
  std::ofstream{directory + "/dead-"} << "9 /shm/job 2\n";
  std::ofstream{directory + "/state.json"} << "{}";
  EXPECT_THAT(read_obituaries(directory, "/shm/job 2"), ElementsAre(Pair(7, 9), Pair(12, 256)));
  std::filesystem::remove_all(directory);
  EXPECT_THAT(read_obituaries(directory, "/shm/job 2"), IsEmpty()) << "without the directory";
}

}  // namespace
}  // namespace gangway::gateway
