#include "launch/job.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>
#include <utility>

#include "base/limits.hpp"
#include "launch/process.hpp"

namespace gangway::launch {
namespace {

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

/// What a child gets as its standard streams, and whose end is its own.
struct Heritage {
  int input = -1;
  int output = -1;
  int errors = -1;
  Orphan orphan = Orphan::is_terminated;
};

// The child between fork and exec: only calls that are allowed there.
[[noreturn]] void become(char* const* arguments, char* const* environment, const Heritage& heritage, pid_t parent) {
  ::setpgid(0, 0);
  if (heritage.orphan == Orphan::is_terminated) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) ::_exit(127);  // it died before the line above
  }
  sigset_t none;
  ::sigemptyset(&none);
  for (int number = 1; number < NSIG; ++number) {
    if (number != SIGKILL && number != SIGSTOP) ::signal(number, SIG_DFL);
  }
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (::dup2(heritage.input, 0) >= 0 && ::dup2(heritage.output, 1) >= 0 && ::dup2(heritage.errors, 2) >= 0) {
    ::execve(arguments[0], arguments, environment);
  }
  ::dprintf(2, "cannot start %s: %s\n", arguments[0], std::strerror(errno));
  ::_exit(127);
}

int milliseconds_until(std::chrono::steady_clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  return static_cast<int>(std::max<std::int64_t>(left.count(), 0));
}

// Reads until the other end is closed. Nothing if the time was over before.
std::optional<std::string> read_to_end(int descriptor, std::chrono::steady_clock::time_point deadline) {
  constexpr std::size_t bytes_max = 64 * base::kib;
  std::string text;
  for (;;) {
    pollfd ready{descriptor, POLLIN, 0};
    if (::poll(&ready, 1, milliseconds_until(deadline)) <= 0) return std::nullopt;
    std::array<char, 4096> piece{};
    const ssize_t count = ::read(descriptor, piece.data(), piece.size());
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count <= 0) return text;
    if (text.size() < bytes_max) text.append(piece.data(), static_cast<std::size_t>(count));
  }
}

}  // namespace

base::Result<RunningJob> start_job(const CommandLine& command, Errors errors, Orphan orphan) {
  base::Result<os::Pipe> output = os::make_pipe();
  if (!output) return output.fault();
  base::Result<os::Pipe> apart = errors == Errors::apart ? os::make_pipe() : os::Pipe{};
  if (!apart) return apart.fault();
  const os::Descriptor no_input{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
  if (!no_input) return os::system_fault("cannot open /dev/null");

  std::vector<std::string> arguments = command.arguments;
  std::vector<std::string> variables;
  for (const auto& [name, value] : command.environment) variables.push_back(name + "=" + value);
  const std::vector<char*> argument_pointers = pointers_to(arguments);
  const std::vector<char*> variable_pointers = pointers_to(variables);
  const os::Descriptor& error_end = errors == Errors::apart ? apart.value().write_end : output.value().write_end;
  const Heritage heritage{no_input.get(), output.value().write_end.get(), error_end.get(), orphan};
  const pid_t parent = ::getpid();

  const pid_t pid = ::fork();
  if (pid < 0) return os::system_fault("cannot start " + command.arguments.front());
  if (pid == 0) {
    become(argument_pointers.data(), variable_pointers.data(), heritage, parent);
  }
  RunningJob job{pid, std::move(output.value().read_end), std::move(apart.value().read_end)};
  for (const os::Descriptor* end : {&job.output, &job.errors}) {
    if (*end) ::fcntl(end->get(), F_SETFL, O_NONBLOCK);
  }
  return job;
}

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

base::Result<CommandEnd> run_to_end(const CommandLine& command, std::chrono::milliseconds time) {
  base::Result<RunningJob> job = start_job(command);
  if (!job) return job.fault();
  const auto deadline = std::chrono::steady_clock::now() + time;
  std::optional<std::string> text = read_to_end(job.value().output.get(), deadline);
  if (!text) {
    ::kill(-job.value().pid, SIGKILL);
    ::kill(job.value().pid, SIGKILL);  // it may not have its group yet
  }
  CommandEnd end;
  while (::waitpid(job.value().pid, &end.wait_status, 0) < 0 && errno == EINTR) {
  }
  if (!text) {
    return base::Fault{"`" + command.arguments.front() + "` did not answer within " + std::to_string(time.count()) +
                       " ms"};
  }
  end.text = std::move(*text);
  return end;
}

base::Result<std::string> output_of(const std::vector<std::string>& arguments, std::chrono::milliseconds time) {
  base::Result<CommandEnd> end = run_to_end(CommandLine{arguments, own_environment()}, time);
  if (!end) return end.fault();
  if (end.value().wait_status != 0) {
    return base::Fault{"`" + arguments.front() + "` " + wait_status_text(end.value().wait_status) + ": " +
                       end.value().text.substr(0, end.value().text.find('\n'))};
  }
  return std::move(end.value().text);
}

std::string wait_status_text(int status) {
  if (WIFSIGNALED(status)) {
    const int number = WTERMSIG(status);
    return "was killed by signal " + std::to_string(number) + " (" + ::strsignal(number) + ")";
  }
  return "ended with status " + std::to_string(WEXITSTATUS(status));
}

}  // namespace gangway::launch
