// Sessions with names: a program that was killed is started again and takes its work up where it was. The program is
// this one, with the argument "work".
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>

#include <gangway/gangway.hpp>

#include "e2e/support/command.hpp"
#include "e2e/support/home.hpp"
#include "e2e/support/traces.hpp"

namespace gangway::e2e {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr int elements = 10'000;

// Each run of an element leaves a line.
std::string runs_file() {
  return std::string{std::getenv("GANGWAY_HOME")} + "/runs";
}

int noted_square(int x, const std::string& file) {
  std::ofstream{file, std::ios::app} << (std::to_string(x) + "\n");
  std::this_thread::sleep_for(std::chrono::microseconds{200});
  return x * x;
}

int square(int x) {
  return x * x;
}

std::vector<int> numbers() {
  std::vector<int> all(elements);
  std::iota(all.begin(), all.end(), 0);
  return all;
}

std::vector<int> runs() {
  std::ifstream file{runs_file()};
  std::vector<int> found;
  for (int x = 0; file >> x;) found.push_back(x);
  return found;
}

/// What the killed program does: as each chunk comes it says so.
int work() {
  Client client{"named", session("run-17")};
  const auto map = client.balanced().with(key("squares")).map(fn<noted_square>, numbers(), runs_file());
  std::size_t last = 0;
  while (!map.future().wait_for(std::chrono::milliseconds{5})) {
    if (map.progress().done != last) std::cout << (last = map.progress().done) << std::endl;
  }
  std::uint64_t sum = 0;
  for (const int value : map.get()) sum += static_cast<std::uint64_t>(value);
  std::cout << "sum " << sum << std::endl;
  return EXIT_SUCCESS;
}

class SessionTest : public testing::Test {
 protected:
  void SetUp() override {
    const std::string profile = std::string{std::getenv("GANGWAY_HOME")} + "/named.ini";
    std::ofstream{profile} << "[cluster]\nengines = 2\n";
    const Outcome started = gangway({"start", "-p", profile});
    ASSERT_EQ(started.status, 0) << started.error;
    traces = Traces::of("named");
    std::remove(runs_file().c_str());
  }
  void TearDown() override {
    const Outcome stopped = gangway({"stop", "named"});
    EXPECT_EQ(stopped.status, 0) << stopped.error;
    EXPECT_TRUE(nothing_remains(traces));
  }

  static std::string self() {
    std::string path(4096, '\0');
    path.resize(static_cast<std::size_t>(::readlink("/proc/self/exe", path.data(), path.size())));
    return path;
  }

  static bool has_said_numbers(const RunningProgram& program, std::size_t count) {
    const std::string out = program.out();
    return static_cast<std::size_t>(std::count(out.begin(), out.end(), '\n')) >= count;
  }

  static std::string error_of(const std::function<void()>& call) {
    try {
      call();
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }

  Traces traces;
};

TEST_F(SessionTest, AProgramThatWasKilledInTheMiddleOfAMapTakesItUpAndNothingRunsTwice) {
  for (int kill = 0; kill < 2; ++kill) {
    RunningProgram program{{self(), "work"}};
    ASSERT_TRUE(eventually([&] { return has_said_numbers(program, 5); })) << program.out();
    ::kill(program.pid(), SIGKILL);
    EXPECT_EQ(program.wait().status, 128 + SIGKILL);
  }
  const Outcome last = run({self(), "work"});
  EXPECT_EQ(last.status, 0) << last.error;
  const std::vector<int> all = numbers();
  const std::uint64_t sum = std::accumulate(all.begin(), all.end(), std::uint64_t{0}, [](std::uint64_t part, int x) {
    return part + static_cast<std::uint64_t>(x) * static_cast<std::uint64_t>(x);
  });
  EXPECT_THAT(last.out, HasSubstr("sum " + std::to_string(sum)));
  std::vector<int> ran = runs();
  std::sort(ran.begin(), ran.end());
  EXPECT_EQ(ran, all) << "each element is run once, whoever was killed";
}

TEST_F(SessionTest, AKeyIsTheSameTaskForTheNextClient) {
  TaskId task;
  {
    Client first{"named", session("s")};
    const auto future = first.balanced().with(key("k")).apply(fn<noted_square>, 3, runs_file());
    EXPECT_EQ(future.get(), 9);
    task = future.id();
  }
  Client second{"named", session("s"), reconnect_limit(std::chrono::seconds{30})};
  const BalancedView any = second.balanced().with(key("k"));
  EXPECT_EQ(any.apply(fn<noted_square>, 3, runs_file()).get(), 9);
  EXPECT_EQ(any.apply(fn<noted_square>, 3, runs_file()).id(), task);
  EXPECT_EQ(runs(), std::vector<int>{3});
  EXPECT_THAT(error_of([&] { any.apply(fn<square>, 3).get(); }), HasSubstr("take another one"));
  second.end_session();
  Client third{"named", session("s")};
  EXPECT_EQ(third.balanced().with(key("k")).apply(fn<noted_square>, 3, runs_file()).get(), 9);
  EXPECT_EQ(runs(), (std::vector<int>{3, 3})) << "the session was ended";
}

TEST_F(SessionTest, AKeyMayBeAskedForTwiceAtOnce) {
  Client client{"named", session("s")};
  const BalancedView any = client.balanced().with(key("k"));
  const auto first = any.apply(fn<noted_square>, 4, runs_file());
  const auto second = any.apply(fn<noted_square>, 4, runs_file());
  EXPECT_EQ(first.get(), 16);
  EXPECT_EQ(second.get(), 16);
  EXPECT_EQ(runs(), std::vector<int>{4});
  client.end_session();
}

TEST_F(SessionTest, HasOneProcessAtATime) {
  Client first{"named", session("s")};
  EXPECT_THAT(error_of([] { Client{"named", session("s")}; }), HasSubstr("is in use by"));
  EXPECT_EQ(first.balanced().apply(fn<square>, 2).get(), 4);
  first.close();
  EXPECT_EQ((Client{"named", session("s")}.balanced().apply(fn<square>, 2).get()), 4);
}

TEST_F(SessionTest, NeedsAName) {
  EXPECT_THAT(error_of([] { Client{"named", session(std::string(5000, 'x'))}; }), HasSubstr("name of a session"));
  Client nameless{"named"};
  EXPECT_THAT(error_of([&] { (void)nameless.balanced().with(key("k")); }), HasSubstr("gangway::session("));
}

}  // namespace
}  // namespace gangway::e2e

int main(int argc, char** argv) {
  if (argc == 2 && std::string{argv[1]} == "work") return gangway::e2e::work();
  return gangway::e2e::run_tests(argc, argv);
}
