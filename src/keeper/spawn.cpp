#include "keeper/spawn.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

#include "os/descriptor.hpp"

namespace gangway::keeper {
namespace {

// What MPI launchers tell a rank about itself. An MPI_Init in a worker must not find it.
constexpr std::array<std::string_view, 5> rank_variable_prefixes{"OMPI_", "PMIX_", "PMI_", "ORTE_", "PRTE_"};

/// A failed step of the child, sent to the parent through a pipe that a successful exec closes.
struct ChildFailure {
  const char* step = nullptr;  // a literal: the same address in parent and child
  int error = 0;
};

/// All that the child needs, made before the fork: after it nothing may be allocated.
struct ChildPlan {
  const SpawnRequest* request = nullptr;
  std::vector<char*> arguments{};
  std::vector<char*> environment{};
  pid_t parent = 0;
  int failure_pipe = -1;
};

std::vector<char*> environment_of(const SpawnRequest& request) {
  std::vector<char*> kept;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view variable{*entry};
    const auto hides = [&](std::string_view prefix) { return variable.starts_with(prefix); };
    if (request.is_worker && std::ranges::any_of(rank_variable_prefixes, hides)) continue;
    kept.push_back(*entry);
  }
  kept.push_back(nullptr);
  return kept;
}

/// In the child: everything up to the exec. Returns the step that failed.
const char* prepare_and_exec(const ChildPlan& plan) {
  const SpawnRequest& request = *plan.request;
  if (::setpgid(0, 0) != 0) return "make a process group";
  if (::prctl(PR_SET_PDEATHSIG, request.death_signal) != 0) return "tie the process to its parent";
  // The parent may have died before the line above.
  if (::getppid() != plan.parent) ::_exit(1);
  ::signal(SIGPIPE, request.ignore_sigpipe ? SIG_IGN : SIG_DFL);
  if (request.is_worker) {
    // Descriptors are marked rather than closed, since the failure pipe is among them.
    if (::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) != 0) return "close inherited descriptors (Linux 5.11 or newer)";
    const int nothing = ::open("/dev/null", O_RDONLY);
    if (nothing < 0 || ::dup2(nothing, STDIN_FILENO) < 0) return "open /dev/null";
    if (nothing != STDIN_FILENO) ::close(nothing);
  }
  for (const int fd : request.descriptors) {
    if (::fcntl(fd, F_SETFD, 0) != 0) return "hand on a descriptor";
  }
  if (::sigprocmask(SIG_SETMASK, &request.signal_mask, nullptr) != 0) return "set the signal mask";
  ::execve(request.program.c_str(), plan.arguments.data(), plan.environment.data());
  return "execute it";
}

[[noreturn]] void run_child(const ChildPlan& plan) {
  const ChildFailure failure{.step = prepare_and_exec(plan), .error = errno};
  [[maybe_unused]] const auto written = ::write(plan.failure_pipe, &failure, sizeof(failure));
  ::_exit(127);
}

}  // namespace

base::Result<pid_t> spawn(const SpawnRequest& request) {
  std::array<int, 2> pipe_ends{};
  if (::pipe2(pipe_ends.data(), O_CLOEXEC) != 0) return os::system_fault("cannot make a pipe");
  const os::Descriptor failures{pipe_ends[0]};
  os::Descriptor failure_pipe{pipe_ends[1]};

  ChildPlan plan{.request = &request, .parent = ::getpid(), .failure_pipe = failure_pipe.get()};
  plan.arguments.push_back(const_cast<char*>(request.program.c_str()));
  for (const std::string& argument : request.arguments) plan.arguments.push_back(const_cast<char*>(argument.c_str()));
  plan.arguments.push_back(nullptr);
  plan.environment = environment_of(request);

  const pid_t child = ::fork();
  if (child < 0) return os::system_fault("cannot fork for " + request.program);
  if (child == 0) run_child(plan);

  failure_pipe.reset();
  ChildFailure failure;
  ssize_t count = -1;
  do {
    count = ::read(failures.get(), &failure, sizeof(failure));
  } while (count < 0 && errno == EINTR);
  if (count != sizeof(failure)) return child;
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  const std::string what = "start " + request.program + ": cannot " + failure.step;
  return os::system_fault("cannot " + what, failure.error);
}

}  // namespace gangway::keeper
