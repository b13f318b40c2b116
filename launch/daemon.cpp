#include "launch/daemon.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <string>
#include <system_error>

#include "os/descriptor.hpp"

namespace gangway::launch {
namespace {

void close_all_but(const std::vector<int>& kept) {
  std::vector<int> open;
  std::error_code error;
  for (std::filesystem::directory_iterator entry{"/proc/self/fd", error}, end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    int number = -1;
    std::from_chars(name.data(), name.data() + name.size(), number);
    open.push_back(number);
  }
  for (const int number : open) {
    if (number > 2 && std::find(kept.begin(), kept.end(), number) == kept.end()) ::close(number);
  }
}

// The parent ends; the child goes on.
base::Status fork_away() {
  const pid_t pid = ::fork();
  if (pid < 0) return os::system_fault("cannot start a process");
  if (pid > 0) ::_exit(0);
  return base::Done{};
}

}  // namespace

base::Status become_daemon(const std::vector<int>& kept) {
  close_all_but(kept);
  for (const int number : kept) ::fcntl(number, F_SETFD, FD_CLOEXEC);
  if (base::Status away = fork_away(); !away) return away;
  if (::setsid() < 0) return os::system_fault("cannot leave the session");
  if (base::Status away = fork_away(); !away) return away;
  const os::Descriptor nothing{::open("/dev/null", O_RDWR | O_CLOEXEC)};
  if (!nothing) return os::system_fault("cannot open /dev/null");
  for (int number = 0; number <= 2; ++number) {
    if (::dup2(nothing.get(), number) < 0) return os::system_fault("cannot replace a standard stream");
  }
  return base::Done{};
}

base::Status adopt_orphans() {
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return os::system_fault("cannot become the parent of orphans");
  return base::Done{};
}

}  // namespace gangway::launch
