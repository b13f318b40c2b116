#include "journal/record_writer.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "journal/schema.hpp"
#include "journal/stored_fields.hpp"

namespace gangway::journal {

namespace {

// The gateway's number stands above the count in an id, so that the highest id has the highest count.
constexpr const char* note_higher = "UPDATE counters SET value = max(value, ?) WHERE name = ?";

// What a row of history takes: the operation counts with the first part of its task. As History::remove() counts.
constexpr const char* kept_bytes = "iif(id = first, operation_bytes, 0) + ifnull(answer_bytes, 0)";

base::ByteView bytes_of(const wire::ModuleHash& hash) {
  return std::as_bytes(std::span{hash});
}

std::int64_t unix_ms() {
  using std::chrono::milliseconds;
  return std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

DatabaseFailure damaged(const base::Fault& fault) {
  return DatabaseFailure{{SQLITE_CORRUPT, "journal: a stored column is damaged: " + fault.text}};
}

}  // namespace

RecordWriter::RecordWriter(const Database& database, const Spool& spool)
    : spool_{spool},
      dropped_{database},
      open_session_{database, "INSERT INTO sessions (id, name, openings) VALUES (?, ?, ?)"},
      adopt_session_{database, "UPDATE sessions SET openings = ? WHERE id = ?"},
      end_session_{database, "DELETE FROM sessions WHERE id = ?"},
      end_prerequisites_{
          database,
          "DELETE FROM prerequisites WHERE task IN (SELECT id FROM tasks WHERE session = ? AND live IS "
          "NOT NULL)"},
      end_tasks_{database, (std::string{"UPDATE tasks SET live = NULL, state = iif(state IN (?, ?), ?, state) "
                                        "WHERE session = ? AND live IS NOT NULL RETURNING id, "} +
                            kept_bytes)
                               .c_str()},
      store_module_{database, "INSERT OR IGNORE INTO modules (number, hash, content) VALUES (?, ?, ?)"},
      forget_module_{database, "DELETE FROM modules WHERE hash = ?"},
      add_library_{database, "INSERT OR REPLACE INTO libraries (number, hash) VALUES (?, ?)"},
      insert_task_{
          database,
          "INSERT INTO tasks (id, first, parts, session, request, target, label, needs, module, policy, key, "
          "submitted_ns, accepted_ms, operation_bytes, parked, state, live, attempts, engine, handed_ns) "
          "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?)"},
      insert_prerequisite_{
          database, "INSERT INTO prerequisites (task, number, part, condition, succeeded) VALUES (?, ?, ?, ?, ?)"},
      note_ended_{database, "UPDATE prerequisites SET succeeded = ? WHERE part = ?"},
      delete_prerequisites_{database, "DELETE FROM prerequisites WHERE task = ?"},
      insert_operation_{database,
                        "INSERT INTO operations (first, bytes, spooled, size, environment) VALUES (?, ?, ?, ?, ?)"},
      attach_task_{database, "UPDATE tasks SET request = ? WHERE id = ?"},
      keep_task_{database, "UPDATE tasks SET state = ? WHERE id = ?"},
      start_attempt_{database, "UPDATE tasks SET state = ?, attempts = ?, engine = ?, handed_ns = ? WHERE id = ?"},
      return_attempt_{database, "UPDATE tasks SET state = ?, engine = NULL, handed_ns = NULL WHERE id = ?"},
      read_failed_{database, "SELECT failed FROM tasks WHERE id = ?"},
      fail_attempt_{database, "UPDATE tasks SET state = ?, engine = NULL, handed_ns = NULL, failed = ? WHERE id = ?"},
      settle_task_{database,
                   "UPDATE tasks SET state = ?, attempts = ?, engine = ?, handed_ns = ?, finished_ns = ?, "
                   "run_ns = ?, failed = NULL, failure = ?, answer_bytes = ? WHERE id = ?"},
      insert_result_{database, "INSERT INTO results (task, bytes) VALUES (?, ?)"},
      forget_single_{database,
                     (std::string{"UPDATE tasks SET state = ?, live = NULL WHERE id = ? AND parts = 1 AND live IS "
                                  "NOT NULL RETURNING id, "} +
                      kept_bytes)
                         .c_str()},
      forget_part_{database, "UPDATE tasks SET state = ? WHERE id = ? AND live IS NOT NULL RETURNING first, parts"},
      count_left_{database, "SELECT count(*) FROM tasks WHERE id >= ? AND id < ? AND state != ?"},
      forget_parts_{
          database,
          (std::string{"UPDATE tasks SET live = NULL WHERE id >= ? AND id < ? RETURNING id, "} + kept_bytes).c_str()},
      delete_operation_{database, "DELETE FROM operations WHERE first = ? RETURNING spooled"},
      keep_environment_{database,
                        "INSERT INTO environment (name, task, size, kept, bytes, spooled) "
                        "SELECT ?1, ?2, size, 1, bytes, spooled FROM operations WHERE first = ?2"},
      note_unkept_{database, "INSERT INTO environment (name, task, size, kept) VALUES (?, ?, ?, 0)"},
      erase_environment_{database, "DELETE FROM environment WHERE name = ? RETURNING spooled"},
      note_counter_{database, note_higher},
      history_{database} {
  Statement any{database, "SELECT EXISTS (SELECT * FROM prerequisites)"};
  any.start();
  while (any.next()) any_prerequisites_ = any.integer(0) != 0;
}

void RecordWriter::write(std::span<const core::Record> records) {
  unwritten_.clear();  // a transaction before may have been undone
  dropped_.clear();
  history_.begin();
  starts_.clear();
  last_task_ = last_session_ = 0;
  now_ms_ = unix_ms();
  for (const core::Record& record : records) {
    std::visit([&](const auto& fact) { write_fact(record.number, fact); }, record.fact);
  }
  write_accepted();
  history_.write_added(now_ms_);
  note_counter_.run(records.back().number, std::string_view{"record"});
  if (last_task_ > 0) note_counter_.run(last_task_, std::string_view{"task"});
  if (last_session_ > 0) note_counter_.run(last_session_, std::string_view{"session"});
}

void RecordWriter::purge(const Retention& retention) {
  history_.purge(retention, now_ms_, history_.rows_to_keep_up(), dropped_);
}

void RecordWriter::purge(const Retention& retention, std::uint64_t rows_max) {
  dropped_.clear();
  history_.purge(retention, unix_ms(), rows_max, dropped_);
}

const RecordWriter::Unwritten* RecordWriter::find_unwritten(TaskId task) const {
  const auto behind =
      std::upper_bound(unwritten_.begin(), unwritten_.end(), task,
                       [](TaskId id, const Unwritten& unwritten) { return id < unwritten.fact->first_task; });
  if (behind == unwritten_.begin()) return nullptr;
  const Unwritten& unwritten = *std::prev(behind);
  return task.value() - unwritten.fact->first_task.value() < parts_of(*unwritten.fact) ? &unwritten : nullptr;
}

void RecordWriter::need_rows_of(TaskId task) {
  if (find_unwritten(task) != nullptr) write_accepted();
}

void RecordWriter::write_accepted() {
  for (const Unwritten& unwritten : unwritten_) write_accepted(unwritten);
  unwritten_.clear();
  starts_.clear();
}

void RecordWriter::write_accepted(const Unwritten& unwritten) {
  const core::TaskAccepted& fact = *unwritten.fact;
  const std::uint64_t parts = parts_of(fact);
  std::optional<base::SharedBytes> needs;
  if (!fact.needs.empty()) needs.emplace(encode_column(fact.needs));
  std::optional<base::ByteView> module;
  if (fact.module != wire::ModuleHash{}) module = bytes_of(fact.module);
  std::optional<base::SharedBytes> policy;
  if (fact.policy != wire::RetryPolicy{}) policy.emplace(encode_column(fact.policy));
  std::optional<std::string_view> key;
  if (!fact.key.empty()) key = fact.key;
  for (std::uint64_t index = 0; index < parts; ++index) {
    std::optional<EngineId> target;
    if (!fact.engines.empty()) target = fact.engines[index];
    std::optional<EngineId> engine;
    std::optional<std::int64_t> handed_ns;
    std::uint32_t attempts = 0;
    if (const core::AttemptStarted* const start = starts_[unwritten.starts + index]) {
      engine = start->engine;
      handed_ns = start->handed_ns;
      attempts = start->attempt.attempt;
    }
    insert_task_.run(fact.first_task.value() + index, fact.first_task, parts, fact.session, fact.request, target,
                     std::string_view{fact.label}, needs, module, policy, key, fact.submitted_ns, now_ms_,
                     fact.operation.size(), std::uint64_t{fact.parked ? 1U : 0U},
                     engine ? StoredState::running : StoredState::waiting, attempts, engine, handed_ns);
  }
  insert_operation(fact);
}

void RecordWriter::write_fact(std::uint64_t, const core::SessionOpened& fact) {
  std::optional<std::string_view> name;
  if (!fact.name.empty()) name = fact.name;
  open_session_.run(fact.session, name, std::uint64_t{fact.openings});
  last_session_ = std::max(last_session_, fact.session.value());
}

void RecordWriter::write_fact(std::uint64_t, const core::SessionAdopted& fact) {
  adopt_session_.run(std::uint64_t{fact.openings}, fact.session);
}

void RecordWriter::write_fact(std::uint64_t, const core::TaskAttached& fact) {
  need_rows_of(fact.task);
  attach_task_.run(fact.request, fact.task);
}

void RecordWriter::write_fact(std::uint64_t, const core::TaskKept& fact) {
  need_rows_of(fact.task);
  keep_task_.run(StoredState::kept, fact.task);
  delete_operation_.start(fact.task);
  dropped_.drop(delete_operation_);
}

void RecordWriter::write_fact(std::uint64_t, const core::SessionEnded& fact) {
  write_accepted();
  if (any_prerequisites_) end_prerequisites_.run(fact.session);
  end_tasks_.start(StoredState::waiting, StoredState::running, StoredState::dropped, fact.session);
  add_to_history(end_tasks_);
  end_session_.run(fact.session);
}

void RecordWriter::write_fact(std::uint64_t number, const core::ModuleStored& fact) {
  store_module_.run(number, bytes_of(fact.hash), fact.content);
}

void RecordWriter::write_fact(std::uint64_t, const core::ModuleForgotten& fact) {
  forget_module_.run(bytes_of(fact.hash));
}

void RecordWriter::write_fact(std::uint64_t number, const core::LibraryAdded& fact) {
  add_library_.run(number, bytes_of(fact.hash));
}

void RecordWriter::write_fact(std::uint64_t, const core::TaskAccepted& fact) {
  unwritten_.push_back({&fact, starts_.size()});
  starts_.resize(starts_.size() + parts_of(fact), nullptr);
  write_prerequisites(fact);
  last_task_ = std::max(last_task_, fact.first_task.value() + parts_of(fact) - 1);
}

// At once, since the next records may tell how what it waits for has ended.
void RecordWriter::write_prerequisites(const core::TaskAccepted& fact) {
  std::uint64_t number = 0;
  for (const core::Prerequisite& prerequisite : fact.after) {
    for (const core::Awaited& part : prerequisite.parts) {
      std::optional<std::uint64_t> succeeded;
      if (part.succeeded) succeeded = *part.succeeded ? 1 : 0;
      insert_prerequisite_.run(fact.first_task, number, part.task, prerequisite.condition, succeeded);
      any_prerequisites_ = true;
    }
    ++number;
  }
}

void RecordWriter::write_fact(std::uint64_t, const core::AttemptStarted& fact) {
  const TaskId task = fact.attempt.task;
  if (const Unwritten* const unwritten = find_unwritten(task)) {
    starts_[unwritten->starts + (task.value() - unwritten->fact->first_task.value())] = &fact;
    return;
  }
  start_attempt_.run(StoredState::running, fact.attempt.attempt, fact.engine, fact.handed_ns, task);
}

void RecordWriter::write_fact(std::uint64_t, const core::AttemptReturned& fact) {
  need_rows_of(fact.attempt.task);
  return_attempt_.run(StoredState::waiting, fact.attempt.task);
}

void RecordWriter::write_fact(std::uint64_t, const core::AttemptFailed& fact) {
  need_rows_of(fact.attempt.task);
  std::vector<StoredAttempt> failed;
  read_failed_.start(fact.attempt.task);
  while (read_failed_.next()) {
    if (read_failed_.is_null(0)) continue;
    auto stored = decode_column<std::vector<StoredAttempt>>(read_failed_.bytes(0));
    if (!stored) throw damaged(stored.fault());
    failed = std::move(stored).value();
  }
  failed.push_back({{fact.attempt.attempt, fact.engine, fact.kind, fact.reason}});
  const base::SharedBytes column{encode_column(failed)};
  fail_attempt_.run(StoredState::waiting, column, fact.attempt.task);
}

void RecordWriter::write_fact(std::uint64_t, const core::TaskSettled& fact) {
  need_rows_of(fact.task);
  std::optional<base::SharedBytes> failure;
  if (const auto* failed = std::get_if<wire::Failure>(&fact.outcome)) failure.emplace(encode_column(*failed));
  const auto* const result = std::get_if<base::SharedBytes>(&fact.outcome);
  settle_task_.run(StoredState::settled, fact.run.attempt, fact.run.engine, fact.run.handed_ns, fact.run.finished_ns,
                   fact.run.run_ns, failure, failure ? failure->size() : result->size(), fact.task);
  if (result != nullptr) insert_result_.run(fact.task, *result);
  if (any_prerequisites_) write_ended(fact.task, result != nullptr);
}

// It waits for nobody any more, and those that wait for it must know how it ended when it is forgotten.
void RecordWriter::write_ended(TaskId task, bool succeeded) {
  note_ended_.run(std::uint64_t{succeeded ? 1U : 0U}, task);
  delete_prerequisites_.run(task);
}

void RecordWriter::write_fact(std::uint64_t, const core::TaskForgotten& fact) {
  need_rows_of(fact.task);
  forget_single_.start(StoredState::forgotten, fact.task);
  if (add_to_history(forget_single_)) return;
  forget_part_.start(StoredState::forgotten, fact.task);
  std::uint64_t first = 0;
  std::uint64_t parts = 0;
  while (forget_part_.next()) {
    first = static_cast<std::uint64_t>(forget_part_.integer(0));
    parts = static_cast<std::uint64_t>(forget_part_.integer(1));
  }
  if (parts == 0) return;  // it went with its session
  count_left_.start(first, first + parts, StoredState::forgotten);
  bool any_left = false;
  while (count_left_.next()) any_left = count_left_.integer(0) > 0;
  if (any_left) return;
  forget_parts_.start(first, first + parts);
  add_to_history(forget_parts_);
}

bool RecordWriter::add_to_history(Statement& changed) {
  bool any = false;
  while (changed.next()) {
    history_.add(changed.id<TaskId>(0), static_cast<std::uint64_t>(changed.integer(1)));
    any = true;
  }
  return any;
}

void RecordWriter::insert_operation(const core::TaskAccepted& fact) {
  const std::size_t size = fact.operation.size();
  std::optional<std::string_view> environment;
  if (!fact.environment.empty()) environment = fact.environment;
  if (!spool_.takes(size)) {
    insert_operation_.run(fact.first_task, fact.operation, std::optional<base::ByteView>{}, size, environment);
    return;
  }
  const SpoolHash hash = spool_.put(fact.operation.view());
  insert_operation_.run(fact.first_task, std::optional<base::ByteView>{}, bytes_of(hash), size, environment);
}

void RecordWriter::write_fact(std::uint64_t, const core::EnvironmentSet& fact) {
  need_rows_of(fact.task);
  erase_environment(fact.name);
  const std::string_view name = fact.name;
  if (fact.kept) {
    keep_environment_.run(name, fact.task);
  } else {
    note_unkept_.run(name, fact.task, fact.operation_bytes);
  }
}

void RecordWriter::write_fact(std::uint64_t, const core::EnvironmentErased& fact) {
  erase_environment(fact.name);
}

void RecordWriter::write_fact(std::uint64_t, const core::HistoryErased& fact) {
  write_accepted();
  if (fact.all) {
    history_.write_added(now_ms_);
    history_.begin();
    history_.expire_all();
  }
  for (const TaskId task : fact.tasks) history_.erase(task, dropped_);
}

void RecordWriter::erase_environment(const std::string& name) {
  erase_environment_.start(std::string_view{name});
  dropped_.drop(erase_environment_);
}

void RecordWriter::write_fact(std::uint64_t, const core::IdsGiven& fact) {
  last_task_ = std::max(last_task_, fact.last_task.value());
  last_session_ = std::max(last_session_, fact.last_session.value());
}

}  // namespace gangway::journal
