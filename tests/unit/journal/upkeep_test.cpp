// Journals of clusters that are down: looked at, compacted, exported, rescued.
#include "journal/upkeep.hpp"

#include <unistd.h>

#include <set>
#include <variant>

#include "journal/lease.hpp"
#include "journal/schema.hpp"
#include "unit/journal/journal_fixture.hpp"

namespace gangway::journal {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class UpkeepTest : public JournalFixture {
 protected:
  /// A task in each state, and all that a journal may hold.
  void write_everything() {
    wire::Failure failure;
    failure.text = "why not";
    core::TaskSettled failed = settled(5);
    failed.outcome = failure;
    core::TaskAccepted with_module = accepted(6);
    with_module.module = {7};
    write({core::SessionOpened{SessionId{1}},
           core::SessionOpened{SessionId{2}},
           core::ModuleStored{{7}, base::SharedBytes{base::ByteVector(5000)}},
           core::LibraryAdded{{7}},
           accepted(1),
           started(1),
           accepted(2, {EngineId{0}, EngineId{1}}),
           started(2),
           started(3),
           settled(3),
           core::TaskForgotten{TaskId{3}},
           accepted(4),
           started(4),
           settled(4),
           accepted(5),
           started(5),
           failed,
           with_module,
           started(6),
           core::AttemptFailed{{TaskId{6}, 1}, EngineId{0}, wire::FailureKind::engine_lost, "signal 9"}});
  }
  static constexpr Census everything{
      .sessions = 2, .modules = 1, .libraries = 1, .tasks_waiting = 1, .tasks_running = 2, .tasks_settled = 2};

  [[nodiscard]] CheckReport checked() const {
    auto report = check(file());
    if (!report) throw std::runtime_error{report.fault().text};
    return std::move(report).value();
  }
  [[nodiscard]] SalvageReport salvaged() const {
    auto report = salvage(file());
    if (!report) throw std::runtime_error{report.fault().text};
    return std::move(report).value();
  }
  /// The ids of the tasks that a gateway finds.
  [[nodiscard]] std::set<std::uint64_t> replayed() const {
    std::set<std::uint64_t> tasks;
    Journal::open({.file = file()}).value()->replay([&](const core::Record& record) {
      if (const auto* task = std::get_if<core::TaskAccepted>(&record.fact)) tasks.insert(task->first_task.value());
    });
    return tasks;
  }
  /// Where in the file an operation lies whose bytes are all `fill`.
  [[nodiscard]] std::uintmax_t place_of_bytes(std::byte fill) const {
    return content().find(std::string(500, static_cast<char>(fill)));
  }
  void write_marked_tasks(std::uint64_t count) {
    std::vector<core::Fact> facts{core::SessionOpened{SessionId{1}}};
    for (std::uint64_t task = 1; task <= count; ++task) {
      core::TaskAccepted fact = accepted(task);
      fact.operation = base::SharedBytes{base::ByteVector(1000, static_cast<std::byte>(task))};
      facts.emplace_back(std::move(fact));
    }
    write(std::move(facts));
  }
};

TEST_F(UpkeepTest, FindsNothingWrongWithAGoodJournalAndChangesNothing) {
  write_everything();
  const std::string before = content();
  EXPECT_THAT(checked().findings.texts(), IsEmpty());
  EXPECT_EQ(checked().census, everything);
  EXPECT_EQ(content(), before);
  write({core::SessionEnded{SessionId{1}}});
  EXPECT_THAT(checked().findings.texts(), IsEmpty());
}

TEST_F(UpkeepTest, ReadsALogThatAKilledGatewayHasLeft) {
  write_tasks(1);
  auto journal = Journal::open({.file = file()}).value();
  const std::vector<core::Record> records{{journal->durable_number() + 1, accepted(2)}};
  journal->append(records);
  while (journal->queued_records() > 0) ::usleep(1000);
  const test::ScratchDirectory copy;
  for (const char* const suffix : {"", "-wal", "-shm"}) {
    std::filesystem::copy(file().string() + suffix, copy.path() / ("left.sqlite" + std::string{suffix}));
  }
  const auto report = check(copy.path() / "left.sqlite");
  EXPECT_EQ(report.value().census.tasks_waiting, 2U);
  EXPECT_TRUE(std::filesystem::exists(copy.path() / "left.sqlite-wal")) << "it was not emptied into the file";
}

TEST_F(UpkeepTest, FindsWhatMakesNoSense) {
  write_everything();
  const std::string untouched = content();
  const std::vector<std::pair<const char*, const char*>> cases{
      {"DELETE FROM operations WHERE first = 1", "its operation is missing"},
      {"DELETE FROM results WHERE task = 4", "the answer of task 4 cannot be read"},
      {"DELETE FROM tasks WHERE id = 3", "task 2 cannot be kept"},
      {"DELETE FROM tasks WHERE id = 2", "a part of its task before it is missing"},
      {"DELETE FROM tasks WHERE id = 4", "task 4 is not there, but its result is"},
      {"UPDATE tasks SET engine = NULL WHERE id = 1", "task 1 runs nowhere"},
      {"UPDATE tasks SET engine = 1 WHERE id = 6", "task 6 waits, and is at an engine"},
      {"UPDATE tasks SET finished_ns = NULL WHERE id = 4", "task 4 has an answer, and was never finished"},
      {"UPDATE tasks SET state = 3 WHERE id = 5", "task 5 is forgotten, and not of the history"},
      {"UPDATE tasks SET state = 5 WHERE id = 5", "task 5 went with its session, and is not of the history"},
      {"UPDATE tasks SET live = NULL WHERE id = 6", "task 6 is of the history, and was to be run"},
      {"INSERT INTO results VALUES (1, x'00')", "task 1 has a result before its answer"},
      {"INSERT INTO results VALUES (5, x'00')", "task 5 has failed, and has a result"},
      {"DELETE FROM sessions WHERE id = 1", "session 1 is missing, but not its tasks"},
      {"DELETE FROM modules", "task 6 makes no sense: the module that it needs is missing"},
      {"UPDATE modules SET hash = x'07'", "the hash of a module has the wrong length"},
      {"UPDATE counters SET value = 5 WHERE name = 'task'", "task 6 has a number that was not given"},
      {"DELETE FROM counters WHERE name = 'session'", "the highest number of a session is unknown"},
      {"UPDATE tasks SET failure = x'ff' WHERE id = 5", "task 5"},
      {"DROP TABLE results", "no such table: results"},
  };
  for (const auto& [damage, words] : cases) {
    run(damage);
    const auto report = check(file());
    if (report) {
      EXPECT_THAT(report.value().findings.texts(), Contains(HasSubstr(words))) << damage;
    } else {
      EXPECT_THAT(report.fault().text, HasSubstr(words)) << damage;
    }
    std::ofstream{file(), std::ios::binary} << untouched;
  }
}

TEST_F(UpkeepTest, FindsASpoiltPage) {
  write_tasks(200);
  spoil(20 * page_bytes);
  EXPECT_FALSE(checked().findings.empty());
}

TEST_F(UpkeepTest, TellsWhatCannotBeOpened) {
  EXPECT_THAT(check(file()).fault().text, HasSubstr("there is no journal " + file().string()));
  write_tasks(1);
  run("PRAGMA user_version = " + std::to_string(schema_version + 1));
  EXPECT_THAT(check(file()).fault().text, HasSubstr("a newer version of Gangway"));
  EXPECT_THAT(compact(file()).fault().text, HasSubstr("a newer version of Gangway"));
  EXPECT_THAT(salvage(file()).fault().text, HasSubstr("a newer version of Gangway"));
  EXPECT_THAT(export_records(file(), {}).fault().text, HasSubstr("a newer version of Gangway"));
  std::ofstream{file()} << std::string(10'000, 'x');
  EXPECT_THAT(checked().findings.texts(), ElementsAre(HasSubstr("file is not a database")));
}

TEST_F(UpkeepTest, ReadsAJournalInADirectoryWhereNothingCanBeWritten) {
  write_everything();
  forbid_writing();
  base::Result<CheckReport> report = base::Fault{};
  base::Result<CompactReport> compacted = base::Fault{};
  {
    const Powerless powerless;
    report = check(file());
    compacted = compact(file());
  }
  allow_writing();
  ASSERT_TRUE(report.ok()) << report.fault().text;
  EXPECT_EQ(report.value().census, everything);
  EXPECT_THAT(compacted.fault().text, HasSubstr("this account must be able to write in that directory"));
}

TEST_F(UpkeepTest, LeavesAloneWhatAGatewayOwns) {
  write_tasks(1);
  const auto journal = Journal::open({.file = file()}).value();
  const auto in_use =
      AllOf(HasSubstr(file().string()), HasSubstr("belongs to process " + std::to_string(::getpid())));
  EXPECT_THAT(check(file()).fault().text, in_use);
  EXPECT_THAT(compact(file()).fault().text, in_use);
  EXPECT_THAT(salvage(file()).fault().text, in_use);
  EXPECT_THAT(export_records(file(), {}).fault().text, in_use);
}

TEST_F(UpkeepTest, CompactsAndKeepsAllThatIsThere) {
  retention_.tasks_max = 0;
  write_tasks(2000);
  std::vector<core::Fact> ends;
  for (std::uint64_t task = 1; task <= 1990; ++task) {
    ends.emplace_back(started(task));
    ends.emplace_back(settled(task));
    ends.emplace_back(core::TaskForgotten{TaskId{task}});
  }
  write(std::move(ends));
  const auto before = std::filesystem::file_size(file());
  const auto report = compact(file()).value();
  EXPECT_EQ(report.bytes_before, before);
  EXPECT_EQ(report.bytes_after, std::filesystem::file_size(file()));
  EXPECT_LT(report.bytes_after, before / 10);
  EXPECT_THAT(replayed(), testing::SizeIs(10));
  EXPECT_THAT(checked().findings.texts(), IsEmpty());
}

TEST_F(UpkeepTest, CompactsNothingThatIsDamaged) {
  write_tasks(200);
  spoil(20 * page_bytes);
  const std::string before = content();
  EXPECT_THAT(compact(file()).fault().text, AllOf(HasSubstr("it is damaged"), HasSubstr("--salvage")));
  EXPECT_EQ(content(), before);
}

TEST_F(UpkeepTest, ExportsWhatAGatewayWouldRead) {
  write_everything();
  std::vector<core::Record> exported;
  EXPECT_TRUE(
      export_records(file(), [&](const core::Record& record) { exported.push_back(record); }).value().empty());
  std::vector<core::Record> replayed;
  Journal::open({.file = file()}).value()->replay([&](const core::Record& record) { replayed.push_back(record); });
  ASSERT_EQ(exported.size(), replayed.size());
  for (std::size_t i = 0; i < exported.size(); ++i) {
    // A gateway does without the operations of tasks that are done or parked.
    auto* const whole = std::get_if<core::TaskAccepted>(&exported[i].fact);
    const auto* const read = std::get_if<core::TaskAccepted>(&replayed[i].fact);
    if (whole != nullptr && read != nullptr && read->left_out_bytes > 0) {
      whole->left_out_bytes = std::exchange(whole->operation, {}).size();
    }
    EXPECT_EQ(exported[i], replayed[i]) << "record " << i;
  }
}

TEST_F(UpkeepTest, RescuesAGoodJournalWhole) {
  write_everything();
  const SalvageReport report = salvaged();
  EXPECT_THAT(report.losses.texts(), IsEmpty());
  EXPECT_EQ(report.rescued, everything);
  EXPECT_EQ(checked().census, everything);
}

TEST_F(UpkeepTest, RescuesAllButWhatLiesOnASpoiltPage) {
  constexpr std::uint64_t tasks = 200;
  write_marked_tasks(tasks);
  spoil(place_of_bytes(std::byte{100}));
  const std::string damaged = content();
  EXPECT_NE(fault(), "");
  const SalvageReport report = salvaged();
  EXPECT_THAT(report.losses.texts(), Contains(HasSubstr("task 100 cannot be kept")));
  EXPECT_GE(report.rescued.tasks_waiting, tasks - 5) << "three or four operations are on a page";
  EXPECT_LT(report.rescued.tasks_waiting, tasks);
  EXPECT_EQ(report.rescued.tasks_waiting + report.losses.texts().size(), tasks) << "each that is lost is named";
  const std::set<std::uint64_t> found = replayed();
  EXPECT_EQ(found.size(), report.rescued.tasks_waiting);
  EXPECT_FALSE(found.contains(100));
  EXPECT_TRUE(found.contains(1) && found.contains(tasks));
  EXPECT_THAT(checked().findings.texts(), IsEmpty());
  std::ifstream kept{report.kept, std::ios::binary};
  EXPECT_EQ((std::string{std::istreambuf_iterator<char>{kept}, {}}), damaged) << "it is kept as it was";
}

TEST_F(UpkeepTest, RescuesTheFrontOfOneThatIsCutOff) {
  write_tasks(1000);
  std::filesystem::resize_file(file(), std::filesystem::file_size(file()) / 2);
  const SalvageReport report = salvaged();
  EXPECT_THAT(report.losses.texts(), Contains(HasSubstr(" on cannot be read: ")));
  EXPECT_GT(report.rescued.tasks_waiting, 200U);
  EXPECT_EQ(replayed().size(), report.rescued.tasks_waiting);
}

TEST_F(UpkeepTest, GoesAroundPagesOfTheTableOfTasks) {
  write_tasks(5000, 8);
  for (std::uintmax_t page = 40; page < 90; page += 17) spoil(page * page_bytes);
  const SalvageReport report = salvaged();
  EXPECT_FALSE(report.losses.empty());
  EXPECT_GT(report.rescued.tasks_waiting, 4000U);
  EXPECT_EQ(replayed().size(), report.rescued.tasks_waiting);
}

TEST_F(UpkeepTest, RescuesNamesKeysAndWhatTasksWaitFor) {
  core::TaskAccepted follower = accepted(2);
  follower.after = {{wire::Condition::succeeded, {{TaskId{1}, {}}}}};
  core::TaskAccepted with_key = accepted(3);
  with_key.key = "squares";
  write({core::SessionOpened{SessionId{1}, "run-17", 3}, accepted(1), follower, with_key, started(3), settled(3),
         core::TaskKept{TaskId{3}}});
  EXPECT_THAT(checked().findings.texts(), IsEmpty());
  EXPECT_THAT(salvaged().losses.texts(), IsEmpty());
  std::vector<core::Fact> facts;
  auto journal = Journal::open({.file = file()}).value();
  journal->replay([&](const core::Record& record) { facts.push_back(record.fact); });
  EXPECT_THAT(facts, Contains(core::Fact{core::SessionOpened{SessionId{1}, "run-17", 3}}));
  EXPECT_THAT(facts, Contains(core::Fact{follower}));
  ASSERT_TRUE(journal->find_kept(SessionId{1}, "squares"));
  EXPECT_EQ(journal->find_kept(SessionId{1}, "squares")->task, TaskId{3});
  EXPECT_TRUE(journal->answer(TaskId{3}));
  journal.reset();

  run("DELETE FROM operations WHERE first = 1");
  EXPECT_THAT(salvaged().losses.texts(),
              ElementsAre(HasSubstr("task 1 cannot be kept"), HasSubstr("it waits for task 1, which is missing")));
}

TEST_F(UpkeepTest, WhatMayRunOnlyOnceIsLostWithItsAnswer) {
  core::TaskAccepted once = accepted(1);
  once.policy.at_most_once = true;
  write({core::SessionOpened{SessionId{1}}, once, started(1), settled(1)});
  run("DELETE FROM results");
  const SalvageReport report = salvaged();
  EXPECT_THAT(report.losses.texts(), ElementsAre(HasSubstr("task 1 cannot be kept")));
  EXPECT_EQ(report.rescued.tasks_waiting + report.rescued.tasks_settled, 0U);
}

TEST_F(UpkeepTest, ATaskWhoseAnswerIsLostRunsAgain) {
  write_everything();
  run("DELETE FROM results WHERE task = 4");
  const SalvageReport report = salvaged();
  EXPECT_THAT(report.losses.texts(), ElementsAre(HasSubstr("the answer of task 4 cannot be read")));
  EXPECT_EQ(report.rescued.tasks_waiting, everything.tasks_waiting + 1);
  EXPECT_EQ(report.rescued.tasks_settled, everything.tasks_settled - 1);
}

TEST_F(UpkeepTest, GivesNoIdTwiceWhenTheirCountersAreLost) {
  write_everything();
  run("DELETE FROM counters");
  EXPECT_FALSE(salvaged().losses.empty());
  core::IdsGiven given;
  std::uint64_t last_record = 0;
  const auto journal = Journal::open({.file = file()}).value();
  journal->replay([&](const core::Record& record) {
    if (const auto* ids = std::get_if<core::IdsGiven>(&record.fact)) given = *ids;
    last_record = record.number;
  });
  EXPECT_GT(given.last_task.value(), 1000U);
  EXPECT_GT(given.last_session.value(), 1000U);
  EXPECT_GE(last_record, journal->durable_number());
}

TEST_F(UpkeepTest, SaysWhenNothingCanBeRescuedAndLeavesItAsItIs) {
  std::ofstream{file()} << std::string(10'000, 'x');
  const std::string before = content();
  EXPECT_THAT(salvage(file()).fault().text,
              AllOf(HasSubstr("cannot be rescued"), HasSubstr("to begin with an empty journal, move it")));
  EXPECT_EQ(content(), before);
  EXPECT_THAT(salvage(scratch_.path() / "none").fault().text, HasSubstr("there is no such file"));
}

TEST_F(UpkeepTest, AnInterruptedRescueIsCompletedByTheNextAndNobodyBeginsWithLessMeanwhile) {
  write_everything();
  const std::string kept = file().string() + ".damaged-1";
  std::filesystem::copy(file(), file().string() + ".salvaged");
  std::filesystem::rename(file(), kept);
  std::ofstream{file().string() + "-wal"} << "the damaged one's";
  EXPECT_THAT(fault(), AllOf(HasSubstr("its rescue was interrupted"), HasSubstr("--salvage` completes it")));
  const SalvageReport report = salvaged();
  EXPECT_EQ(report.kept, kept);
  EXPECT_EQ(report.rescued, everything);
  EXPECT_TRUE(std::filesystem::exists(kept + "-wal"));
  EXPECT_EQ(checked().census, everything);
}

TEST_F(UpkeepTest, KeepsTheLogOfADamagedJournal) {
  write_everything();
  std::ofstream{file().string() + "-wal"} << "of a killed gateway";
  const SalvageReport report = salvaged();
  EXPECT_TRUE(std::filesystem::exists(report.kept.string() + "-wal"));
  EXPECT_EQ(checked().census, everything);
}

}  // namespace
}  // namespace gangway::journal
