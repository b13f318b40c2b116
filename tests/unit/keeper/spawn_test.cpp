#include "keeper/spawn.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>

#include "forked.hpp"
#include "os/descriptor.hpp"

namespace gangway::keeper {
namespace {

struct Pipe {
  os::Descriptor read_end;
  os::Descriptor write_end;

  Pipe() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    read_end = os::Descriptor{ends[0]};
    write_end = os::Descriptor{ends[1]};
  }

  std::string read_all() {
    write_end.reset();
    std::string text;
    std::array<char, 4096> block{};
    for (ssize_t count = 0; (count = ::read(read_end.get(), block.data(), block.size())) > 0;) {
      text.append(block.data(), static_cast<std::size_t>(count));
    }
    return text;
  }
};

SpawnRequest shell(const std::string& script) {
  SpawnRequest request{.program = "/bin/sh", .arguments = {"-c", script}};
  ::sigemptyset(&request.signal_mask);
  return request;
}

/// What the script writes into descriptor $OUT.
std::string output_of(SpawnRequest request) {
  Pipe out;
  const int fd = out.write_end.get();
  request.descriptors.push_back(fd);
  request.arguments.at(1) = "exec >&" + std::to_string(fd) + "; " + request.arguments.at(1);
  const auto pid = spawn(request);
  EXPECT_TRUE(pid) << pid.fault().text;
  const std::string text = out.read_all();
  int status = 0;
  ::waitpid(pid.value(), &status, 0);
  EXPECT_EQ(status, 0);
  return text;
}

TEST(Spawn, MakesTheChildTheLeaderOfItsOwnGroup) {
  const std::string text = output_of(shell("echo $$ $(cut -d' ' -f5 /proc/$$/stat)"));
  const auto blank = text.find(' ');
  EXPECT_EQ(text.substr(0, blank) + "\n", text.substr(blank + 1)) << text;
}

TEST(Spawn, HidesTheRanksIdentityFromAWorkerOnly) {
  for (const char* name : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_FD", "ORTE_X", "PRTE_X", "HARMLESS_X"}) {
    ::setenv(name, "1", 1);
  }
  SpawnRequest request = shell("env | grep -E '^(OMPI|PMIX|PMI|ORTE|PRTE|HARMLESS)_' | sort | tr '\\n' ' '");
  EXPECT_EQ(output_of(request), "HARMLESS_X=1 OMPI_COMM_WORLD_RANK=1 ORTE_X=1 PMIX_RANK=1 PMI_FD=1 PRTE_X=1 ");
  request.is_worker = true;
  EXPECT_EQ(output_of(request), "HARMLESS_X=1 ");
}

TEST(Spawn, GivesAWorkerNoDescriptorButTheNamedOnes) {
  const os::Descriptor leaked{::open("/dev/zero", O_RDONLY)};  // without CLOEXEC
  const os::Descriptor named{::open("/dev/full", O_RDONLY | O_CLOEXEC)};
  SpawnRequest request = shell("readlink /proc/$$/fd/*; true");
  request.is_worker = true;
  request.descriptors = {named.get()};
  const std::string text = output_of(request);
  EXPECT_EQ(text.find("/dev/zero"), std::string::npos) << text;
  EXPECT_NE(text.find("/dev/full"), std::string::npos) << text;
  request.is_worker = false;
  EXPECT_NE(output_of(request).find("/dev/zero"), std::string::npos);
}

TEST(Spawn, GivesAWorkerAnEmptyStandardInput) {
  SpawnRequest request = shell("readlink /proc/$$/fd/0; cat");
  request.is_worker = true;
  EXPECT_EQ(output_of(request), "/dev/null\n");
}

TEST(Spawn, RestoresMaskAndSigpipe) {
  sigset_t blocked;
  sigset_t before;
  ::sigemptyset(&blocked);
  ::sigaddset(&blocked, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &blocked, &before);
  const auto previous = ::signal(SIGPIPE, SIG_IGN);
  SpawnRequest request = shell("grep -E 'SigBlk|SigIgn' /proc/$$/status | tr '\\n\\t' '  '");
  EXPECT_EQ(output_of(request), "SigBlk: 0000000000000000 SigIgn: 0000000000000000 ");
  request.ignore_sigpipe = true;
  EXPECT_EQ(output_of(request), "SigBlk: 0000000000000000 SigIgn: 0000000000001000 ");
  ::signal(SIGPIPE, previous);
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
}

TEST(Spawn, SaysWhatFailed) {
  SpawnRequest request = shell("");
  request.program = "/nonexistent/gangway-rank";
  const auto pid = spawn(request);
  ASSERT_FALSE(pid);
  EXPECT_EQ(pid.fault().text, "cannot start /nonexistent/gangway-rank: cannot execute it: No such file or directory");
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a child is left";
}

TEST(Spawn, LetsTheChildDieWithItsParent) {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  Pipe pids;
  Forked parent{[&] {
    const auto pid = spawn(shell("exec sleep 1000"));
    const pid_t child = pid.value();
    [[maybe_unused]] const auto written = ::write(pids.write_end.get(), &child, sizeof(child));
    ::pause();
    return 0;
  }};
  pid_t child = 0;
  ASSERT_EQ(::read(pids.read_end.get(), &child, sizeof(child)), static_cast<ssize_t>(sizeof(child)));
  const os::Descriptor process{static_cast<int>(::syscall(SYS_pidfd_open, child, 0))};
  pollfd end{.fd = process.get(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&end, 1, 100), 0);
  parent.kill(SIGKILL);
  EXPECT_EQ(::poll(&end, 1, 30'000), 1);
  parent.wait();
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
}

}  // namespace
}  // namespace gangway::keeper
