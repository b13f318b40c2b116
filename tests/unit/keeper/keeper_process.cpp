#include "keeper_process.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>

#include "keeper/children.hpp"

namespace gangway::keeper {

using Clock = std::chrono::steady_clock;

WatchedProcess::WatchedProcess(pid_t pid) : pid_{pid}, pidfd_{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))} {
  EXPECT_TRUE(pidfd_) << "no process " << pid;
}

bool WatchedProcess::ends_within(std::chrono::milliseconds wait_max) const {
  pollfd end{.fd = pidfd_.get(), .events = POLLIN, .revents = 0};
  return ::poll(&end, 1, static_cast<int>(wait_max.count())) == 1;
}

void WatchedProcess::kill(int signal) const {
  ::syscall(SYS_pidfd_send_signal, pidfd_.get(), signal, nullptr, 0);
}

KeeperProcess::KeeperProcess(Setup setup) {
  std::string name = setup.scratch_directory;
  if (name.empty()) {
    name = std::filesystem::temp_directory_path() / "keeper-test.XXXXXX";
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    owns_scratch_ = true;
  }
  scratch_directory_ = name;
  // What a killed keeper leaves comes to the test, which can then collect it.
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  // A keeper whose rank dies before its loop has begun asks its launcher to end the job: here that is the test.
  std::signal(SIGTERM, SIG_IGN);

  std::vector<std::string> command{KEEPER_PROGRAM,
                                   "--scratch-dir",
                                   name,
                                   "--cookie",
                                   "test." + std::to_string(::getpid()),
                                   "--gateways",
                                   "1",
                                   "--engines",
                                   std::to_string(setup.engines),
                                   "--arena-bytes",
                                   "1048576",
                                   "--rank-program",
                                   STAND_IN_PROGRAM,
                                   "--worker-program",
                                   STAND_IN_PROGRAM};
  command.insert(command.end(), setup.arguments.begin(), setup.arguments.end());
  if (setup.with_launcher) command.insert(command.begin(), {STAND_IN_PROGRAM, "launch"});

  std::array<int, 2> in{};
  std::array<int, 2> out{};
  EXPECT_EQ(::pipe2(in.data(), O_CLOEXEC), 0);
  EXPECT_EQ(::pipe2(out.data(), O_CLOEXEC), 0);
  pid_ = ::fork();
  if (pid_ == 0) {
    std::signal(SIGTERM, SIG_DFL);
    ::dup2(in[0], STDIN_FILENO);
    ::dup2(out[1], STDOUT_FILENO);
    ::setenv("OMPI_COMM_WORLD_RANK", (setup.role == "gateway" ? "0" : std::to_string(setup.rank)).c_str(), 1);
    for (std::string& variable : setup.environment) ::putenv(variable.data());
    std::vector<char*> arguments;
    for (std::string& argument : command) arguments.push_back(argument.data());
    arguments.push_back(nullptr);
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
  }
  ::close(in[0]);
  ::close(out[1]);
  to_rank_ = os::Descriptor{in[1]};
  from_rank_ = os::Descriptor{out[0]};
}

KeeperProcess::~KeeperProcess() {
  if (!waited_) {
    kill(SIGKILL);
    wait();
  }
  if (!owns_scratch_) return;
  kill_all_children(base::seconds(5));
  std::filesystem::remove_all(scratch_directory_);
}

void KeeperProcess::kill(int signal) const {
  ::kill(pid_, signal);
}

int KeeperProcess::wait() {
  const WatchedProcess keeper{pid_};
  if (!keeper.ends()) {
    ADD_FAILURE() << "the keeper does not end";
    kill(SIGKILL);
  }
  int status = 0;
  ::waitpid(pid_, &status, 0);
  waited_ = true;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

void KeeperProcess::tell(const std::string& line) {
  const std::string text = line + "\n";
  EXPECT_EQ(::write(to_rank_.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
}

bool KeeperProcess::read_lines(std::chrono::milliseconds wait_max) {
  pollfd readable{.fd = from_rank_.get(), .events = POLLIN, .revents = 0};
  if (::poll(&readable, 1, static_cast<int>(std::max<std::int64_t>(wait_max.count(), 0))) != 1) return false;
  std::array<char, 4096> block{};
  const ssize_t count = ::read(from_rank_.get(), block.data(), block.size());
  if (count <= 0) return false;
  for (ssize_t i = 0; i < count; ++i) {
    const char c = block[static_cast<std::size_t>(i)];
    if (c != '\n') {
      unfinished_ += c;
    } else {
      lines_.push_back(std::exchange(unfinished_, {}));
    }
  }
  return true;
}

std::string KeeperProcess::hear(const std::string& beginning) {
  const auto deadline = Clock::now() + patience;
  const auto wanted = [&](const std::string& line) { return line.starts_with(beginning); };
  for (;;) {
    if (const auto found = std::ranges::find_if(lines_, wanted); found != lines_.end()) {
      std::string rest = found->substr(beginning.size());
      lines_.erase(found);
      return rest;
    }
    if (!read_lines(std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()))) break;
  }
  ADD_FAILURE() << "nobody said: " << beginning;
  return {};
}

WatchedProcess KeeperProcess::hear_of_process(const std::string& beginning) {
  return WatchedProcess{static_cast<pid_t>(std::strtol(hear(beginning).c_str(), nullptr, 10))};
}

std::size_t KeeperProcess::count_lines(const std::string& beginning, std::chrono::milliseconds duration) {
  const auto deadline = Clock::now() + duration;
  const auto left = [&] { return std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()); };
  while (left() > std::chrono::milliseconds{0}) read_lines(left());
  const auto wanted = [&](const std::string& line) { return line.starts_with(beginning); };
  return static_cast<std::size_t>(std::ranges::count_if(lines_, wanted));
}

}  // namespace gangway::keeper
