#include "launch/process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "launch/job.hpp"

namespace gangway::launch {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Matches;
using testing::Not;

// A child of this test; killed and collected at the end.
class Child {
 public:
  explicit Child(std::vector<std::string> arguments, std::map<std::string, std::string> environment = {}) {
    auto job = start_job({std::move(arguments), std::move(environment)});
    if (!job) ADD_FAILURE() << job.fault().text;
    pid_ = job.value().pid;
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    ::kill(-pid_, SIGKILL);  // its process group
    ::waitpid(pid_, nullptr, 0);
  }
  [[nodiscard]] ProcessKey key() const { return os::process_with_pid(pid_).value_or(ProcessKey{}); }

 private:
  pid_t pid_ = 0;
};

TEST(Process, IsKnownByPidAndStart) {
  EXPECT_TRUE(is_alive(os::this_process()));
  ProcessKey later = os::this_process();
  later.start_ticks += 1;
  EXPECT_FALSE(is_alive(later));
  EXPECT_FALSE(is_alive(ProcessKey{}));
}

TEST(Process, GetsNoSignalMeantForAnEarlierOneWithItsPid) {
  const Child child{{"/bin/sleep", "60"}};
  ProcessKey earlier = child.key();
  earlier.start_ticks -= 1;
  EXPECT_FALSE(send_signal(earlier, SIGKILL));
  EXPECT_TRUE(is_alive(child.key()));
  EXPECT_TRUE(send_signal(child.key(), SIGKILL));
}

TEST(Process, IsGoneWhenItIsAZombie) {
  const Child child{{"/bin/sleep", "60"}};
  const ProcessKey key = child.key();
  EXPECT_FALSE(wait_until_gone(key, milliseconds{50}));
  ASSERT_TRUE(send_signal(key, SIGKILL));
  EXPECT_TRUE(wait_until_gone(key, seconds{30}));
  EXPECT_FALSE(is_alive(key));
}

TEST(Process, IsFoundAmongTheDescendants) {
  const Child child{{"/bin/sh", "-c", "sleep 60 & wait"}, {{"PATH", "/usr/bin:/bin"}}};
  std::vector<ProcessKey> found;
  for (int i = 0; i < 500 && found.size() < 2; ++i) {
    found = descendants_of(::getpid());
    ::usleep(20'000);
  }
  EXPECT_THAT(found, Contains(child.key()));
  EXPECT_EQ(found.size(), 2U);
  for (const ProcessKey& process : found) send_signal(process, SIGKILL);
}

TEST(Process, IsFoundByItsCookie) {
  const Child by_environment{{"/bin/sleep", "60"}, {{"GANGWAY_COOKIE", "c00c1e5a"}}};
  const Child by_argument{{"/bin/sh", "-c", "sleep 60; :", "name", "c00c1e5a"}, {{"PATH", "/usr/bin:/bin"}}};
  const Child other{{"/bin/sh", "-c", "sleep 60; : c00c1e5a", "name", "xc00c1e5a"},
                    {{"PATH", "/usr/bin:/bin"}, {"NOTE", "c00c1e5a"}}};
  std::vector<ProcessKey> found;
  const auto is_found = [&](const Child& child) { return Matches(Contains(child.key()))(found); };
  for (int i = 0; i < 500 && !(is_found(by_environment) && is_found(by_argument)); ++i) {
    found = processes_with_cookie("c00c1e5a");
    ::usleep(20'000);
  }
  EXPECT_TRUE(is_found(by_environment));
  EXPECT_TRUE(is_found(by_argument));
  EXPECT_THAT(found, Not(Contains(other.key())));
  EXPECT_THAT(processes_with_cookie(""), IsEmpty());
}

TEST(OutputOf, ReturnsWhatACommandPrints) {
  EXPECT_EQ(output_of({"/bin/sh", "-c", "echo out; echo err >&2"}, seconds{30}).value(), "out\nerr\n");
}

TEST(OutputOf, SaysHowACommandFailed) {
  EXPECT_THAT(output_of({"/bin/sh", "-c", "echo why; exit 3"}, seconds{30}).fault().text,
              HasSubstr("ended with status 3: why"));
  EXPECT_THAT(output_of({"/bin/sleep", "60"}, milliseconds{50}).fault().text, HasSubstr("did not answer within"));
  EXPECT_THAT(output_of({"/no/such/program"}, seconds{30}).fault().text, HasSubstr("/no/such/program"));
}

TEST(WaitStatus, IsPutInWords) {
  EXPECT_EQ(wait_status_text(W_EXITCODE(7, 0)), "ended with status 7");
  EXPECT_THAT(wait_status_text(W_EXITCODE(0, SIGKILL)), HasSubstr("killed by signal 9 (Killed)"));
}

}  // namespace
}  // namespace gangway::launch
