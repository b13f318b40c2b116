// What a journal costs without the rest: tasks with operations and results of 200 bytes, 4 records each.
//
//   journal DIRECTORY TASKS   seconds until Gangway's journal has made their records durable
//   bare DIRECTORY TASKS      seconds until bare SQLite has the same records, in batches of 256, in one table
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "commands.hpp"
#include "journal/database.hpp"
#include "journal/journal.hpp"

namespace gangway::bench {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::size_t batch_records = 256;
constexpr std::size_t payload_bytes = 200;
constexpr std::size_t queued_records_max = 4096;

/// The records of a gateway on which tasks come and go: each batch accepts some, hands those of the batch before to
/// engines, settles those before these, and forgets those of the batch before that.
class Records {
 public:
  explicit Records(std::uint64_t tasks) : tasks_{tasks} { add(core::SessionOpened{SessionId{1}}); }

  /// Empty when there are no more.
  std::vector<core::Record> next() {
    for (std::uint64_t i = 0; i < batch_records / 4; ++i, ++task_) {
      if (task_ <= tasks_) add(accepted(task_));
      if (const auto task = behind(1)) add(core::AttemptStarted{{*task, 1}, EngineId{0}, 1});
      if (const auto task = behind(2)) add(core::TaskSettled{*task, {EngineId{0}, 1, 1, 2, 3, 4}, payload_});
      if (const auto task = behind(3)) add(core::TaskForgotten{*task});
    }
    return std::exchange(batch_, {});
  }

 private:
  void add(core::Fact fact) { batch_.push_back({++number_, std::move(fact)}); }
  [[nodiscard]] std::optional<TaskId> behind(std::uint64_t batches) const {
    const std::uint64_t distance = batches * batch_records / 4;
    return task_ > distance && task_ - distance <= tasks_ ? std::optional{TaskId{task_ - distance}} : std::nullopt;
  }
  [[nodiscard]] core::Fact accepted(std::uint64_t task) const {
    core::TaskAccepted fact;
    fact.session = SessionId{1};
    fact.request = wire::RequestId{task};
    fact.first_task = TaskId{task};
    fact.label = "echo";
    fact.operation = payload_;
    return fact;
  }

  const base::SharedBytes payload_{base::ByteVector(payload_bytes, std::byte{'x'})};
  std::uint64_t tasks_;
  std::uint64_t task_ = 1;
  std::uint64_t number_ = 0;
  std::vector<core::Record> batch_;
};

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double run_journal(const fs::path& directory, std::uint64_t tasks) {
  auto opened = journal::Journal::open({directory / "journal.sqlite"});
  if (!opened) throw std::runtime_error{opened.fault().text};
  journal::Journal& journal = *opened.value();
  Records records{tasks};
  const Clock::time_point start = Clock::now();
  std::uint64_t last = 0;
  for (auto batch = records.next(); !batch.empty(); batch = records.next()) {
    last = batch.back().number;
    journal.append(batch);
    while (journal.queued_records() > queued_records_max) std::this_thread::sleep_for(std::chrono::microseconds{200});
  }
  while (journal.durable_number() < last) std::this_thread::sleep_for(std::chrono::microseconds{200});
  return seconds_since(start);
}

base::ByteView payload_of(const core::Record& record) {
  if (const auto* accepted = std::get_if<core::TaskAccepted>(&record.fact)) return accepted->operation.view();
  if (const auto* settled = std::get_if<core::TaskSettled>(&record.fact)) {
    return std::get<base::SharedBytes>(settled->outcome).view();
  }
  return {};
}

double run_bare(const fs::path& directory, std::uint64_t tasks) {
  journal::Database database{directory / "bare.sqlite", journal::OpenMode::create};
  static_cast<void>(database.text("PRAGMA journal_mode = WAL"));
  database.run("PRAGMA synchronous = NORMAL");
  database.run("CREATE TABLE records (number INTEGER PRIMARY KEY, kind INTEGER NOT NULL, payload BLOB) STRICT");
  journal::Statement insert{database, "INSERT INTO records VALUES (?, ?, ?)"};
  Records records{tasks};
  const Clock::time_point start = Clock::now();
  for (auto batch = records.next(); !batch.empty(); batch = records.next()) {
    journal::Transaction transaction{database};
    for (const core::Record& record : batch) insert.run(record.number, record.fact.index(), payload_of(record));
    transaction.commit();
  }
  return seconds_since(start);
}

std::vector<double> answer(std::istringstream& words) {
  std::string what;
  fs::path directory;
  std::uint64_t tasks = 0;
  words >> what >> directory >> tasks;
  fs::create_directory(directory);
  const double seconds = what == "journal" ? run_journal(directory, tasks) : run_bare(directory, tasks);
  fs::remove_all(directory);
  return {seconds};
}

}  // namespace
}  // namespace gangway::bench

int main() {
  gangway::bench::serve_commands(gangway::bench::answer);
}
