// Large arguments in files of their own: when they are there, when they go, and what becomes of tasks without them.
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>

#include "journal/database.hpp"
#include "journal/journal.hpp"
#include "journal/spool.hpp"
#include "support/scratch_directory.hpp"
#include "tls/digest.hpp"

namespace gangway::journal {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::size_t large = inline_bytes_max + 1;

class SpoolTest : public testing::Test {
 protected:
  void open() {
    auto journal = Journal::open({.file = file(), .hash = tls::sha256, .retention = {.tasks_max = history_max_}});
    ASSERT_TRUE(journal.ok()) << journal.fault().text;
    journal_ = std::move(journal).value();
  }
  void close() {
    const base::Status closed = journal_->close();
    EXPECT_TRUE(closed.ok());
    journal_.reset();
  }
  void reopen() {
    close();
    open();
  }
  /// And waits until they are durable.
  void appends(std::vector<core::Fact> facts) {
    std::vector<core::Record> records;
    for (core::Fact& fact : facts) records.push_back({++number_, std::move(fact)});
    journal_->append(records);
    while (journal_->durable_number() < number_) std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  /// After a restart.
  [[nodiscard]] std::vector<core::Record> replayed() {
    reopen();
    std::vector<core::Record> records;
    journal_->replay([&](const core::Record& record) { records.push_back(record); });
    return records;
  }
  template <class Fact>
  [[nodiscard]] std::vector<Fact> replayed() {
    std::vector<Fact> found;
    for (const core::Record& record : replayed()) {
      if (const auto* fact = std::get_if<Fact>(&record.fact)) found.push_back(*fact);
    }
    return found;
  }

  static base::SharedBytes filled(std::size_t bytes, char content) {
    return base::SharedBytes{base::ByteVector(bytes, static_cast<std::byte>(content))};
  }
  static core::Fact opened() { return core::SessionOpened{SessionId{1}}; }
  static core::Fact accepted(std::uint64_t task, const base::SharedBytes& operation, std::size_t parts = 0) {
    core::TaskAccepted fact;
    fact.session = SessionId{1};
    fact.request = wire::RequestId{task};
    fact.first_task = TaskId{task};
    fact.operation = operation;
    for (std::size_t i = 0; i < parts; ++i) fact.engines.emplace_back(static_cast<std::uint32_t>(i));
    return fact;
  }
  static core::Fact settled(std::uint64_t task) {
    core::TaskSettled fact;
    fact.task = TaskId{task};
    return fact;
  }

  [[nodiscard]] std::filesystem::path file() const { return scratch_.path() / "journal-0.sqlite"; }
  [[nodiscard]] std::filesystem::path directory() const { return scratch_.path() / "spool-0"; }
  [[nodiscard]] std::vector<std::filesystem::path> files() const {
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::directory_iterator{directory()}) found.push_back(entry.path());
    std::sort(found.begin(), found.end());
    return found;
  }

  test::ScratchDirectory scratch_;
  std::unique_ptr<Journal> journal_;
  std::uint64_t number_ = 0;
  std::uint64_t history_max_ = 0;
};

TEST_F(SpoolTest, HasFilesForLargeArgumentsAlone) {
  open();
  appends({opened(), accepted(1, filled(inline_bytes_max, 'a')), accepted(2, filled(1'000'000, 'b'))});
  ASSERT_THAT(files(), SizeIs(1));
  EXPECT_EQ(files()[0].filename(), tls::hex(tls::sha256(filled(1'000'000, 'b').view())));
  const std::vector<core::TaskAccepted> tasks = replayed<core::TaskAccepted>();
  ASSERT_THAT(tasks, SizeIs(2));
  EXPECT_EQ(tasks[0].operation, filled(inline_bytes_max, 'a'));
  EXPECT_EQ(tasks[1].operation, filled(1'000'000, 'b'));
  EXPECT_LT(std::filesystem::file_size(file()), 500'000U) << "it is not in the journal too";
}

TEST_F(SpoolTest, IsForItsOwnerAlone) {
  open();
  appends({opened(), accepted(1, filled(large, 'a'))});
  struct stat status {};
  ASSERT_EQ(::stat(directory().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0700U);
  ASSERT_EQ(::stat(files().at(0).c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(SpoolTest, KeepsAFileUntilNobodyNamesIt) {
  open();
  appends(
      {opened(), accepted(1, filled(large, 'a')), accepted(2, filled(large, 'a')), accepted(3, filled(large, 'b'))});
  EXPECT_THAT(files(), SizeIs(2));
  appends({settled(1), core::TaskForgotten{TaskId{1}}});
  EXPECT_THAT(files(), SizeIs(2)) << "task 2 has the same";
  appends({settled(2), core::TaskForgotten{TaskId{2}}});
  EXPECT_THAT(files(), SizeIs(1));
  // Dropped and named again at once.
  appends({settled(3), core::TaskForgotten{TaskId{3}}, accepted(4, filled(large, 'b'))});
  EXPECT_THAT(files(), SizeIs(1));
  EXPECT_EQ(replayed<core::TaskAccepted>().at(0).operation, filled(large, 'b'));
  appends({core::SessionEnded{SessionId{1}}});
  EXPECT_THAT(files(), IsEmpty());
}

TEST_F(SpoolTest, KeepsTheFilesOfHistory) {
  history_max_ = 1;
  open();
  appends({opened(), accepted(1, filled(large, 'a')), settled(1), core::TaskForgotten{TaskId{1}}});
  EXPECT_THAT(files(), SizeIs(1));
  reopen();
  EXPECT_THAT(files(), SizeIs(1));
  appends({accepted(2, filled(1, 'b')), settled(2), core::TaskForgotten{TaskId{2}}});
  EXPECT_THAT(files(), IsEmpty());
}

TEST_F(SpoolTest, KeepsTheFilesOfTheEnvironment) {
  open();
  appends({opened(), accepted(1, filled(large, 'a')), core::EnvironmentSet{"x", TaskId{1}, large, true}, settled(1),
           core::TaskForgotten{TaskId{1}}});
  EXPECT_EQ(journal_->environment("x"), filled(large, 'a'));
  appends({accepted(2, filled(large, 'b')), core::EnvironmentSet{"x", TaskId{2}, large, true}});
  EXPECT_THAT(files(), SizeIs(1)) << "the older one is gone";
  appends({core::SessionEnded{SessionId{1}}});
  EXPECT_EQ(journal_->environment("x"), filled(large, 'b'));
  appends({core::EnvironmentErased{"x"}});
  EXPECT_EQ(journal_->environment("x"), std::nullopt);
  EXPECT_THAT(files(), IsEmpty());
}

TEST_F(SpoolTest, GivesWhatItHasToThoseWhoReadWhileItIsWritten) {
  open();
  appends({opened(), accepted(1, filled(large, 'a')), core::EnvironmentSet{"x", TaskId{1}, large, true}});
  const auto held = journal_->environment("x");
  appends({settled(1), core::TaskForgotten{TaskId{1}}, core::EnvironmentErased{"x"}});
  EXPECT_THAT(files(), IsEmpty());
  EXPECT_EQ(held, filled(large, 'a')) << "who holds it has it still";
}

TEST_F(SpoolTest, IsSweptWhenItIsOpened) {
  open();
  appends({opened(), accepted(1, filled(large, 'a'))});
  close();
  const std::vector<std::filesystem::path> before = files();
  std::ofstream{directory() / std::string(64, 'f')} << "nobody names it";
  std::ofstream{directory() / (std::string(64, 'f') + ".new")} << "unfinished";
  std::ofstream{directory() / "what"} << "of nobody";
  open();
  EXPECT_EQ(files(), before);
}

TEST_F(SpoolTest, WithoutAFileItsTasksFailAndOthersGoOn) {
  open();
  appends({opened(), accepted(1, filled(large, 'a'), 3), accepted(4, filled(large, 'b')),
           accepted(5, filled(large, 'c')), settled(2), core::EnvironmentSet{"x", TaskId{1}, large, true},
           core::EnvironmentSet{"y", TaskId{5}, large, true}, core::AttemptStarted{{TaskId{4}, 1}, EngineId{0}, 0}});
  close();
  const auto path = [&](char content) { return directory() / tls::hex(tls::sha256(filled(large, content).view())); };
  std::filesystem::remove(path('a'));
  std::filesystem::resize_file(path('b'), 10);
  open();
  const auto failure = [&](std::uint64_t task) {
    const auto answer = journal_->answer(TaskId{task});
    const auto* failed = answer ? std::get_if<wire::Failure>(&answer->outcome) : nullptr;
    return failed == nullptr ? "no failure" : failed->text;
  };
  EXPECT_THAT(failure(1),
              AllOf(HasSubstr("(65537 bytes) are lost: " + path('a').string()), HasSubstr("durability = disk")));
  EXPECT_EQ(failure(2), "no failure") << "it had been answered";
  EXPECT_THAT(failure(3), HasSubstr("are lost"));
  EXPECT_THAT(failure(4), HasSubstr("are lost"));
  EXPECT_EQ(journal_->answer(TaskId{5}), std::nullopt) << "it waits";
  std::vector<std::string> names;
  for (const auto& value : replayed<core::EnvironmentSet>()) names.push_back(value.name);
  EXPECT_THAT(names, ElementsAre("y"));
  EXPECT_THAT(files(), ElementsAre(path('c')));
}

TEST_F(SpoolTest, NotWritableIsTroubleThatPasses) {
  open();
  appends({opened()});
  std::filesystem::remove_all(directory());
  std::ofstream{directory()} << "in the way";
  const std::vector<core::Record> records{{++number_, accepted(1, filled(large, 'a'))}};
  journal_->append(records);
  while (!journal_->trouble()) std::this_thread::sleep_for(std::chrono::milliseconds{1});
  EXPECT_THAT(*journal_->trouble(), AllOf(HasSubstr("cannot make"), HasSubstr(directory().string())));
  EXPECT_EQ(journal_->durable_number(), number_ - 1);
  std::filesystem::remove(directory());
  std::filesystem::create_directory(directory());
  while (journal_->durable_number() < number_) std::this_thread::sleep_for(std::chrono::milliseconds{1});
  EXPECT_EQ(journal_->trouble(), std::nullopt);
  EXPECT_EQ(replayed<core::TaskAccepted>().at(0).operation, filled(large, 'a'));
}

TEST(SpoolDirectory, BelongsToItsJournal) {
  EXPECT_EQ(spool_directory("/clusters/big/journal-3.sqlite"), "/clusters/big/spool-3");
  EXPECT_EQ(spool_directory("/tmp/other.sqlite"), "/tmp/spool-other");
}

}  // namespace
}  // namespace gangway::journal
