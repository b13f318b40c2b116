// Records into tables. Internal to src/journal.
#pragma once

#include "core/record.hpp"
#include "journal/database.hpp"
#include "journal/spool.hpp"
#include "journal/spooled_rows.hpp"

namespace gangway::journal {

/// The prepared statements of a journal's one writer. Inside a transaction that its user opens.
class RecordWriter {
 public:
  /// The tables must be there. `spool` outlives it. Throws DatabaseFailure.
  RecordWriter(const Database& database, const Spool& spool);

  /// At the beginning of a transaction.
  void begin() { dropped_.clear(); }

  /// Writes what a record changes. Throws DatabaseFailure; then the transaction must be undone.
  void write(const core::Record& record);

  /// After the last record of a transaction: notes its number, and which ids were given. Throws DatabaseFailure.
  void finish(std::uint64_t last_record);

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

  void write_ended(TaskId task, bool succeeded);

  bool any_prerequisites_ = true;  // false: there is none; most clusters never see one
  void write_fact(std::uint64_t number, const core::EnvironmentSet& fact);
  void write_fact(std::uint64_t number, const core::EnvironmentErased& fact);
  void insert_operation(const core::TaskAccepted& fact);
  void erase_environment(const std::string& name);

  const Spool& spool_;
  DroppedFiles dropped_;
  std::uint64_t last_task_ = 0;
  std::uint64_t last_session_ = 0;

  Statement open_session_;
  Statement adopt_session_;
  Statement end_session_;
  Statement end_operations_;
  Statement end_results_;
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
  Statement delete_single_;
  Statement forget_part_;
  Statement read_task_;
  Statement count_left_;
  Statement delete_parts_;
  Statement delete_result_;
  Statement delete_operation_;
  Statement keep_environment_;
  Statement note_unkept_;
  Statement erase_environment_;
  Statement note_counter_;
};

}  // namespace gangway::journal
