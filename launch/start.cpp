#include "launch/start.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "launch/installation.hpp"
#include "launch/supervisor_options.hpp"

extern char** environ;

namespace gangway::launch {
namespace {

// What a supervisor takes beyond the time for the engines: asking mpirun for its version, and cleaning up after a
// failure.
constexpr std::chrono::seconds supervisor_time{40};

// The numbers the descriptors have in the supervisor.
constexpr int report_fd = 3;
constexpr int owner_fd = 4;

// Wrappers so that nothing leaks when something in between fails.
struct FileActions {
  posix_spawn_file_actions_t actions{};
  FileActions() { ::posix_spawn_file_actions_init(&actions); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
  ~FileActions() { ::posix_spawn_file_actions_destroy(&actions); }
};

struct Attributes {
  posix_spawnattr_t attributes{};
  Attributes() {
    ::posix_spawnattr_init(&attributes);
    sigset_t signals;
    ::sigemptyset(&signals);
    ::posix_spawnattr_setsigmask(&attributes, &signals);
    ::sigfillset(&signals);
    ::posix_spawnattr_setsigdefault(&attributes, &signals);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
  ~Attributes() { ::posix_spawnattr_destroy(&attributes); }
};

// A duplicate whose number is not one of those it is about to be moved to.
base::Result<os::Descriptor> above_standard_numbers(const os::Descriptor& descriptor) {
  os::Descriptor moved{::fcntl(descriptor.get(), F_DUPFD_CLOEXEC, owner_fd + 1)};
  if (!moved) return os::system_fault("cannot duplicate a descriptor");
  return moved;
}

// posix_spawn and not fork: the caller may have threads.
base::Status spawn_supervisor(const std::filesystem::path& program, const SupervisorOptions& options,
                              const os::Descriptor& report, const os::Descriptor& owner) {
  const base::Result<os::Descriptor> report_above = above_standard_numbers(report);
  if (!report_above) return report_above.fault();
  FileActions files;
  ::posix_spawn_file_actions_adddup2(&files.actions, report_above.value().get(), report_fd);
  std::optional<base::Result<os::Descriptor>> owner_above;
  if (owner) {
    owner_above = above_standard_numbers(owner);
    if (!*owner_above) return owner_above->fault();
    ::posix_spawn_file_actions_adddup2(&files.actions, owner_above->value().get(), owner_fd);
  }

  std::vector<std::string> arguments = to_arguments(options);
  arguments.insert(arguments.begin(), program.string());
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);

  const Attributes attributes;
  pid_t pid = 0;
  errno = ::posix_spawn(&pid, program.c_str(), &files.actions, &attributes.attributes, pointers.data(), environ);
  if (errno != 0) return os::system_fault("cannot start " + program.string());
  // It leaves at once: the supervisor goes on as a process of its own.
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return base::Done{};
}

// One line; nothing if the other end was closed before, or if the time is over.
std::optional<std::string> read_line(const os::Descriptor& pipe, std::chrono::milliseconds time) {
  const auto deadline = std::chrono::steady_clock::now() + time;
  std::string text;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd ready{pipe.get(), POLLIN, 0};
    const int count = ::poll(&ready, 1, static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 1 << 30)));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return std::nullopt;
    std::array<char, 1024> piece{};
    const ssize_t size = ::read(pipe.get(), piece.data(), piece.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return std::nullopt;
    text.append(piece.data(), static_cast<std::size_t>(size));
    if (const std::size_t end = text.find('\n'); end != std::string::npos) return text.substr(0, end);
  }
}

}  // namespace

base::Result<StartedCluster> start_cluster(const ClusterHome& home, const Profile& profile, Ownership ownership) {
  const base::Result<std::filesystem::path> libexec = libexec_directory();
  if (!libexec) return libexec.fault();
  const base::Result<Profile> resolved = resolve(profile);
  if (!resolved) return resolved.fault();
  base::Result<os::Pipe> report = os::make_pipe();
  if (!report) return report.fault();
  base::Result<os::Pipe> owner = os::make_pipe();
  if (!owner) return owner.fault();
  const bool owned = ownership == Ownership::owned;
  if (!owned) owner.value() = os::Pipe{};

  SupervisorOptions options{home.path().string(), resolved.value(), report_fd, owned ? owner_fd : -1};
  if (base::Status spawned = spawn_supervisor(libexec.value() / "gangway-supervisor", options,
                                              report.value().write_end, owner.value().read_end);
      !spawned) {
    return spawned.fault();
  }
  report.value().write_end.reset();
  owner.value().read_end.reset();

  const ClusterDirectory directory = home.cluster(options.profile.name);
  const std::optional<std::string> answer =
      read_line(report.value().read_end, options.profile.start_timeout + supervisor_time);
  if (answer == "ready") {
    return StartedCluster{directory.name(), directory.path(), directory.connection_file(),
                          std::move(owner.value().write_end)};
  }
  constexpr std::string_view error_mark = "error ";
  if (answer && answer->starts_with(error_mark)) return base::Fault{answer->substr(error_mark.size())};
  return base::Fault{"the supervisor of the cluster " + directory.name() + " ended or hung while it started; see " +
                     directory.log_file().string() + " and remove what is left with `gangway stop " +
                     directory.name() + "`"};
}

}  // namespace gangway::launch
