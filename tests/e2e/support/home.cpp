#include "e2e/support/home.hpp"

#include <cstdlib>
#include <iostream>
#include <system_error>

#include <gmock/gmock.h>

namespace gangway::e2e {

Home::Home() {
  std::string name = (std::filesystem::temp_directory_path() / "gangway-e2e-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) std::abort();
  path_ = name;
  ::setenv("GANGWAY_HOME", name.c_str(), 1);
}

Home::~Home() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

int run_tests(int argc, char** argv) {
  const Home home;
  testing::InitGoogleMock(&argc, argv);
  int status = RUN_ALL_TESTS();
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator{home.path() / "clusters", none}) {
    std::cerr << "left behind: " << entry.path() << '\n';
    status = 1;
  }
  return status;
}

}  // namespace gangway::e2e
