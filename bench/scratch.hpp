// A directory for everything that a run makes, clusters included.
#pragma once

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

namespace gangway::bench {

/// A directory in memory, which becomes the home of the clusters that this process starts; removed with the object.
class Scratch {
 public:
  Scratch() {
    std::string name = "/dev/shm/gangway-bench-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) throw std::system_error{errno, std::generic_category(), name};
    path_ = name;
    ::setenv("GANGWAY_HOME", name.c_str(), 1);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace gangway::bench
