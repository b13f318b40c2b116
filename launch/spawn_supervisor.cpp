#include "launch/spawn_supervisor.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <vector>

#include "launch/installation.hpp"
#include "launch/job.hpp"

namespace gangway::launch {
namespace {

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

std::vector<char*> pointers_of(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// posix_spawn and not fork: the caller may have threads.
base::Status spawn(const std::filesystem::path& program, const LaunchRecord& record, const os::Descriptor& report) {
  // Its number must not be the one it is about to be moved to.
  const os::Descriptor above{::fcntl(report.get(), F_DUPFD_CLOEXEC, supervisor_report_fd + 1)};
  if (!above) return os::system_fault("cannot duplicate a descriptor");
  FileActions files;
  ::posix_spawn_file_actions_adddup2(&files.actions, above.get(), supervisor_report_fd);
  std::error_code error;
  if (std::filesystem::is_directory(record.directory, error)) {
    ::posix_spawn_file_actions_addchdir_np(&files.actions, record.directory.c_str());
  }
  std::vector<std::string> arguments = record.arguments;
  arguments.insert(arguments.begin(), program.string());
  std::vector<std::string> variables;
  for (const auto& [name, value] : record.environment) variables.push_back(name + "=" + value);

  const Attributes attributes;
  pid_t pid = 0;
  errno = ::posix_spawn(&pid, program.c_str(), &files.actions, &attributes.attributes, pointers_of(arguments).data(),
                        pointers_of(variables).data());
  if (errno != 0) return os::system_fault("cannot start " + program.string());
  // It leaves at once: the supervisor goes on as a process of its own.
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return base::Done{};
}

}  // namespace

base::Status run_supervisor(const LaunchRecord& record, std::chrono::milliseconds time, const std::string& silence) {
  const base::Result<std::filesystem::path> libexec = libexec_directory();
  if (!libexec) return libexec.fault();
  base::Result<os::Pipe> report = os::make_pipe();
  if (!report) return report.fault();
  const base::Status spawned = spawn(libexec.value() / "gangway-supervisor", record, report.value().write_end);
  if (!spawned) return spawned;
  report.value().write_end.reset();
  const std::optional<std::string> answer = read_line(report.value().read_end, time);
  if (answer == "ready") return base::Done{};
  constexpr std::string_view error_mark = "error ";
  if (answer && answer->starts_with(error_mark)) return base::Fault{answer->substr(error_mark.size())};
  return base::Fault{silence};
}

}  // namespace gangway::launch
