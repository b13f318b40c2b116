#include "launch/private_file.hpp"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string_view>
#include <system_error>
#include <vector>

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

// Many systems give each account a group of its own, named like it, and let that group write what it makes.
bool is_own_group(gid_t group_id, uid_t account_id) {
  std::vector<char> texts(64 * base::kib);
  std::vector<char> more_texts(texts.size());
  struct passwd account {};
  struct passwd* known_account = nullptr;
  struct group group {};
  struct group* known_group = nullptr;
  ::getpwuid_r(account_id, &account, texts.data(), texts.size(), &known_account);
  ::getgrgid_r(group_id, &group, more_texts.data(), more_texts.size(), &known_group);
  if (known_account == nullptr || known_group == nullptr) return false;
  const std::string_view name = account.pw_name;
  if (account.pw_gid != group_id || group.gr_name != name) return false;
  for (char** member = group.gr_mem; *member != nullptr; ++member) {
    if (*member != name) return false;
  }
  return true;
}

bool may_be_written_by_others(const struct stat& status) {
  if ((status.st_mode & S_IWOTH) != 0) return true;
  return (status.st_mode & S_IWGRP) != 0 && !is_own_group(status.st_gid, status.st_uid);
}

// What engines load stands in a profile. Root is trusted: it can read and change everything anyway.
base::Status check_changers(const struct stat& status, const std::string& what, const std::filesystem::path& path,
                            const std::string& way_out) {
  if (status.st_uid != ::geteuid() && status.st_uid != 0) {
    return base::Fault{what + " " + path.string() +
                       " belongs to another account, which can change it, and with it what engines load; " + way_out};
  }
  if (may_be_written_by_others(status)) {
    return base::Fault{what + " " + path.string() +
                       " can be changed by others, and with it what engines load; mend it with: chmod go-w " +
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

base::Status check_profile_directory(const std::filesystem::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return base::Done{};  // then there is no profile in it either
  return check_changers(status, "the directory", path, "set GANGWAY_HOME to a directory of your own");
}

base::Result<std::string> read_guarded_profile(const std::filesystem::path& path) {
  const os::Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0) return os::system_fault("cannot read " + path.string());
  // Of the very file that is read; another one may be put in its place meanwhile.
  const base::Status guarded =
      check_changers(status, "the profile", path,
                     "if you trust it, make a copy of your own with: install -m 600 " + path.string() + " COPY");
  if (!guarded) return guarded.fault();
  return os::read_file(file, path);
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
