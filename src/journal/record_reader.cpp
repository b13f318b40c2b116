#include "journal/record_reader.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include "journal/damage.hpp"
#include "journal/spooled_rows.hpp"
#include "journal/stored_task.hpp"

namespace gangway::journal {

namespace {

/// What stands above the ids that a rescue has seen: others may have been in what is lost.
constexpr std::uint64_t ids_left_out = 1U << 20U;

std::string name_of(TaskId task) {
  return "task " + std::to_string(task.value());
}

/// Numbers facts and shows them.
class Visitor {
 public:
  explicit Visitor(const VisitRecord& visit) : visit_{visit} {}
  void show(core::Fact fact) { visit_(core::Record{++number_, std::move(fact)}); }
  void skip_to(std::uint64_t number) { number_ = std::max(number_, number - 1); }
  [[nodiscard]] std::uint64_t number() const { return number_; }

 private:
  const VisitRecord& visit_;
  std::uint64_t number_ = 0;
};

/// Rows of `tasks` by their ids, gathered to tasks, which become facts.
class TaskReader {
 public:
  /// Without `complain` damage is thrown. With `modules`, tasks that cannot run without another one are lost.
  TaskReader(const Database& database, const Spool& spool, Visitor& visitor, const Complain* complain = nullptr,
             const std::set<wire::ModuleHash>* modules = nullptr)
      : operation_{database, "SELECT bytes, spooled, size, environment FROM operations WHERE first = ?"},
        environment_{database, "SELECT environment FROM operations WHERE first = ?"},
        result_{database, "SELECT bytes FROM results WHERE task = ?"},
        prerequisites_{database,
                       "SELECT number, part, condition, succeeded FROM prerequisites WHERE task = ? "
                       "ORDER BY number, part"},
        spool_{spool},
        visitor_{visitor},
        complain_{complain},
        modules_{modules} {}

  void take(const Statement& row) {
    StoredPart part = stored_part(row);
    last_id_ = std::max(last_id_, part.id);
    if (part.first != task()) {
      end();
      if (part.id != part.first) return skip(part);
    } else if (part.id.value() - part.first.value() != parts_.size()) {
      return skip(part);
    }
    parts_.push_back(std::move(part));
    if (parts_.size() == parts_.front().parts) end();
  }

  /// After the last row.
  void end() {
    const std::vector<StoredPart> parts = std::exchange(parts_, {});
    if (parts.empty()) return;
    try {
      if (parts.size() < parts.front().parts) throw damaged_task(parts.back().id, "the part behind it is missing");
      show(parts);
    } catch (const DatabaseFailure& failure) {
      if (complain_ == nullptr || !is_damage(failure.error())) throw;
      (*complain_)(name_of(parts.front().first) + " cannot be kept: " + failure.error().text);
    }
  }

  [[nodiscard]] TaskId last_id() const { return last_id_; }
  /// Those of the tasks that were shown.
  [[nodiscard]] const std::set<SessionId>& sessions() const { return sessions_; }

 private:
  [[nodiscard]] std::optional<TaskId> task() const {
    return parts_.empty() ? std::nullopt : std::optional{parts_.front().first};
  }

  void skip(const StoredPart& part) {
    parts_.clear();
    throw damaged_task(part.id, "a part of its task before it is missing");
  }

  void show(const std::vector<StoredPart>& parts) {
    const StoredPart& first = parts.front();
    core::TaskAccepted accepted = accepted_of(first);
    accepted.parked = first.parked && first.state == StoredState::waiting && first.run.attempt == 0;
    // The operation of one that is parked is read when its turn comes, by who is not here to rescue.
    if (accepted.parked && complain_ == nullptr) return visitor_.show(std::move(accepted));
    std::vector<core::Fact> after;
    bool is_settled = true;
    for (const StoredPart& part : parts) {
      if (part.target) accepted.engines.push_back(*part.target);
      is_settled &= add_state(part, after);
    }
    if (!is_settled) add_prerequisites(accepted);
    if (is_settled && complain_ == nullptr) {
      add_environment(accepted);
    } else if (!add_operation(accepted) && !is_settled) {
      throw damaged_task(first.first, "its operation is missing");
    }
    const bool needs_module = !is_settled && first.module != wire::ModuleHash{};
    if (needs_module && modules_ != nullptr && !modules_->contains(first.module)) {
      throw damaged_task(first.first, "the module that it needs is missing");
    }
    sessions_.insert(first.session);
    if (complain_ != nullptr) {
      for (const StoredPart& part : parts) shown_.insert(part.id);
    }
    visitor_.show(std::move(accepted));
    for (core::Fact& fact : after) visitor_.show(std::move(fact));
  }

  /// False if there is none, or if it cannot be read and that is complained of.
  bool add_operation(core::TaskAccepted& accepted) {
    bool is_there = false;
    try {
      operation_.start(accepted.first_task);
      while (operation_.next()) {
        accepted.operation = operation_in(operation_, 0, spool_);
        accepted.left_out_bytes = 0;
        if (!operation_.is_null(3)) accepted.environment = operation_.text(3);
        is_there = true;
      }
    } catch (const DatabaseFailure& failure) {
      if (complain_ == nullptr || !is_damage(failure.error())) throw;
    }
    return is_there;
  }

  /// Of an operation that nobody will run again.
  void add_environment(core::TaskAccepted& accepted) {
    environment_.start(accepted.first_task);
    while (environment_.next()) {
      if (!environment_.is_null(0)) accepted.environment = environment_.text(0);
    }
  }

  /// What it waits for. In a rescue, a task that was not shown would be waited for in vain.
  void add_prerequisites(core::TaskAccepted& accepted) {
    std::int64_t number = -1;
    prerequisites_.start(accepted.first_task);
    while (prerequisites_.next()) {
      if (std::exchange(number, prerequisites_.integer(0)) != prerequisites_.integer(0)) {
        accepted.after.push_back({static_cast<wire::Condition>(prerequisites_.integer(2)), {}});
      }
      core::Awaited awaited{prerequisites_.id<TaskId>(1), {}};
      if (!prerequisites_.is_null(3)) awaited.succeeded = prerequisites_.integer(3) != 0;
      if (complain_ != nullptr && !awaited.succeeded && !shown_.contains(awaited.task)) {
        throw damaged_task(accepted.first_task, "it waits for " + name_of(awaited.task) + ", which is missing");
      }
      accepted.after.back().parts.push_back(awaited);
    }
  }

  /// Whether the part has its answer.
  bool add_state(const StoredPart& part, std::vector<core::Fact>& after) {
    std::uint32_t shown = 0;  // the latest attempt that a fact tells of
    for (const StoredAttempt& stored : part.failed) {
      const core::FailedAttempt& failed = stored.failed;
      shown = failed.attempt;
      after.push_back(core::AttemptStarted{{part.id, shown}, failed.engine, 0});
      after.push_back(core::AttemptFailed{{part.id, shown}, failed.engine, failed.kind, failed.reason});
    }
    switch (part.state) {
      case StoredState::waiting:
        add_waiting(part, shown, after);
        return false;
      case StoredState::running:
        after.push_back(core::AttemptStarted{{part.id, part.run.attempt}, part.run.engine, part.run.handed_ns});
        return false;
      case StoredState::settled:
      case StoredState::kept:
        if (auto outcome = outcome_of(part)) {
          after.push_back(core::TaskSettled{part.id, part.run, *std::move(outcome)});
          if (part.state == StoredState::kept) after.push_back(core::TaskKept{part.id});
          return true;
        }
        if (complain_ == nullptr || part.policy.at_most_once || part.state == StoredState::kept) {
          throw damaged_task(part.id, "its answer is missing");
        }
        (*complain_)("the answer of " + name_of(part.id) + " cannot be read, so that it has to run again");
        add_waiting(part, shown, after);
        return false;
      case StoredState::forgotten:
        after.push_back(
            core::TaskSettled{part.id, part.run, part.failure ? wire::Outcome{*part.failure} : wire::Outcome{}});
        after.push_back(core::TaskForgotten{part.id});
        return true;
      case StoredState::dropped:
        throw damaged_task(part.id, "its session has ended");
    }
    return false;
  }

  static void add_waiting(const StoredPart& part, std::uint32_t shown, std::vector<core::Fact>& after) {
    if (part.run.attempt == shown) return;
    after.push_back(core::AttemptStarted{{part.id, part.run.attempt}, EngineId{}, 0});
    after.push_back(core::AttemptReturned{{part.id, part.run.attempt}});
  }

  std::optional<wire::Outcome> outcome_of(const StoredPart& part) {
    if (part.failure) return *part.failure;
    if (auto bytes = bytes_of(result_, part.id)) return *std::move(bytes);
    return std::nullopt;
  }

  /// Nothing if there are none, or if they cannot be read and that is complained of.
  std::optional<base::SharedBytes> bytes_of(Statement& statement, TaskId task) {
    std::optional<base::SharedBytes> bytes;
    try {
      statement.start(task);
      while (statement.next()) bytes = statement.bytes(0);
    } catch (const DatabaseFailure& failure) {
      if (complain_ == nullptr || !is_damage(failure.error())) throw;
    }
    return bytes;
  }

  Statement operation_;
  Statement environment_;
  Statement result_;
  Statement prerequisites_;
  const Spool& spool_;
  Visitor& visitor_;
  const Complain* complain_;
  const std::set<wire::ModuleHash>* modules_;
  std::vector<StoredPart> parts_;  // of one task
  TaskId last_id_;
  std::set<SessionId> sessions_;
  std::set<TaskId> shown_;  // in a rescue
};

DatabaseFailure damaged_counters() {
  return DatabaseFailure{{SQLITE_CORRUPT, "the table of counters is not complete, or behind the others"}};
}

std::uint64_t counter(Database& database, const char* name) {
  Statement statement{database, "SELECT value FROM counters WHERE name = ?"};
  statement.start(std::string_view{name});
  std::optional<std::uint64_t> value;
  while (statement.next()) value = static_cast<std::uint64_t>(statement.integer(0));
  if (!value) throw damaged_counters();
  return *value;
}

std::uint64_t counter_or_zero(Database& database, const char* name, const Complain& complain) {
  try {
    return counter(database, name);
  } catch (const DatabaseFailure& failure) {
    if (!is_damage(failure.error())) throw;
    complain(std::string{"the highest number of a "} + name + " is unknown: " + failure.error().text);
    return 0;
  }
}

core::Fact module_in(const Statement& row) {
  return core::ModuleStored{stored_hash(row, 1), row.bytes(2)};
}

core::Fact library_in(const Statement& row) {
  return core::LibraryAdded{stored_hash(row, 1)};
}

core::SessionOpened session_in(const Statement& row) {
  return {row.id<SessionId>(0), row.is_null(1) ? "" : row.text(1), static_cast<std::uint32_t>(row.integer(2))};
}

constexpr const char* every_session = "SELECT id, name, openings FROM sessions WHERE id >= ? ORDER BY id";
constexpr const char* every_module = "SELECT number, hash, content FROM modules WHERE number >= ? ORDER BY number";
constexpr const char* every_library = "SELECT number, hash FROM libraries WHERE number >= ? ORDER BY number";

constexpr const char* every_value = "SELECT name, task, size, kept FROM environment WHERE rowid >= ? ORDER BY name";

core::Fact value_in(const Statement& row) {
  return core::EnvironmentSet{row.text(0), row.id<TaskId>(1), static_cast<std::uint64_t>(row.integer(2)),
                              row.integer(3) != 0};
}

/// In the order of an index, so that neither rows of history are read nor rows sorted. What is kept for its key means
/// nothing to a gateway that reads a journal back.
std::string every_task_wanted() {
  return std::string{"SELECT "} + stored_part_columns +
         " FROM tasks t INDEXED BY live_tasks WHERE t.live IS NOT NULL AND t.state != 4 ORDER BY t.session, t.id";
}

/// In the order of the table, whose index may be damaged.
std::string every_task_rescued() {
  return std::string{"SELECT "} + stored_part_columns +
         " FROM tasks t NOT INDEXED WHERE t.id >= ? AND t.live IS NOT NULL ORDER BY t.id";
}

}  // namespace

std::uint64_t last_record_number(Database& database) {
  return counter(database, "record");
}

void replay_records(Database& database, const Spool& spool, const VisitRecord& visit) {
  Visitor visitor{visit};
  const auto show_all = [&](const char* sql, const auto& fact_in) {
    Statement rows{database, sql};
    rows.start(0);
    while (rows.next()) visitor.show(fact_in(rows));
  };
  show_all(every_session, session_in);
  show_all(every_module, module_in);
  show_all(every_library, library_in);
  show_all(every_value, value_in);
  Statement tasks{database, every_task_wanted().c_str()};
  TaskReader reader{database, spool, visitor};
  tasks.start();
  while (tasks.next()) reader.take(tasks);
  reader.end();
  const std::uint64_t last_record = last_record_number(database);
  const TaskId last_task{counter(database, "task")};
  if ((last_record == 0 && visitor.number() > 0) || last_task < reader.last_id()) throw damaged_counters();
  if (last_record == 0) return;
  visitor.skip_to(last_record);
  visitor.show(core::IdsGiven{last_task, SessionId{counter(database, "session")}});
}

void rescue_records(Database& database, const Spool& spool, const VisitRecord& visit, const Complain& complain) {
  std::map<SessionId, core::SessionOpened> sessions;
  read_around_damage(database, every_session, "sessions", complain,
                     [&](const Statement& row) { sessions.emplace(row.id<SessionId>(0), session_in(row)); });
  std::set<wire::ModuleHash> modules;
  const std::string tasks = every_task_rescued();
  const auto read_tasks = [&](Visitor& visitor, const Complain& told) {
    TaskReader reader{database, spool, visitor, &told, &modules};
    read_around_damage(database, tasks.c_str(), "tasks", told, [&](const Statement& row) { reader.take(row); });
    reader.end();
    return std::pair{reader.sessions(), reader.last_id()};
  };
  const auto read_modules = [&](Visitor& visitor, const Complain& told) {
    read_around_damage(database, every_module, "modules", told, [&](const Statement& row) {
      visitor.show(module_in(row));
      modules.insert(stored_hash(row, 1));
    });
  };
  // A first look at what is to be shown tells which sessions there must be.
  const VisitRecord show_nothing = [](const core::Record&) {};
  const Complain say_nothing = [](const std::string&) {};
  Visitor look{show_nothing};
  read_modules(look, say_nothing);
  const auto [needed, last_task] = read_tasks(look, say_nothing);
  for (const SessionId session : needed) {
    if (!sessions.emplace(session, core::SessionOpened{session}).second) continue;
    complain("session " + std::to_string(session.value()) + " is missing, but not its tasks");
  }
  Visitor visitor{visit};
  for (const auto& [id, opened] : sessions) visitor.show(opened);
  read_modules(visitor, complain);
  read_around_damage(database, every_library, "libraries", complain,
                     [&](const Statement& row) { visitor.show(library_in(row)); });
  read_tasks(visitor, complain);
  const auto given = [&](const char* name, std::uint64_t seen) {
    const std::uint64_t counted = counter_or_zero(database, name, complain);
    return counted >= seen && counted > 0 ? counted : seen + ids_left_out;
  };
  visitor.skip_to(given("record", visitor.number()));
  const SessionId last_session = sessions.empty() ? SessionId{} : sessions.rbegin()->first;
  visitor.show(
      core::IdsGiven{TaskId{given("task", last_task.value())}, SessionId{given("session", last_session.value())}});
}

}  // namespace gangway::journal
