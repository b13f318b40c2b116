// One journal, one owner: among processes of this host, after their deaths, and as seen from another host.
#include "journal/lease.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <thread>

#include "os/host_name.hpp"
#include "os/process.hpp"
#include "unit/journal/journal_fixture.hpp"

namespace gangway::journal {
namespace {

using testing::AllOf;
using testing::HasSubstr;

/// A process of its own that opens the journal and holds it until it is killed.
class OtherProcess {
 public:
  explicit OtherProcess(const std::filesystem::path& journal) {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) throw std::runtime_error{"no pipe"};
    pid_ = ::fork();
    if (pid_ == 0) {
      const auto opened = Journal::open({.file = journal});
      const char answer = opened ? 'y' : 'n';
      if (::write(ends[1], &answer, 1) != 1) ::_exit(1);
      for (;;) ::pause();
    }
    ::close(ends[1]);
    char answer = '?';
    if (::read(ends[0], &answer, 1) == 1) has_it_ = answer == 'y';
    ::close(ends[0]);
  }
  ~OtherProcess() { kill(); }
  OtherProcess(const OtherProcess&) = delete;
  OtherProcess& operator=(const OtherProcess&) = delete;

  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] bool has_it() const { return has_it_; }

 private:
  pid_t pid_ = 0;
  bool has_it_ = false;
};

class LeaseTest : public JournalFixture {
 protected:
  [[nodiscard]] std::filesystem::path record(int generation) const {
    return file().string() + ".owner-" + std::to_string(generation);
  }
  void leave_record(const std::string& host, const std::string& boot, os::ProcessKey process) const {
    std::ofstream{record(1)} << "host " << host << "\nboot " << boot << "\npid " << process.pid << "\nstarted "
                             << process.start_ticks << "\n";
  }
};

TEST_F(LeaseTest, OneProcessHasItUntilItIsKilled) {
  OtherProcess first{file()};
  ASSERT_TRUE(first.has_it());
  EXPECT_THAT(fault(), AllOf(HasSubstr("the journal " + file().string() + " cannot be used"),
                             HasSubstr("it belongs to process " + std::to_string(first.pid()) + " of this host"),
                             HasSubstr("end that one's cluster first")));
  EXPECT_FALSE(OtherProcess{file()}.has_it());
  first.kill();
  EXPECT_TRUE(OtherProcess{file()}.has_it());
  EXPECT_EQ(fault(), "no fault");
}

TEST_F(LeaseTest, OfManyThatTakeItAtOnceOneHasIt) {
  write_tasks(1);
  leave_record(os::host_name(), os::boot_id(), {::getpid(), 1});  // all find one that is stale
  constexpr int processes = 16;
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  std::vector<pid_t> children;
  const auto begin = std::chrono::steady_clock::now() + std::chrono::milliseconds{200};
  for (int i = 0; i < processes; ++i) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      std::this_thread::sleep_until(begin);
      const auto lease = Lease::take(file());
      const char answer = lease ? 'y' : 'n';
      if (::write(ends[1], &answer, 1) != 1) ::_exit(1);
      for (;;) ::pause();
    }
    children.push_back(pid);
  }
  int owners = 0;
  for (int i = 0; i < processes; ++i) {
    char answer = '?';
    ASSERT_EQ(::read(ends[0], &answer, 1), 1);
    owners += answer == 'y' ? 1 : 0;
  }
  EXPECT_EQ(owners, 1);
  for (const pid_t pid : children) {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  }
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_F(LeaseTest, IsGivenBackInOrderAndItsNumberIsNotUsedAgain) {
  write_tasks(1);
  EXPECT_EQ(owner_of(file()), std::nullopt);
  const auto lease = Lease::take(file());
  ASSERT_TRUE(lease.ok());
  EXPECT_EQ(lease.value().generation(), 2U);
  EXPECT_FALSE(std::filesystem::exists(record(1)));
  EXPECT_THAT(owner_of(file()).value_or("nobody"), HasSubstr(std::to_string(::getpid())));
}

TEST_F(LeaseTest, TakesOverWhatIsStale) {
  const os::ProcessKey self = os::this_process();
  leave_record(os::host_name(), "another", self);
  EXPECT_EQ(fault(), "no fault") << "this host was started again since";
  leave_record(os::host_name(), os::boot_id(), {self.pid, self.start_ticks + 1});
  EXPECT_EQ(fault(), "no fault") << "another process has that number now";
}

TEST_F(LeaseTest, RefusesWhatAnotherHostMayHaveAndSaysHowToGoOn) {
  leave_record("elsewhere", "another", {77, 1});
  EXPECT_THAT(fault(), AllOf(HasSubstr("process 77 of the host elsewhere"), HasSubstr("which may be alive"),
                             HasSubstr("remove " + record(1).string())));
  std::filesystem::remove(record(1));
  EXPECT_EQ(fault(), "no fault");
}

TEST_F(LeaseTest, RefusesARecordThatMakesNoSense) {
  std::ofstream{record(1)} << "whatever";
  EXPECT_THAT(fault(), AllOf(HasSubstr(record(1).string()), HasSubstr("makes no sense"), HasSubstr("remove")));
}

// As it is when somebody has removed the record of a host that was only out of reach.
TEST_F(LeaseTest, OnANetworkFileSystemAnOwnerThatLostItWritesNoMore) {
  write_tasks(1);
  auto journal = Journal::open({.file = file(), .place = Place::network}).value();
  const std::uint64_t before = journal->durable_number();
  std::filesystem::rename(record(2), record(3));
  std::ofstream{record(3)} << "host elsewhere\nboot another\npid 77\nstarted 1\n";
  const std::vector<core::Record> records{{before + 1, accepted(2)}};
  journal->append(records);
  while (!journal->trouble()) std::this_thread::sleep_for(std::chrono::milliseconds{1});
  EXPECT_THAT(*journal->trouble(), AllOf(HasSubstr("not this process's any more"), HasSubstr("stop this cluster")));
  EXPECT_EQ(journal->durable_number(), before);
  EXPECT_FALSE(journal->close().ok());
  journal.reset();
  EXPECT_THAT(owner_of(file()).value_or("nobody"), HasSubstr("elsewhere")) << "and it gives back nothing";
}

}  // namespace
}  // namespace gangway::journal
