#include "journal/spooled_rows.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

#include "journal/schema.hpp"
#include "journal/stored_fields.hpp"
#include "journal/stored_task.hpp"
#include "wire/failure.hpp"

namespace gangway::journal {

namespace {

constexpr const char* is_named =
    "SELECT EXISTS (SELECT 1 FROM operations WHERE spooled = ?1) OR "
    "EXISTS (SELECT 1 FROM environment WHERE spooled = ?1)";

bool names(Statement& statement, const SpoolHash& hash) {
  statement.start(std::as_bytes(std::span{hash}));
  bool any = false;
  while (statement.next()) any = statement.integer(0) != 0;
  return any;
}

/// A task whose operation is lost.
struct Bereft {
  TaskId first_task;
  std::uint64_t bytes = 0;
  std::filesystem::path file;
};

std::vector<Bereft> bereft_tasks(Database& database, const Spool& spool) {
  std::vector<Bereft> found;
  Statement rows{database, "SELECT first, spooled, size FROM operations WHERE spooled IS NOT NULL"};
  rows.start();
  while (rows.next()) {
    const auto bytes = static_cast<std::uint64_t>(rows.integer(2));
    const SpoolHash hash = stored_hash(rows, 1);
    if (!spool.has(hash, bytes)) found.push_back({rows.id<TaskId>(0), bytes, spool.file_of(hash)});
  }
  return found;
}

void fail_unanswered(Database& database, const std::vector<Bereft>& tasks) {
  Statement tell{database,
                 "UPDATE prerequisites SET succeeded = 0 WHERE part IN (SELECT id FROM tasks WHERE id >= ?1 AND id < "
                 "?1 + (SELECT parts FROM tasks WHERE id = ?1) AND state IN (?2, ?3))"};
  Statement settle{database,
                   "UPDATE tasks SET state = ?, failure = ? WHERE id >= ?3 AND id < ?3 + (SELECT parts FROM tasks "
                   "WHERE id = ?3) AND state IN (?4, ?5)"};
  Statement forget{database, "UPDATE operations SET spooled = NULL, bytes = x'' WHERE first = ?"};
  for (const Bereft& task : tasks) {
    wire::Failure failure;
    failure.kind = wire::FailureKind::not_run;
    failure.type = "arguments lost";
    failure.text =
        "the arguments (" + std::to_string(task.bytes) + " bytes) are lost: " + task.file.string() +
        " is missing or cut off, as it may be after a loss of power; call it again, and have the cluster's "
        "profile say durability = disk to survive that";
    const base::SharedBytes column{encode_column(failure)};
    tell.run(task.first_task, StoredState::waiting, StoredState::running);
    settle.run(StoredState::settled, column, task.first_task, StoredState::waiting, StoredState::running);
    forget.run(task.first_task);
  }
}

void erase_lost_values(Database& database, const Spool& spool) {
  std::vector<std::string> lost;
  Statement rows{database, "SELECT name, spooled, size FROM environment WHERE spooled IS NOT NULL"};
  rows.start();
  while (rows.next()) {
    if (!spool.has(stored_hash(rows, 1), static_cast<std::uint64_t>(rows.integer(2)))) lost.push_back(rows.text(0));
  }
  Statement erase{database, "DELETE FROM environment WHERE name = ?"};
  for (const std::string& name : lost) erase.run(std::string_view{name});
}

}  // namespace

base::SharedBytes operation_in(const Statement& row, int column, const Spool& spool) {
  if (row.is_null(column + 1)) return row.bytes(column);
  return spool.get(stored_hash(row, column + 1), static_cast<std::uint64_t>(row.integer(column + 2)));
}

DroppedFiles::DroppedFiles(const Database& database) : is_named_{database, is_named} {}

void DroppedFiles::drop(Statement& deleted) {
  while (deleted.next()) {
    if (!deleted.is_null(0)) dropped_.push_back(stored_hash(deleted, 0));
  }
}

void DroppedFiles::remove_from(const Spool& spool) {
  for (const SpoolHash& hash : std::exchange(dropped_, {})) {
    try {
      if (!names(is_named_, hash)) spool.remove(hash);
    } catch (const DatabaseFailure&) {
      // What was committed must not be taken for undone: the file is swept at the next start.
    }
  }
}

void match_spool(Database& database, const Spool& spool) {
  Transaction transaction{database};
  fail_unanswered(database, bereft_tasks(database, spool));
  erase_lost_values(database, spool);
  transaction.commit();
  Statement statement{database, is_named};
  spool.sweep([&](const SpoolHash& hash) { return names(statement, hash); });
}

}  // namespace gangway::journal
