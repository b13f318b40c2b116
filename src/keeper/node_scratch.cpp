#include "keeper/node_scratch.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>
#include <system_error>
#include <thread>

namespace gangway::keeper {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr milliseconds look_interval{20};
// A keeper ends within three seconds of its launcher.
constexpr seconds keepers_wait_max{10};
constexpr seconds kill_wait_max{5};

base::Fault fault_at(const std::string& path, int error) {
  return os::system_fault("cannot use the scratch directory " + path, error);
}

base::Status make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), S_IRWXU) != 0 && errno != EEXIST) return fault_at(path, errno);
  // The launcher's daemon may have made it; in a place open to all, so may have others.
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return fault_at(path, errno);
  const bool is_private = S_ISDIR(status.st_mode) && status.st_uid == ::geteuid() && (status.st_mode & 077) == 0;
  if (is_private) return base::Done{};
  return base::Fault{"the scratch directory " + path + " belongs to somebody else or is open to others; start again"};
}

/// In the child of a child: leaves the launcher's session and output behind and becomes the sweeper.
[[noreturn]] void become_sweeper(std::vector<char*>& arguments, std::vector<char*>& environment, int launcher) {
  const int nothing = ::open("/dev/null", O_RDWR);
  for (int standard = 0; standard < 3; ++standard) ::dup2(nothing, standard);
  if (nothing > 2) ::close(nothing);
  ::fcntl(launcher, F_SETFD, 0);
  ::execve("/proc/self/exe", arguments.data(), environment.data());
  ::_exit(EXIT_FAILURE);
}

/// The cookie is in neither arguments nor environment: the sweeper is not one of those to be killed by it.
base::Status start_sweeper(std::vector<std::string> arguments) {
  const os::Descriptor launcher{static_cast<int>(::syscall(SYS_pidfd_open, ::getppid(), 0))};
  if (!launcher) return os::system_fault("cannot watch the process that started the keeper");
  arguments.insert(arguments.begin(), "gangway-keeper");
  arguments.push_back(std::to_string(launcher.get()));
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  std::string libraries = "LD_LIBRARY_PATH=";
  std::vector<char*> environment{nullptr};
  if (const char* const value = std::getenv("LD_LIBRARY_PATH")) {
    libraries += value;
    environment.insert(environment.begin(), libraries.data());
  }

  const pid_t child = ::fork();
  if (child < 0) return os::system_fault("cannot fork for the sweeper");
  if (child == 0) {
    ::setsid();
    // As nobody's child it goes on when the keeper is gone, and the keeper need not collect it.
    if (::fork() != 0) ::_exit(EXIT_SUCCESS);
    become_sweeper(pointers, environment, launcher.get());
  }
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  return base::Done{};
}

template <class Condition>
bool eventually(seconds wait_max, Condition condition) {
  const auto deadline = steady_clock::now() + wait_max;
  while (!condition()) {
    if (steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(look_interval);
  }
  return true;
}

std::string content_of(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

bool same_network(const std::string& process) {
  struct stat own {};
  struct stat other {};
  return ::stat("/proc/self/ns/net", &own) == 0 && ::stat((process + "/ns/net").c_str(), &other) == 0 &&
         own.st_ino == other.st_ino;
}

/// Kills what has the cookie in its environment; false if there is nothing. Nodes that are namespaces of one machine
/// see each other's processes and leave them alone.
bool kill_remains(const std::string& cookie) {
  const std::string mark = "GANGWAY_COOKIE=" + cookie + '\0';
  bool any = false;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator{"/proc", error}) {
    const std::string name = entry.path().filename().string();
    pid_t pid = 0;
    const auto [end, failed] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (failed != std::errc{} || *end != '\0') continue;
    const std::string process = entry.path().string();
    if (content_of(process + "/environ").find(mark) == std::string::npos || !same_network(process)) continue;
    any = true;
    ::kill(pid, SIGKILL);
  }
  return any;
}

}  // namespace

base::Result<NodeScratch> NodeScratch::join(const std::string& path, const std::string& cookie,
                                            const std::vector<std::string>& sweeper_arguments) {
  if (base::Status made = make_directory(path); !made) return made.fault();
  if (base::Status made = make_directory(path + "/modules"); !made) return made.fault();
  os::Descriptor lock{::open((path + "/keepers").c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!lock) return fault_at(path, errno);
  if (::flock(lock.get(), LOCK_SH) != 0) return fault_at(path, errno);

  const os::Descriptor owner{::open((path + "/owner").c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
  if (!owner && errno != EEXIST) return fault_at(path, errno);
  if (owner) {
    if (::write(owner.get(), cookie.data(), cookie.size()) != static_cast<ssize_t>(cookie.size())) {
      return fault_at(path, errno);
    }
    if (base::Status started = start_sweeper(sweeper_arguments); !started) return started.fault();
  }
  return NodeScratch{std::move(lock)};
}

base::Status sweep(const std::string& path, os::Descriptor launcher) {
  pollfd end{launcher.get(), POLLIN, 0};
  while (::poll(&end, 1, -1) < 0 && errno == EINTR) {
  }
  const os::Descriptor lock{::open((path + "/keepers").c_str(), O_RDWR | O_CLOEXEC)};
  if (lock) eventually(keepers_wait_max, [&] { return ::flock(lock.get(), LOCK_EX | LOCK_NB) == 0; });
  const std::string cookie = content_of(path + "/owner");
  if (!cookie.empty()) eventually(kill_wait_max, [&] { return !kill_remains(cookie); });
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error) return base::Fault{"cannot remove the scratch directory " + path + ": " + error.message()};
  return base::Done{};
}

}  // namespace gangway::keeper
