#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "e2e/support/shared_cluster.hpp"
#include "e2e/support/traces.hpp"

namespace gangway::e2e {
namespace {

using testing::AllOf;
using testing::HasSubstr;

enum class Death { segfault, exit, quick_exit, abort, recursion, terminate, kill };

// Not a constant, so that the compiler cannot tell that it never ends.
volatile bool endless = true;
volatile std::uintptr_t unmapped_address = 0x10;

int recurse(int depth) {
  volatile char page[1024] = {};
  page[0] = static_cast<char>(depth);
  return endless ? recurse(depth + 1) + page[0] : page[0];
}

void throw_something() {
  if (endless) throw std::runtime_error{"nobody may see this"};
}

void throw_through_noexcept() noexcept {
  throw_something();
}

int die(Death death) {
  volatile int* const nowhere = reinterpret_cast<int*>(unmapped_address);
  switch (death) {
    case Death::segfault:
      return *nowhere;
    case Death::exit:
      std::exit(3);
    case Death::quick_exit:
      ::_exit(0);
    case Death::abort:
      std::abort();
    case Death::recursion:
      return recurse(0);
    case Death::terminate:
      throw_through_noexcept();
      return 0;
    case Death::kill:
      ::raise(SIGKILL);
  }
  return 0;
}

/// Dies in the middle of writing x.
void die_writing(std::span<int> x) {
  x[0] = -1;
  std::abort();
}

void set_and_die(Engine& engine) {
  engine.names().set("of a dead call", 1);
  engine.names().make<int>("array of a dead call", 4);
  std::abort();
}

int sum(std::span<const int> x) {
  int total = 0;
  for (const int value : x) total += value;
  return total;
}

int worker_pid(Engine&) {
  return ::getpid();
}

/// Leaves a process behind that has a session of its own and sleeps for ten minutes; its pid.
int leave_a_grandchild(bool crash) {
  int pids[2];
  if (::pipe(pids) != 0) throw std::runtime_error{"no pipe"};
  if (::fork() == 0) {
    ::setsid();
    const pid_t grandchild = ::fork();
    if (grandchild == 0) {
      ::sleep(600);
      ::_exit(0);
    }
    const ssize_t written = ::write(pids[1], &grandchild, sizeof grandchild);
    ::_exit(written == sizeof grandchild ? 0 : 1);
  }
  pid_t grandchild = 0;
  if (::read(pids[0], &grandchild, sizeof grandchild) != sizeof grandchild) throw std::runtime_error{"no answer"};
  ::close(pids[0]);
  ::close(pids[1]);
  if (crash) std::abort();
  return grandchild;
}

int doubled(int number) {
  return 2 * number;
}

class CrashesTest : public SharedClusterTest {
 protected:
  RemoteError death_of(Death death) {
    return remote_error_of([&] { return engine(0).apply(fn<die>, death).get(); });
  }

  /// That engine 0 still has what it had, and works.
  void expect_engine_lives() {
    EXPECT_EQ(engine(0).pull<int>("kept").get(), 42);
    EXPECT_EQ(engine(0).pull<std::vector<int>>("kept array").get(), (std::vector<int>{1, 2, 3}));
    EXPECT_EQ(engine(0).apply(fn<sum>, named("kept array")).get(), 6);
    EXPECT_EQ(client.engines().size(), shared_engines);
  }

  void SetUp() override {
    engine(0).push("kept", 42).get();
    engine(0).push("kept array", std::vector<int>{1, 2, 3}).get();
  }
};

TEST_F(CrashesTest, ASegfaultEndsItsTaskOnly) {
  const RemoteError error = death_of(Death::segfault);
  EXPECT_EQ(error.kind(), FailureKind::worker_crashed);
  EXPECT_EQ(error.type(), "worker crashed");
  EXPECT_THAT(error.text(), AllOf(HasSubstr("SIGSEGV"), HasSubstr("0x10")));
  EXPECT_EQ(error.engine(), EngineId{0});
  EXPECT_FALSE(error.host().empty());
  expect_engine_lives();
}

TEST_F(CrashesTest, ExitEndsItsTaskOnly) {
  EXPECT_THAT(death_of(Death::exit).text(), HasSubstr("exit(3)"));
  expect_engine_lives();
  EXPECT_THAT(death_of(Death::quick_exit).text(), HasSubstr("exit(0)"));
  expect_engine_lives();
}

TEST_F(CrashesTest, AbortEndsItsTaskOnly) {
  EXPECT_THAT(death_of(Death::abort).text(), HasSubstr("SIGABRT"));
  expect_engine_lives();
}

TEST_F(CrashesTest, EndlessRecursionEndsItsTaskOnly) {
  EXPECT_THAT(death_of(Death::recursion).text(), AllOf(HasSubstr("SIGSEGV"), HasSubstr("recursion")));
  expect_engine_lives();
}

TEST_F(CrashesTest, TerminateEndsItsTaskOnly) {
  EXPECT_THAT(death_of(Death::terminate).text(), HasSubstr("SIGABRT"));
  expect_engine_lives();
}

TEST_F(CrashesTest, SigkillEndsItsTaskOnly) {
  EXPECT_THAT(death_of(Death::kill).text(), HasSubstr("SIGKILL"));
  expect_engine_lives();
}

TEST_F(CrashesTest, AProcessLeftBehindDiesWithItsWorker) {
  const int grandchild = engine(0).apply(fn<leave_a_grandchild>, false).get();
  EXPECT_EQ(::kill(grandchild, 0), 0) << "a process left behind ends only with its worker";
  EXPECT_THROW(engine(0).apply(fn<leave_a_grandchild>, true).get(), RemoteError);
  EXPECT_TRUE(eventually([&] { return ::kill(grandchild, 0) != 0 && errno == ESRCH; }));
  expect_engine_lives();
}

TEST_F(CrashesTest, AnArrayThatWasBeingWrittenIsTornUntilItIsSetAgain) {
  engine(0).push("x", std::vector<int>{1, 2, 3}).get();
  const RemoteError crash = remote_error_of([&] {
    engine(0).apply(fn<die_writing>, named("x")).get();
    return 0;
  });
  const std::string task = "task " + std::to_string(crash.task().value());

  const RemoteError pulled = remote_error_of([&] { return engine(0).pull<std::vector<int>>("x").get(); });
  EXPECT_EQ(pulled.kind(), FailureKind::torn);
  EXPECT_THAT(pulled.text(), AllOf(HasSubstr("'x'"), HasSubstr(task)));
  const RemoteError read = remote_error_of([&] { return engine(0).apply(fn<sum>, named("x")).get(); });
  EXPECT_EQ(read.kind(), FailureKind::torn);
  EXPECT_THAT(read.text(), AllOf(HasSubstr("'x'"), HasSubstr(task)));

  engine(0).push("x", std::vector<int>{4, 5}).get();
  EXPECT_EQ(engine(0).apply(fn<sum>, named("x")).get(), 9);
  expect_engine_lives();
}

TEST_F(CrashesTest, WhatACrashedCallMadeDoesNotExist) {
  EXPECT_THROW(engine(0).apply(fn<set_and_die>).get(), RemoteError);
  EXPECT_EQ(remote_error_of([&] { return engine(0).pull<int>("of a dead call").get(); }).type(), "no such value");
  EXPECT_THROW(engine(0).pull<std::vector<int>>("array of a dead call").get(), RemoteError);
}

TEST_F(CrashesTest, TasksThatWaitBehindACrashRun) {
  const int before = engine(0).apply(fn<worker_pid>).get();
  auto crash = engine(0).apply(fn<die>, Death::segfault);
  std::vector<Future<int>> behind;
  for (int i = 0; i < 100; ++i) behind.push_back(engine(0).apply(fn<doubled>, i));
  EXPECT_THROW(crash.get(), RemoteError);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(behind[static_cast<std::size_t>(i)].get(), 2 * i);
  EXPECT_NE(engine(0).apply(fn<worker_pid>).get(), before);
}

TEST_F(CrashesTest, FiftyCrashesAmongGoodTasksSpoilNoResult) {
  constexpr int rounds = 50;
  std::vector<Future<int>> good;
  std::vector<Future<int>> bad;
  for (int round = 0; round < rounds; ++round) {
    bad.push_back(any.apply(fn<die>, round % 2 == 0 ? Death::segfault : Death::exit));
    for (int i = 0; i < 4; ++i) good.push_back(any.apply(fn<doubled>, 4 * round + i));
  }
  for (int round = 0; round < rounds; ++round) {
    const RemoteError error = remote_error_of([&] { return bad[static_cast<std::size_t>(round)].get(); });
    EXPECT_EQ(error.kind(), FailureKind::worker_crashed);
    EXPECT_THAT(error.text(), HasSubstr(round % 2 == 0 ? "SIGSEGV" : "exit(3)"));
  }
  for (std::size_t i = 0; i < good.size(); ++i) EXPECT_EQ(good[i].get(), 2 * static_cast<int>(i));
  expect_engine_lives();
}

TEST_F(CrashesTest, AMapLosesNoMoreThanTheChunksThatCrashed) {
  std::vector<int> numbers(90, 1);
  numbers[44] = -1;
  const auto crash_if_negative = [](int number) {
    if (number < 0) ::raise(SIGSEGV);
    return 2 * number;
  };
  const auto map = any.with(chunk(9)).map(crash_if_negative, numbers);
  const RemoteError error = remote_error_of([&] { return map.get(); });
  EXPECT_EQ(error.kind(), FailureKind::worker_crashed);
  EXPECT_EQ(error.index(), 36U);
  EXPECT_EQ(error.elements(), 9U);
  std::vector<int> good;
  auto elements = map.as_completed();
  try {
    for (const auto& element : elements) good.push_back(element.value);
  } catch (const RemoteError&) {
    for (const auto& element : elements) good.push_back(element.value);
  }
  EXPECT_EQ(good, std::vector<int>(81, 2));
}

}  // namespace
}  // namespace gangway::e2e
