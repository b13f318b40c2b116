#include "launch/scratch.hpp"

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <random>
#include <string>
#include <system_error>

#include "launch/private_file.hpp"
#include "os/descriptor.hpp"

namespace gangway::launch {
namespace {

constexpr const char* memory_directory = "/dev/shm";

std::string name_prefix() {
  return "gangway." + std::to_string(::geteuid()) + ".";
}

}  // namespace

std::filesystem::path new_scratch_path() {
  std::array<char, 16> number{};
  std::snprintf(number.data(), number.size(), "%08x", std::random_device{}());
  std::error_code error;
  // Modules are loaded from here, which a file system without execution (of many containers) forbids.
  struct statvfs memory {};
  const bool in_memory = ::access(memory_directory, W_OK | X_OK) == 0 && ::statvfs(memory_directory, &memory) == 0 &&
                         (memory.f_flag & ST_NOEXEC) == 0;
  const std::filesystem::path parent =
      in_memory ? std::filesystem::path{memory_directory} : std::filesystem::temp_directory_path(error);
  return parent / (name_prefix() + number.data());
}

base::Status make_scratch(const std::filesystem::path& path) {
  for (const std::filesystem::path& directory : {path, path / "modules"}) {
    if (::mkdir(directory.c_str(), S_IRWXU) != 0) return os::system_fault("cannot create " + directory.string());
  }
  // Keepers that find it leave the directory to us; see keeper/node_scratch.hpp.
  return write_private_file(path / "owner", "supervisor\n");
}

base::Status remove_scratch(const std::filesystem::path& path) {
  if (!path.is_absolute() || !path.filename().string().starts_with(name_prefix())) {
    return base::Fault{path.string() + " is not a scratch directory of this user; it is left alone"};
  }
  return remove_directory(path);
}

}  // namespace gangway::launch
