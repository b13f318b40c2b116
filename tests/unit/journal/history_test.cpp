// What stays in a journal of tasks that are done, and when it goes.
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>

#include "journal/schema.hpp"
#include "unit/journal/journal_fixture.hpp"

namespace gangway::journal {
namespace {

using core::SessionEnded;
using core::SessionOpened;
using core::TaskForgotten;
using core::TaskKept;

constexpr std::int64_t day_ms = 24L * 3600 * 1000;

class HistoryTest : public JournalFixture {
 protected:
  [[nodiscard]] std::int64_t number(const std::string& sql) const {
    return Database{file(), OpenMode::create}.number(sql.c_str());
  }
  [[nodiscard]] std::int64_t rows(const std::string& table) const { return number("SELECT count(*) FROM " + table); }
  [[nodiscard]] bool is_history(std::uint64_t task) const {
    return number("SELECT count(*) FROM tasks WHERE live IS NULL AND id = " + std::to_string(task)) == 1;
  }
  [[nodiscard]] StoredState state(std::uint64_t task) const {
    return static_cast<StoredState>(number("SELECT state FROM tasks WHERE id = " + std::to_string(task)));
  }
  [[nodiscard]] std::vector<std::uint64_t> replayed() const {
    std::vector<std::uint64_t> tasks;
    Journal::open({.file = file()}).value()->replay([&](const core::Record& record) {
      if (const auto* task = std::get_if<core::TaskAccepted>(&record.fact)) tasks.push_back(task->first_task.value());
    });
    return tasks;
  }
  /// What is counted is what there is, and nothing is left of what was removed.
  void expect_good() const {
    EXPECT_EQ(number("SELECT value FROM counters WHERE name = 'history_tasks'"), rows("tasks WHERE live IS NULL"));
    EXPECT_EQ(number("SELECT value FROM counters WHERE name = 'history_bytes'"),
              number("SELECT (SELECT ifnull(sum(size), 0) FROM operations WHERE first IN (SELECT id FROM tasks WHERE "
                     "live IS NULL)) + (SELECT ifnull(sum(length(bytes)), 0) FROM results WHERE task IN (SELECT id "
                     "FROM tasks WHERE live IS NULL))"));
    EXPECT_EQ(rows("operations WHERE first NOT IN (SELECT id FROM tasks)"), 0);
    EXPECT_EQ(rows("results WHERE task NOT IN (SELECT id FROM tasks)"), 0);
  }
  /// Tasks from this one on, one after the other, from their acceptance to their acknowledgement.
  void write_done(std::uint64_t first, std::uint64_t count) {
    std::vector<core::Fact> facts;
    for (std::uint64_t task = first; task < first + count; ++task) {
      facts.insert(facts.end(), {accepted(task), started(task), settled(task), TaskForgotten{TaskId{task}}});
    }
    write(std::move(facts));
  }
};

TEST_F(HistoryTest, IsWhatWasAcknowledged) {
  write({SessionOpened{SessionId{1}}});
  write_done(1, 3);
  write({accepted(4)});
  EXPECT_EQ(rows("tasks"), 4);
  EXPECT_EQ(rows("operations"), 4);
  EXPECT_EQ(rows("results"), 3);
  EXPECT_TRUE(is_history(3));
  EXPECT_EQ(state(3), StoredState::forgotten);
  EXPECT_FALSE(is_history(4));
  EXPECT_THAT(replayed(), testing::ElementsAre(4));
  EXPECT_EQ(Journal::open({.file = file()}).value()->answer(TaskId{3}), std::nullopt)
      << "to a gateway it is forgotten";
  expect_good();
}

TEST_F(HistoryTest, IsWhatASessionLeftBehind) {
  core::TaskAccepted with_key = accepted(4);
  with_key.key = "squares";
  write({SessionOpened{SessionId{1}, "run-17", 1}, accepted(1), accepted(2), started(2), accepted(3), started(3),
         settled(3), with_key, started(4), settled(4), TaskKept{TaskId{4}}});
  EXPECT_EQ(rows("tasks WHERE live IS NULL"), 0);
  write({SessionEnded{SessionId{1}}, TaskForgotten{TaskId{2}}});
  EXPECT_EQ(rows("tasks WHERE live IS NULL"), 4);
  EXPECT_EQ(state(1), StoredState::dropped);
  EXPECT_EQ(state(2), StoredState::dropped) << "its answer came too late";
  EXPECT_EQ(state(3), StoredState::settled);
  EXPECT_EQ(state(4), StoredState::kept);
  EXPECT_THAT(replayed(), testing::IsEmpty());
  EXPECT_EQ(Journal::open({.file = file()}).value()->find_kept(SessionId{1}, "squares"), std::nullopt);
}

TEST_F(HistoryTest, IsATaskWhenAllItsPartsAre) {
  write({SessionOpened{SessionId{1}}, accepted(1, {EngineId{0}, EngineId{1}}), started(1), started(2), settled(1),
         TaskForgotten{TaskId{1}}});
  EXPECT_FALSE(is_history(1));
  write({settled(2), TaskForgotten{TaskId{2}}});
  EXPECT_TRUE(is_history(1) && is_history(2));
  EXPECT_EQ(rows("results"), 2);
  expect_good();
}

TEST_F(HistoryTest, LosesTheOldestWhenThereAreTooMany) {
  retention_.tasks_max = 300;
  write({SessionOpened{SessionId{1}}, accepted(1), started(1)});
  for (int i = 0; i < 10; ++i) write_done(2 + static_cast<std::uint64_t>(i) * 100, 100);
  EXPECT_LE(rows("tasks WHERE live IS NULL"), 300);
  EXPECT_GE(rows("tasks WHERE live IS NULL"), 200);
  EXPECT_EQ(number("SELECT max(id) FROM tasks"), 1001);
  EXPECT_EQ(number("SELECT max(id) - min(id) + 1 FROM tasks WHERE live IS NULL"), rows("tasks WHERE live IS NULL"))
      << "none in between is missing";
  EXPECT_EQ(rows("tasks WHERE id = 1"), 1) << "it runs, however old it is";
  expect_good();
  write({settled(1), TaskForgotten{TaskId{1}}});
  EXPECT_TRUE(is_history(1)) << "the last that became history is the last to go";
  expect_good();
}

TEST_F(HistoryTest, LosesTheOldestWhenTheyTakeTooMuch) {
  retention_.bytes_max = 300 * 108;
  write({SessionOpened{SessionId{1}}});
  write_done(1, 1000);
  EXPECT_LE(number("SELECT value FROM counters WHERE name = 'history_bytes'"), 300 * 108);
  EXPECT_GE(rows("tasks"), 200);
  expect_good();
}

TEST_F(HistoryTest, LosesWhatIsTooOld) {
  write({SessionOpened{SessionId{1}}});
  write_done(1, 10);
  run("UPDATE history SET ended_ms = ended_ms - " + std::to_string(6 * day_ms));
  write_done(11, 10);
  EXPECT_EQ(rows("tasks"), 20);
  run("UPDATE history SET ended_ms = ended_ms - " + std::to_string(2 * day_ms));
  write_done(21, 1);
  EXPECT_EQ(number("SELECT min(id) FROM tasks"), 11);
  expect_good();
}

TEST_F(HistoryTest, IsNotKeptWhereNoneIsWanted) {
  for (int limit = 0; limit < 3; ++limit) {
    retention_ = {};
    if (limit == 0) retention_.tasks_max = 0;
    if (limit == 1) retention_.bytes_max = 0;
    if (limit == 2) retention_.age_max = {};
    if (limit == 0) write({SessionOpened{SessionId{1}}});
    write_done(1 + static_cast<std::uint64_t>(limit) * 10, 10);
    EXPECT_EQ(rows("tasks"), 0) << limit;
    EXPECT_EQ(rows("history"), 0) << limit;
    expect_good();
  }
}

TEST_F(HistoryTest, IsRemovedInSmallStepsWhileNothingElseIsToBeWritten) {
  constexpr std::uint64_t tasks = 5000;
  retention_.tasks_max = 10;
  write_tasks(tasks, 8);
  const std::unique_ptr<Journal> journal = Journal::open({.file = file(), .retention = retention_}).value();
  const std::vector<core::Record> records{{journal->durable_number() + 1, SessionEnded{SessionId{1}}}};
  journal->append(records);
  while (journal->durable_number() < records[0].number) std::this_thread::sleep_for(std::chrono::milliseconds{1});
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{60};
  while (rows("tasks") > 10 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  EXPECT_LE(rows("tasks"), 10);
}

TEST_F(HistoryTest, OfManyTasksAmongOthersIsRemovedTooAndNothingElse) {
  write({SessionOpened{SessionId{1}}, SessionOpened{SessionId{2}}});
  std::vector<core::Fact> facts;
  constexpr std::uint64_t tasks = 6000;
  for (std::uint64_t task = 1; task <= tasks; ++task) {
    core::TaskAccepted fact = accepted(task);
    fact.session = SessionId{1 + task % 2};
    facts.emplace_back(std::move(fact));
  }
  facts.emplace_back(SessionEnded{SessionId{1}});
  write(std::move(facts));
  EXPECT_EQ(rows("tasks WHERE live IS NULL"), tasks / 2);
  EXPECT_GT(rows("history"), 2) << "no row of it grows without bound";
  retention_.tasks_max = 0;
  std::uint64_t next = tasks;
  while (rows("tasks WHERE live IS NULL") > 0) write_done(++next, 100), next += 100;
  EXPECT_EQ(rows("tasks"), tasks / 2);
  expect_good();
}

TEST_F(HistoryTest, IsToldWithTimesAndAnswers) {
  core::TaskSettled late = settled(1);
  late.run = {EngineId{2}, 1, 1'000'000'000, 3'000'000'000, 9'000'000'000, 7};
  core::TaskAccepted first = accepted(1);
  first.submitted_ns = 1'000'000'000;
  write({SessionOpened{SessionId{1}}, first, started(1), late, TaskForgotten{TaskId{1}}, accepted(2),
         SessionEnded{SessionId{1}}});
  const std::unique_ptr<Journal> journal = Journal::open({.file = file()}).value();
  const std::vector<wire::TaskRow> rows = journal->tasks({}).rows;
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].state, wire::TaskState::dropped);
  EXPECT_EQ(rows[1].state, wire::TaskState::succeeded);
  EXPECT_TRUE(rows[1].delivered);
  EXPECT_FALSE(rows[1].live);
  EXPECT_EQ(rows[1].engine, EngineId{2});
  EXPECT_GT(rows[1].submitted_ms, 1'700'000'000'000);
  EXPECT_EQ(rows[1].started_ms - rows[1].submitted_ms, 2000);
  EXPECT_EQ(rows[1].finished_ms - rows[1].submitted_ms, 8000);
  wire::TaskFilter filter;
  filter.since_ms = rows[1].submitted_ms + 60'000;
  EXPECT_THAT(journal->tasks(filter).rows, testing::IsEmpty());
  filter.since_ms = 1;
  filter.until_ms = rows[1].submitted_ms;
  EXPECT_THAT(journal->tasks(filter).rows, testing::Not(testing::IsEmpty()));
  EXPECT_TRUE(journal->outcome(TaskId{1}));
  EXPECT_FALSE(journal->outcome(TaskId{2}));
  EXPECT_TRUE(journal->operation(TaskId{2}));
}

TEST_F(HistoryTest, IsErasedByIdWithAllPartsAndNothingThatIsLive) {
  write({SessionOpened{SessionId{1}}, accepted(1, {EngineId{0}, EngineId{1}}), started(1), started(2), settled(1),
         settled(2), TaskForgotten{TaskId{1}}, TaskForgotten{TaskId{2}}, accepted(3), accepted(4), started(4),
         settled(4), TaskForgotten{TaskId{4}}});
  write({core::HistoryErased{{TaskId{2}, TaskId{3}, TaskId{77}}, false}});
  EXPECT_EQ(number("SELECT group_concat(id) = '3,4' FROM tasks"), 1);
  expect_good();
  write({core::HistoryErased{{}, true}});
  EXPECT_EQ(number("SELECT group_concat(id) = '3' FROM tasks"), 1);
  EXPECT_EQ(rows("history"), 0);
  expect_good();
  write({started(3), settled(3), TaskForgotten{TaskId{3}}});
  EXPECT_TRUE(is_history(3)) << "what comes later is kept";
}

TEST_F(HistoryTest, IsErasedTogetherWithWhatItsOwnTransactionHasAdded) {
  write({SessionOpened{SessionId{1}}, accepted(1), started(1), settled(1), TaskForgotten{TaskId{1}},
         core::HistoryErased{{TaskId{1}}, false}, accepted(2), started(2), settled(2), TaskForgotten{TaskId{2}},
         core::HistoryErased{{}, true}, accepted(3), started(3), settled(3), TaskForgotten{TaskId{3}}});
  EXPECT_EQ(number("SELECT group_concat(id) = '3' FROM tasks"), 1);
  expect_good();
}

}  // namespace
}  // namespace gangway::journal
