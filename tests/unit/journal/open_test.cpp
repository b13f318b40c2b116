// What a gateway says about a journal that it cannot use, and that it leaves such a file alone.
#include <sys/stat.h>

#include "journal/schema.hpp"
#include "unit/journal/journal_fixture.hpp"

namespace gangway::journal {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

class JournalOpenTest : public JournalFixture {
 protected:
  [[nodiscard]] testing::Matcher<const std::string&> names_the_way_out_of_damage() const {
    return AllOf(HasSubstr(file().string()), HasSubstr("it is damaged"),
                 HasSubstr("`gangway journal check " + file().string() + "` tells what is wrong"),
                 HasSubstr("--salvage"));
  }
};

TEST_F(JournalOpenTest, RefusesOneOfANewerVersionAndChangesNothing) {
  write_tasks(100);
  run("PRAGMA user_version = " + std::to_string(schema_version + 1));
  const std::string before = content();
  EXPECT_THAT(fault(), AllOf(StartsWith("the journal " + file().string() + " cannot be used: "),
                             HasSubstr("written by a newer version of Gangway"),
                             HasSubstr("use that version, or start a cluster under another name")));
  EXPECT_EQ(content(), before);
}

TEST_F(JournalOpenTest, RefusesOneThatIsNoJournal) {
  std::ofstream{file()} << std::string(10'000, 'x');
  EXPECT_THAT(fault(), AllOf(names_the_way_out_of_damage(), HasSubstr("or something else than a journal")));
  std::filesystem::remove(file());
  run("CREATE TABLE recipes (text TEXT)");
  EXPECT_THAT(fault(), HasSubstr("it is a SQLite file, but not a journal of Gangway"));
}

// What is missing may be found when the file is opened or when it is read back, but it is never taken for less work.
TEST_F(JournalOpenTest, RefusesOneThatIsCutOff) {
  write_tasks(100);
  const auto bytes = std::filesystem::file_size(file());
  ASSERT_GT(bytes, 20'000U);
  for (const auto left : {bytes / 2, bytes / 10, std::uintmax_t{1000}, std::uintmax_t{0}}) {
    std::filesystem::resize_file(file(), left);
    const auto journal = Journal::open({.file = file()});
    if (!journal) {
      EXPECT_THAT(journal.fault().text, names_the_way_out_of_damage()) << left;
      continue;
    }
    try {
      journal.value()->replay([](const core::Record&) {});
      ADD_FAILURE() << "with " << left << " bytes it was read back";
    } catch (const std::exception& error) {
      EXPECT_THAT(std::string{error.what()}, names_the_way_out_of_damage()) << left;
    }
  }
}

TEST_F(JournalOpenTest, RefusesWhatMakesNoSense) {
  write_tasks(3);
  const std::string untouched = content();
  for (const char* const damage :
       {"DELETE FROM operations WHERE first = 2", "UPDATE tasks SET state = 2 WHERE id = 2",
        "UPDATE tasks SET state = 9 WHERE id = 2", "UPDATE tasks SET parts = 2 WHERE id = 3",
        "UPDATE tasks SET parts = 2 WHERE id = 2", "UPDATE tasks SET first = 1 WHERE id = 2",
        "UPDATE tasks SET needs = x'ff' WHERE id = 2", "UPDATE tasks SET module = x'ff' WHERE id = 2",
        "DELETE FROM counters WHERE name = 'task'", "UPDATE counters SET value = 0"}) {
    run(damage);
    const auto journal = Journal::open({.file = file()});
    if (journal) {
      EXPECT_THROW(journal.value()->replay([](const core::Record&) {}), std::exception) << damage;
    } else {
      EXPECT_THAT(journal.fault().text, names_the_way_out_of_damage()) << damage;
    }
    std::ofstream{file(), std::ios::binary} << untouched;
  }
}

TEST_F(JournalOpenTest, RefusesADirectoryWhereNothingCanBeWritten) {
  write_tasks(1);
  forbid_writing();
  std::string said;
  {
    const Powerless powerless;
    said = fault();
  }
  allow_writing();
  EXPECT_THAT(said, AllOf(HasSubstr(file().string()), HasSubstr("Permission denied"),
                          HasSubstr("this account must be able to write in that directory")));
}

TEST_F(JournalOpenTest, RefusesWhatIsNoFile) {
  std::filesystem::create_directory(file());
  EXPECT_THAT(fault(),
              AllOf(StartsWith("the journal " + file().string() + " cannot be opened"), HasSubstr("Is a directory")));
}

TEST_F(JournalOpenTest, RefusesToBeginAnewWhereAPartIsLeft) {
  write_tasks(1);
  std::filesystem::rename(file(), file().string() + "-wal");
  EXPECT_THAT(fault(), AllOf(HasSubstr(file().string() + " is missing"), HasSubstr("journal-0.sqlite-wal"),
                             HasSubstr("put the file back")));
}

TEST_F(JournalOpenTest, MakesAFileForItsOwnerAlone) {
  const mode_t before = ::umask(0);
  write_tasks(1);
  ::umask(before);
  for (const auto& entry : std::filesystem::directory_iterator{scratch_.path()}) {
    EXPECT_EQ(entry.status().permissions(), std::filesystem::perms::owner_read | std::filesystem::perms::owner_write)
        << entry.path();
  }
}

}  // namespace
}  // namespace gangway::journal
