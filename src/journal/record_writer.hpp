// Records into tables. Internal to src/journal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/record.hpp"
#include "journal/database.hpp"
#include "journal/history.hpp"
#include "journal/retention.hpp"
#include "journal/spool.hpp"
#include "journal/spooled_rows.hpp"

namespace gangway::journal {

/// The prepared statements of a journal's one writer. Inside a transaction that its user opens.
class RecordWriter {
 public:
  /// The tables must be there. `spool` outlives it. Throws DatabaseFailure.
  RecordWriter(const Database& database, const Spool& spool);

  /// Writes what some records in a row change, the number of the last, and which ids were given. A task that is
  /// handed to an engine by the records in which it is accepted is written once. Throws DatabaseFailure; then the
  /// transaction must be undone.
  void write(std::span<const core::Record> records);

  /// Behind write() in the same transaction: removes as much of the history as it has added, and some more, as far as
  /// there is too much. Throws DatabaseFailure.
  void purge(const Retention& retention);

  /// In a transaction of its own: the same, `rows_max` rows at most.
  void purge(const Retention& retention, std::uint64_t rows_max);

  /// See History::due().
  [[nodiscard]] std::optional<base::Duration> purge_due() const { return history_.due(); }

  /// After the commit: removes the spool's files that the transaction has dropped.
  void remove_dropped_files() { dropped_.remove_from(spool_); }

 private:
  void write_fact(std::uint64_t number, const core::SessionOpened& fact);
  void write_fact(std::uint64_t number, const core::SessionEnded& fact);
  void write_fact(std::uint64_t number, const core::ModuleStored& fact);
  void write_fact(std::uint64_t number, const core::ModuleForgotten& fact);
  void write_fact(std::uint64_t number, const core::LibraryAdded& fact);
  void write_fact(std::uint64_t number, const core::TaskAccepted& fact);
  void write_fact(std::uint64_t number, const core::AttemptStarted& fact);
  void write_fact(std::uint64_t number, const core::AttemptReturned& fact);
  void write_fact(std::uint64_t number, const core::AttemptFailed& fact);
  void write_fact(std::uint64_t number, const core::TaskSettled& fact);
  void write_fact(std::uint64_t number, const core::TaskForgotten& fact);
  void write_fact(std::uint64_t number, const core::IdsGiven& fact);
  void write_fact(std::uint64_t number, const core::SessionAdopted& fact);
  void write_fact(std::uint64_t number, const core::TaskAttached& fact);
  void write_fact(std::uint64_t number, const core::TaskKept& fact);
  void write_fact(std::uint64_t, const core::TaskUnparked&) {}  // the column `parked` says how it was accepted

  void write_prerequisites(const core::TaskAccepted& fact);
  void write_ended(TaskId task, bool succeeded);

  /// An accepted task that has no rows yet, by the id of one of its parts; null if there is none.
  struct Unwritten;
  [[nodiscard]] const Unwritten* find_unwritten(TaskId task) const;
  /// Before a record that changes the task's rows.
  void need_rows_of(TaskId task);
  void write_accepted();
  void write_accepted(const Unwritten& unwritten);

  struct Unwritten {
    const core::TaskAccepted* fact = nullptr;
    std::size_t starts = 0;  // where its parts' starts begin
  };
  std::vector<Unwritten> unwritten_;                 // of the records being written; ids rise
  std::vector<const core::AttemptStarted*> starts_;  // one for each part of each; null: it waits

  bool any_prerequisites_ = true;  // false: there is none; most clusters never see one
  void write_fact(std::uint64_t number, const core::EnvironmentSet& fact);
  void write_fact(std::uint64_t number, const core::EnvironmentErased& fact);
  void write_fact(std::uint64_t number, const core::HistoryErased& fact);
  void insert_operation(const core::TaskAccepted& fact);
  void erase_environment(const std::string& name);
  /// `changed` gives the ids of rows that it makes history, and their bytes. Runs it to its end; true if there are
  /// any.
  bool add_to_history(Statement& changed);

  const Spool& spool_;
  DroppedFiles dropped_;
  std::uint64_t last_task_ = 0;
  std::uint64_t last_session_ = 0;
  std::int64_t now_ms_ = 0;  // since 1970, of the transaction

  Statement open_session_;
  Statement adopt_session_;
  Statement end_session_;
  Statement end_prerequisites_;
  Statement end_tasks_;
  Statement store_module_;
  Statement forget_module_;
  Statement add_library_;
  Statement insert_task_;
  Statement insert_prerequisite_;
  Statement note_ended_;
  Statement delete_prerequisites_;
  Statement insert_operation_;
  Statement attach_task_;
  Statement keep_task_;
  Statement start_attempt_;
  Statement return_attempt_;
  Statement read_failed_;
  Statement fail_attempt_;
  Statement settle_task_;
  Statement insert_result_;
  Statement forget_single_;
  Statement forget_part_;
  Statement count_left_;
  Statement forget_parts_;
  Statement delete_operation_;
  Statement keep_environment_;
  Statement note_unkept_;
  Statement erase_environment_;
  Statement note_counter_;
  History history_;
};

}  // namespace gangway::journal
