// The connections of an open journal and what is prepared on them. Internal to src/journal.
#pragma once

#include <filesystem>
#include <mutex>
#include <optional>
#include <span>
#include <string>

#include "core/record.hpp"
#include "journal/database.hpp"
#include "journal/journal.hpp"
#include "journal/lease.hpp"
#include "journal/parked_rows.hpp"
#include "journal/record_writer.hpp"
#include "journal/retention.hpp"
#include "journal/spool.hpp"
#include "journal/task_lookups.hpp"

namespace gangway::journal {

/// Each function is for one thread; which, says its comment.
class Files {
 public:
  /// The file must be there. Throws DatabaseFailure.
  Files(const JournalSettings& settings, Lease lease);

  /// Before all others. A fault if it is no journal of this version. Throws DatabaseFailure.
  base::Status prepare(const std::filesystem::path& file);

  [[nodiscard]] Database& database() { return database_; }
  [[nodiscard]] const Spool& spool() const { return spool_; }
  [[nodiscard]] bool has_checkpointer() const { return checkpointer_.has_value(); }

  /// All or nothing, and removes some of what is too much of the history. On the journal's thread. Throws
  /// DatabaseFailure.
  void write(std::span<const core::Record> records);

  /// Removes some more of what is too much of the history. On the journal's thread. Throws DatabaseFailure.
  void purge();

  /// When purge() has something to do, as of the last write() or purge(): zero if it has left something; nothing if
  /// there is no history. On the journal's thread.
  [[nodiscard]] std::optional<base::Duration> purge_due() const { return writer_->purge_due(); }

  /// As of the last write().
  [[nodiscard]] bool log_is_long() const;

  /// On the thread of the journal's user. Throws DatabaseFailure.
  [[nodiscard]] std::optional<core::TaskSettled> answer(TaskId task);
  [[nodiscard]] std::vector<core::TaskAccepted> parked(const core::ReadParked& wanted);
  [[nodiscard]] std::optional<TaskId> find_parked(SessionId session, const wire::PartRef& named);
  [[nodiscard]] std::optional<core::KeptTask> find_kept(SessionId session, const std::string& key);
  [[nodiscard]] std::optional<base::SharedBytes> environment(const std::string& name);
  template <class Read>
  auto look_up(const Read& read) {
    std::unique_lock lock{database_in_use_, std::defer_lock};
    if (!reader_) lock.lock();
    return read(*lookups_);
  }

  /// On a thread of its own.
  void checkpoint();

 private:
  void check_lease() const;
  static int note_pages(void* self, sqlite3*, const char*, int pages);
  static void empty_log(const Database& database);

  const Lease lease_;  // given back when all connections are closed
  const Place place_;
  const Retention retention_;
  std::mutex database_in_use_;
  Database database_;
  const Spool spool_;
  std::optional<RecordWriter> writer_;
  // Connections of their own, where there may be several.
  std::optional<Database> checkpointer_;
  std::optional<Database> reader_;
  std::optional<ParkedRows> parked_;
  std::optional<Statement> answer_;
  std::optional<Statement> kept_;
  std::optional<Statement> environment_;
  std::optional<TaskLookups> lookups_;
  int log_pages_ = 0;  // as of the last commit
};

}  // namespace gangway::journal
