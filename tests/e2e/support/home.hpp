// A place of its own for the clusters of a test program, and how its main() begins and ends.
#pragma once

#include <filesystem>

#include <gtest/gtest.h>

namespace gangway::e2e {

/// A new directory that is GANGWAY_HOME as long as the object lives; removed afterwards.
class Home {
 public:
  Home();
  ~Home();
  Home(const Home&) = delete;
  Home& operator=(const Home&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// Runs all tests of the program in a Home; 1 if one failed or if one left a cluster's directory behind.
int run_tests(int argc, char** argv);

}  // namespace gangway::e2e
