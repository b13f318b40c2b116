// What a gateway says about a journal that it cannot use, and that it leaves such a file alone.
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <gmock/gmock.h>

#include "journal/database.hpp"
#include "journal/journal.hpp"
#include "journal/schema.hpp"
#include "support/scratch_directory.hpp"

namespace gangway::journal {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

class JournalOpenTest : public testing::Test {
 protected:
  [[nodiscard]] std::filesystem::path file() const { return scratch_.path() / "journal-0.sqlite"; }

  void write_some() const {
    auto journal = Journal::open({.file = file()}).value();
    std::vector<core::Record> records{{1, core::SessionOpened{SessionId{1}}}};
    for (std::uint64_t i = 0; i < 100; ++i) {
      core::TaskAccepted task;
      task.session = SessionId{1};
      task.request = wire::RequestId{i + 1};
      task.first_task = TaskId{i + 1};
      task.operation = base::SharedBytes{base::ByteVector(1000)};
      records.push_back({i + 2, task});
    }
    journal->append(records);
    ASSERT_TRUE(journal->close().ok());
  }

  [[nodiscard]] std::string content() const {
    std::ifstream in{file(), std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
  }

  [[nodiscard]] std::string fault() const {
    const auto journal = Journal::open({.file = file()});
    return journal ? "no fault" : journal.fault().text;
  }

  test::ScratchDirectory scratch_;
};

TEST_F(JournalOpenTest, RefusesOneOfANewerVersionAndChangesNothing) {
  write_some();
  Database{file(), OpenMode::create}.run(("PRAGMA user_version = " + std::to_string(schema_version + 1)).c_str());
  const std::string before = content();
  EXPECT_THAT(fault(), AllOf(StartsWith("the journal " + file().string() + " cannot be used: "),
                             HasSubstr("written by a newer version of Gangway"),
                             HasSubstr("use that version, or start a cluster under another name")));
  EXPECT_EQ(content(), before);
}

TEST_F(JournalOpenTest, RefusesOneThatIsNoJournal) {
  std::ofstream{file()} << std::string(10'000, 'x');
  EXPECT_THAT(fault(), AllOf(HasSubstr(file().string()), HasSubstr("damaged, or something else than a journal")));
  std::filesystem::remove(file());
  Database{file(), OpenMode::create}.run("CREATE TABLE recipes (text TEXT)");
  EXPECT_THAT(fault(), HasSubstr("it is a SQLite file, but not a journal of Gangway"));
}

// What is missing may be found when the file is opened or when it is read back, but it is never taken for less work.
TEST_F(JournalOpenTest, RefusesOneThatIsCutOff) {
  write_some();
  const auto bytes = std::filesystem::file_size(file());
  ASSERT_GT(bytes, 20'000U);
  std::filesystem::resize_file(file(), bytes / 2);
  auto journal = Journal::open({.file = file()});
  if (!journal) {
    EXPECT_THAT(journal.fault().text, HasSubstr("damaged"));
    return;
  }
  EXPECT_THROW(journal.value()->replay([](const core::Record&) {}), std::exception);
}

TEST_F(JournalOpenTest, RefusesADirectoryWhereNothingCanBeWritten) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write anywhere";
  ASSERT_EQ(::chmod(scratch_.path().c_str(), S_IRUSR | S_IXUSR), 0);
  const std::string said = fault();
  ASSERT_EQ(::chmod(scratch_.path().c_str(), S_IRWXU), 0);
  EXPECT_THAT(said, AllOf(HasSubstr(file().string()), HasSubstr("Permission denied")));
}

TEST_F(JournalOpenTest, RefusesWhatIsNoFile) {
  std::filesystem::create_directory(file());
  EXPECT_THAT(fault(),
              AllOf(StartsWith("the journal " + file().string() + " cannot be opened"), HasSubstr("Is a directory")));
}

}  // namespace
}  // namespace gangway::journal
