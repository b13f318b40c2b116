// A directory with a journal in it, what is written there, and ways to break it.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include "journal/database.hpp"
#include "journal/journal.hpp"
#include "support/scratch_directory.hpp"

namespace gangway::journal {

/// While it lives, this process may write only what anybody may: root could write anywhere.
class Powerless {
 public:
  Powerless() {
    constexpr uid_t nobody = 65534;
    if (::geteuid() != 0) return;
    was_root_ = true;
    if (::seteuid(nobody) != 0) throw std::runtime_error{"cannot become nobody"};
  }
  ~Powerless() {
    if (was_root_ && ::seteuid(0) != 0) std::abort();
  }
  Powerless(const Powerless&) = delete;
  Powerless& operator=(const Powerless&) = delete;

 private:
  bool was_root_ = false;
};

class JournalFixture : public testing::Test {
 protected:
  [[nodiscard]] std::filesystem::path file() const { return scratch_.path() / "journal-0.sqlite"; }

  /// Writes facts into the journal, which is made if it is missing, and closes it.
  void write(std::vector<core::Fact> facts) {
    auto journal = Journal::open({.file = file(), .retention = retention_}).value();
    number_ = std::max(number_, journal->durable_number());
    std::vector<core::Record> records;
    for (core::Fact& fact : facts) records.push_back({++number_, std::move(fact)});
    journal->append(records);
    ASSERT_TRUE(journal->close().ok());
  }

  /// A session with so many tasks, which wait.
  void write_tasks(std::uint64_t count, std::size_t operation_bytes = 1000) {
    std::vector<core::Fact> facts{core::SessionOpened{SessionId{1}}};
    for (std::uint64_t task = 1; task <= count; ++task) facts.push_back(accepted(task, {}, operation_bytes));
    write(std::move(facts));
  }

  static core::TaskAccepted accepted(std::uint64_t task, std::vector<EngineId> engines = {},
                                     std::size_t operation_bytes = 8) {
    core::TaskAccepted fact;
    fact.session = SessionId{1};
    fact.request = wire::RequestId{task};
    fact.first_task = TaskId{task};
    fact.engines = std::move(engines);
    fact.label = "f";
    fact.operation = base::SharedBytes{base::ByteVector(operation_bytes)};
    return fact;
  }
  static core::AttemptStarted started(std::uint64_t task, std::uint32_t attempt = 1) {
    return {{TaskId{task}, attempt}, EngineId{0}, 20};
  }
  static core::TaskSettled settled(std::uint64_t task, std::uint32_t attempt = 1) {
    core::TaskSettled fact;
    fact.task = TaskId{task};
    fact.run.attempt = attempt;
    fact.run.finished_ns = 30;
    fact.outcome = base::SharedBytes{base::ByteVector(100)};
    return fact;
  }

  /// Changes what is stored behind the journal's back.
  void run(const std::string& sql) const { Database{file(), OpenMode::create}.run(sql.c_str()); }

  /// Overwrites the page on which so many bytes of the file lie before it.
  void spoil(std::uintmax_t offset) const {
    std::fstream out{file(), std::ios::in | std::ios::out | std::ios::binary};
    out.seekp(static_cast<std::streamoff>(offset / page_bytes * page_bytes));
    out << std::string(page_bytes, '\x5a');
  }
  static constexpr std::uintmax_t page_bytes = 4096;

  [[nodiscard]] std::string content() const {
    std::ifstream in{file(), std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
  }

  /// Nobody may write in the directory any more, or into what is there.
  void forbid_writing() const {
    using std::filesystem::perms;
    const perms read = perms::owner_read | perms::group_read | perms::others_read;
    for (const auto& entry : std::filesystem::directory_iterator{scratch_.path()}) permissions(entry.path(), read);
    permissions(scratch_.path(), read | perms::owner_exec | perms::group_exec | perms::others_exec);
  }
  void allow_writing() const { permissions(scratch_.path(), std::filesystem::perms::owner_all); }

  /// Why the journal cannot be opened.
  [[nodiscard]] std::string fault() const {
    const auto journal = Journal::open({.file = file()});
    return journal ? "no fault" : journal.fault().text;
  }

  test::ScratchDirectory scratch_;
  Retention retention_;

 private:
  std::uint64_t number_ = 0;
};

}  // namespace gangway::journal
