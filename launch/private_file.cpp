#include "launch/private_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

#include "os/descriptor.hpp"
#include "os/file.hpp"

namespace gangway::launch {
namespace {

constexpr mode_t others = S_IRWXG | S_IRWXO;

base::Status check_owner_and_mode(const std::filesystem::path& path, const char* mending_mode) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return os::system_fault(path.string());
  if (status.st_uid != ::geteuid()) {
    return base::Fault{path.string() + " belongs to another user; set GANGWAY_HOME to a directory of your own"};
  }
  if ((status.st_mode & others) != 0) {
    return base::Fault{path.string() + " is open to other users; close it with: chmod " + mending_mode + " " +
                       path.string()};
  }
  return base::Done{};
}

}  // namespace

base::Status make_private_directory(const std::filesystem::path& path) {
  if (path.has_parent_path() && path != path.parent_path()) {
    std::error_code error;
    if (!std::filesystem::exists(path.parent_path(), error)) {
      if (base::Status parent = make_private_directory(path.parent_path()); !parent) return parent;
    }
  }
  if (::mkdir(path.c_str(), S_IRWXU) != 0 && errno != EEXIST) {
    const base::Fault reason = os::system_fault("cannot create the directory " + path.string());
    return base::Fault{reason.text + "; set GANGWAY_HOME to a directory you may write to"};
  }
  return base::Done{};
}

base::Status check_private_directory(const std::filesystem::path& path) {
  return check_owner_and_mode(path, "700");
}

base::Status check_private_file(const std::filesystem::path& path) {
  return check_owner_and_mode(path, "600");
}

base::Status write_private_file(const std::filesystem::path& path, const std::string& content) {
  const std::filesystem::path temporary = path.string() + ".new";
  ::unlink(temporary.c_str());
  {
    const os::Descriptor file{::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR)};
    if (!file) return os::system_fault("cannot create " + temporary.string());
    if (!os::write_all(file.get(), base::bytes_of(content))) {
      const base::Fault fault = os::system_fault("cannot write " + temporary.string());
      ::unlink(temporary.c_str());
      return fault;
    }
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) return os::system_fault("cannot create " + path.string());
  return base::Done{};
}

base::Status remove_directory(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error) return base::Fault{"cannot remove " + path.string() + ": " + error.message()};
  return base::Done{};
}

}  // namespace gangway::launch
