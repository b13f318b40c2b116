#include "journal/record_reader.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "journal/schema.hpp"
#include "journal/spooled_rows.hpp"
#include "journal/stored_fields.hpp"

namespace gangway::journal {

namespace {

// Their columns are those of `Column`. What is kept for its key means nothing to who reads a journal back.
constexpr const char* every_task =
    "SELECT t.id, t.first, t.parts, t.session, t.request, t.target, t.label, t.needs, t.module, t.policy, t.key, "
    "t.submitted_ns, t.state, t.attempts, t.engine, t.handed_ns, t.finished_ns, t.run_ns, t.failed, t.failure, "
    "r.bytes FROM tasks t LEFT JOIN results r ON r.task = t.id WHERE t.state != 4 ORDER BY t.id";
constexpr const char* one_settled_task =
    "SELECT t.id, t.first, t.parts, t.session, t.request, t.target, t.label, t.needs, t.module, t.policy, t.key, "
    "t.submitted_ns, t.state, t.attempts, t.engine, t.handed_ns, t.finished_ns, t.run_ns, t.failed, t.failure, "
    "r.bytes FROM tasks t LEFT JOIN results r ON r.task = t.id WHERE t.id = ? AND t.state IN (?, ?)";
enum Column : int {
  id,
  first,
  parts,
  session,
  request,
  target,
  label,
  needs,
  module,
  policy,
  key,
  submitted_ns,
  state,
  attempts,
  engine,
  handed_ns,
  finished_ns,
  run_ns,
  failed,
  failure,
  result
};

[[noreturn]] void damaged(TaskId task, const std::string& why) {
  throw DatabaseFailure{{SQLITE_CORRUPT, "journal: what is stored of task " + std::to_string(task.value()) +
                                             " makes no sense: " + why}};
}

template <class T>
T decoded(const Statement& row, int column) {
  auto value = decode_column<T>(row.bytes(column));
  if (!value) damaged(row.id<TaskId>(Column::id), value.fault().text);
  return std::move(value).value();
}

wire::RunInfo run_in(const Statement& row) {
  return {row.id<EngineId>(Column::engine),  static_cast<std::uint32_t>(row.integer(Column::attempts)),
          row.integer(Column::submitted_ns), row.integer(Column::handed_ns),
          row.integer(Column::finished_ns),  row.integer(Column::run_ns)};
}

core::TaskSettled settled_in(const Statement& row) {
  core::TaskSettled settled;
  settled.task = row.id<TaskId>(Column::id);
  settled.run = run_in(row);
  if (!row.is_null(Column::failure)) {
    settled.outcome = decoded<wire::Failure>(row, Column::failure);
  } else if (!row.is_null(Column::result)) {
    settled.outcome = row.bytes(Column::result);
  } else {
    damaged(settled.task, "its answer is missing");
  }
  return settled;
}

/// The columns `bytes`, `spooled` and `size` in a row, from this one on.
base::SharedBytes operation_in(const Statement& row, int column, const Spool& spool) {
  if (row.is_null(column + 1)) return row.bytes(column);
  return spool.get(hash_in(row, column + 1), static_cast<std::uint64_t>(row.integer(column + 2)));
}

/// Numbers facts and shows them.
class Visitor {
 public:
  explicit Visitor(const std::function<void(const core::Record&)>& visit) : visit_{visit} {}
  void show(core::Fact fact) { visit_(core::Record{++number_, std::move(fact)}); }
  void skip_to(std::uint64_t number) { number_ = std::max(number_, number - 1); }

 private:
  const std::function<void(const core::Record&)>& visit_;
  std::uint64_t number_ = 0;
};

/// The task whose rows are being read.
class TaskReader {
 public:
  TaskReader(Database& database, const Spool& spool, Visitor& visitor)
      : operation_{database, "SELECT bytes, spooled, size, environment FROM operations WHERE first = ?"},
        prerequisites_{database,
                       "SELECT number, part, condition, succeeded FROM prerequisites WHERE task = ? "
                       "ORDER BY number, part"},
        spool_{spool},
        visitor_{visitor} {}

  void take(const Statement& row) {
    if (row.id<TaskId>(Column::first) == row.id<TaskId>(Column::id)) begin(row);
    const std::uint64_t index = row.id<TaskId>(Column::id).value() - accepted_.first_task.value();
    if (index != seen_++) damaged(row.id<TaskId>(Column::id), "a part before it is missing");
    if (!row.is_null(Column::target)) accepted_.engines.push_back(row.id<EngineId>(Column::target));
    take_state(row);
    if (seen_ == parts_) show();
  }

 private:
  void begin(const Statement& row) {
    accepted_ = {};
    accepted_.session = row.id<SessionId>(Column::session);
    accepted_.request = row.id<wire::RequestId>(Column::request);
    accepted_.first_task = row.id<TaskId>(Column::first);
    accepted_.label = row.text(Column::label);
    if (!row.is_null(Column::needs)) accepted_.needs = decoded<std::vector<std::string>>(row, Column::needs);
    if (!row.is_null(Column::module)) accepted_.module = hash_in(row, Column::module);
    if (!row.is_null(Column::policy)) accepted_.policy = decoded<wire::RetryPolicy>(row, Column::policy);
    if (!row.is_null(Column::key)) accepted_.key = row.text(Column::key);
    accepted_.submitted_ns = row.integer(Column::submitted_ns);
    operation_.start(accepted_.first_task);
    bool is_there = false;
    while (operation_.next()) {
      accepted_.operation = operation_in(operation_, 0, spool_);
      if (!operation_.is_null(3)) accepted_.environment = operation_.text(3);
      is_there = true;
    }
    if (!is_there) damaged(accepted_.first_task, "its operation is missing");
    if (!is_ended(row)) take_prerequisites();
    parts_ = static_cast<std::uint64_t>(row.integer(Column::parts));
    seen_ = 0;
    after_.clear();
  }

  [[nodiscard]] static bool is_ended(const Statement& row) {
    const auto state = static_cast<StoredState>(row.integer(Column::state));
    return state == StoredState::settled || state == StoredState::forgotten;
  }

  void take_prerequisites() {
    std::int64_t number = -1;
    prerequisites_.start(accepted_.first_task);
    while (prerequisites_.next()) {
      if (std::exchange(number, prerequisites_.integer(0)) != prerequisites_.integer(0)) {
        accepted_.after.push_back({static_cast<wire::Condition>(prerequisites_.integer(2)), {}});
      }
      core::Awaited awaited{prerequisites_.id<TaskId>(1), {}};
      if (!prerequisites_.is_null(3)) awaited.succeeded = prerequisites_.integer(3) != 0;
      accepted_.after.back().parts.push_back(awaited);
    }
  }

  void take_state(const Statement& row) {
    const auto part = row.id<TaskId>(Column::id);
    const auto attempt = static_cast<std::uint32_t>(row.integer(Column::attempts));
    std::uint32_t shown = 0;  // the latest attempt that a fact tells of
    if (!row.is_null(Column::failed)) {
      for (const StoredAttempt& stored : decoded<std::vector<StoredAttempt>>(row, Column::failed)) {
        shown = stored.failed.attempt;
        after_.push_back(core::AttemptStarted{{part, shown}, stored.failed.engine, 0});
        after_.push_back(
            core::AttemptFailed{{part, shown}, stored.failed.engine, stored.failed.kind, stored.failed.reason});
      }
    }
    switch (static_cast<StoredState>(row.integer(Column::state))) {
      case StoredState::waiting:
        if (attempt == shown) return;
        after_.push_back(core::AttemptStarted{{part, attempt}, EngineId{}, 0});
        after_.push_back(core::AttemptReturned{{part, attempt}});
        return;
      case StoredState::running:
        after_.push_back(
            core::AttemptStarted{{part, attempt}, row.id<EngineId>(Column::engine), row.integer(Column::handed_ns)});
        return;
      case StoredState::settled:
      case StoredState::forgotten:
        return take_outcome(row, part);
      case StoredState::kept:
        break;  // is not asked for
    }
    damaged(part, "it is in no known state");
  }

  void take_outcome(const Statement& row, TaskId part) {
    if (static_cast<StoredState>(row.integer(Column::state)) == StoredState::settled) {
      after_.push_back(settled_in(row));
      return;
    }
    core::TaskSettled settled;
    settled.task = part;
    settled.run = run_in(row);
    if (!row.is_null(Column::failure)) settled.outcome = wire::Failure{};  // what it was is not kept
    after_.push_back(std::move(settled));
    after_.push_back(core::TaskForgotten{part});
  }

  void show() {
    visitor_.show(std::move(accepted_));
    for (core::Fact& fact : after_) visitor_.show(std::move(fact));
    after_.clear();
  }

  Statement operation_;
  Statement prerequisites_;
  const Spool& spool_;
  Visitor& visitor_;
  core::TaskAccepted accepted_;
  std::vector<core::Fact> after_;
  std::uint64_t parts_ = 0;
  std::uint64_t seen_ = 0;
};

std::uint64_t counter(Database& database, const char* name) {
  Statement statement{database, "SELECT value FROM counters WHERE name = ?"};
  statement.start(std::string_view{name});
  std::uint64_t value = 0;
  while (statement.next()) value = static_cast<std::uint64_t>(statement.integer(0));
  return value;
}

}  // namespace

std::uint64_t last_record_number(Database& database) {
  return counter(database, "record");
}

void replay_records(Database& database, const Spool& spool, const std::function<void(const core::Record&)>& visit) {
  if (last_record_number(database) == 0) return;
  Visitor visitor{visit};
  Statement sessions{database, "SELECT id, name, openings FROM sessions ORDER BY id"};
  sessions.start();
  while (sessions.next()) {
    visitor.show(core::SessionOpened{sessions.id<SessionId>(0), sessions.is_null(1) ? "" : sessions.text(1),
                                     static_cast<std::uint32_t>(sessions.integer(2))});
  }
  Statement modules{database, "SELECT hash, content FROM modules ORDER BY number"};
  modules.start();
  while (modules.next()) visitor.show(core::ModuleStored{hash_in(modules, 0), modules.bytes(1)});
  Statement libraries{database, "SELECT hash FROM libraries ORDER BY number"};
  libraries.start();
  while (libraries.next()) visitor.show(core::LibraryAdded{hash_in(libraries, 0)});
  Statement environment{database, "SELECT name, task, size, kept FROM environment ORDER BY name"};
  environment.start();
  while (environment.next()) {
    visitor.show(core::EnvironmentSet{environment.text(0), environment.id<TaskId>(1),
                                      static_cast<std::uint64_t>(environment.integer(2)),
                                      environment.integer(3) != 0});
  }
  Statement tasks{database, every_task};
  TaskReader reader{database, spool, visitor};
  tasks.start();
  while (tasks.next()) reader.take(tasks);
  visitor.skip_to(last_record_number(database));
  visitor.show(core::IdsGiven{TaskId{counter(database, "task")}, SessionId{counter(database, "session")}});
}

Statement answer_statement(const Database& database) {
  return Statement{database, one_settled_task};
}

std::optional<core::TaskSettled> read_answer(Statement& read, TaskId task) {
  std::optional<core::TaskSettled> answer;
  read.start(task, StoredState::settled, StoredState::kept);
  while (read.next()) answer = settled_in(read);
  return answer;
}

Statement kept_statement(const Database& database) {
  return Statement{database, "SELECT id, label FROM tasks WHERE session = ? AND key = ? AND state IN (?, ?)"};
}

std::optional<core::KeptTask> read_kept(Statement& read, SessionId session, const std::string& key) {
  std::optional<core::KeptTask> kept;
  read.start(session, std::string_view{key}, StoredState::settled, StoredState::kept);
  while (read.next()) kept = {read.id<TaskId>(0), read.text(1)};
  return kept;
}

Statement environment_statement(const Database& database) {
  return Statement{database, "SELECT bytes, spooled, size FROM environment WHERE name = ? AND kept"};
}

std::optional<base::SharedBytes> read_environment(Statement& read, const Spool& spool, const std::string& name) {
  std::optional<base::SharedBytes> operation;
  read.start(std::string_view{name});
  while (read.next()) operation = operation_in(read, 0, spool);
  return operation;
}

}  // namespace gangway::journal
