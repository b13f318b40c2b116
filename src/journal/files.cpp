#include "journal/files.hpp"

#include <string>
#include <utility>

#include "journal/lookups.hpp"
#include "journal/schema.hpp"
#include "journal/spooled_rows.hpp"

namespace gangway::journal {

namespace {

// The write-ahead log, in pages of 4 KiB: from here on it is emptied into the file beside the writer's work. Each
// time costs two waits for the disk, which a writer feels that appends meanwhile; and pages that are written again
// and again go to the file once.
constexpr int checkpoint_pages = 8192;
// At this size, which it has when the writer is faster than that, it is emptied by the writer itself.
constexpr int checkpoint_pages_max = 32'768;
// Pages that connections beside the writer's keep in memory: they look up single rows, or copy pages once.
constexpr const char* small_cache = "PRAGMA cache_size = 64";
// On a network file system there is one connection, and each commit may do a little of it.
constexpr const char* network_checkpoint = "PRAGMA wal_autocheckpoint = 256";

// Rows of history that are removed in one transaction, while nothing is to be written: what comes then waits for it.
constexpr std::uint64_t purged_rows_max = 512;

// How often a value is looked for whose file is gone.
constexpr int environment_tries_max = 3;

}  // namespace

Files::Files(const JournalSettings& settings, Lease lease)
    : lease_{std::move(lease)},
      place_{settings.place.value_or(place_of(settings.file.parent_path()))},
      retention_{settings.retention},
      database_{settings.file, OpenMode::create},
      spool_{spool_directory(settings.file), settings.hash, settings.durability == Durability::disk} {
  if (place_ == Place::network) database_.run("PRAGMA locking_mode = EXCLUSIVE");
  if (database_.text("PRAGMA journal_mode = WAL") != "wal") {
    throw DatabaseFailure{
        {SQLITE_ERROR, "journal " + settings.file.string() + ": no write-ahead log is possible here"}};
  }
  database_.run(settings.durability == Durability::disk ? "PRAGMA synchronous = FULL"
                                                        : "PRAGMA synchronous = NORMAL");
  database_.run(place_ == Place::network ? network_checkpoint : "PRAGMA wal_autocheckpoint = 0");
  database_.run("PRAGMA temp_store = MEMORY");
}

base::Status Files::prepare(const std::filesystem::path& file) {
  if (base::Status prepared = prepare_schema(database_); !prepared) return prepared;
  match_spool(database_, spool_);
  writer_.emplace(database_, spool_);
  if (place_ == Place::local) {
    checkpointer_.emplace(file, OpenMode::create);
    checkpointer_->run(small_cache);
    sqlite3_wal_hook(database_.handle(), &note_pages, this);
    reader_.emplace(file, OpenMode::create);  // it may have to mend the log's index: not only to read
    reader_->run(small_cache);
  }
  parked_.emplace(reader_ ? *reader_ : database_, spool_);
  answer_.emplace(answer_statement(reader_ ? *reader_ : database_));
  kept_.emplace(kept_statement(reader_ ? *reader_ : database_));
  environment_.emplace(environment_statement(reader_ ? *reader_ : database_));
  lookups_.emplace(reader_ ? *reader_ : database_, spool_);
  return base::Done{};
}

void Files::check_lease() const {
  if (place_ != Place::network) return;
  if (const base::Status mine = lease_.check(); !mine) throw DatabaseFailure{{SQLITE_PERM, mine.fault().text}};
}

void Files::write(std::span<const core::Record> records) {
  check_lease();
  const std::lock_guard lock{database_in_use_};
  Transaction transaction{database_};
  writer_->write(records);
  writer_->purge(retention_);
  transaction.commit();
  writer_->remove_dropped_files();
  // Nobody writes while the writer empties the log, so that all of it is emptied and the next one begins anew.
  if (has_checkpointer() && log_pages_ >= checkpoint_pages_max) empty_log(database_);
}

void Files::purge() {
  check_lease();
  const std::lock_guard lock{database_in_use_};
  Transaction transaction{database_};
  writer_->purge(retention_, purged_rows_max);
  transaction.commit();
  writer_->remove_dropped_files();
}

bool Files::log_is_long() const {
  return log_pages_ >= checkpoint_pages;
}

std::optional<core::TaskSettled> Files::answer(TaskId task) {
  if (reader_) return read_answer(*answer_, task);
  const std::lock_guard lock{database_in_use_};
  return read_answer(*answer_, task);
}

std::vector<core::TaskAccepted> Files::parked(const core::ReadParked& wanted) {
  if (reader_) return parked_->read(wanted);
  const std::lock_guard lock{database_in_use_};
  return parked_->read(wanted);
}

std::optional<TaskId> Files::find_parked(SessionId session, const wire::PartRef& named) {
  if (reader_) return parked_->find(session, named);
  const std::lock_guard lock{database_in_use_};
  return parked_->find(session, named);
}

std::optional<core::KeptTask> Files::find_kept(SessionId session, const std::string& key) {
  if (reader_) return read_kept(*kept_, session, key);
  const std::lock_guard lock{database_in_use_};
  return read_kept(*kept_, session, key);
}

std::optional<base::SharedBytes> Files::environment(const std::string& name) {
  if (!reader_) {
    const std::lock_guard lock{database_in_use_};
    return read_environment(*environment_, spool_, name);
  }
  // The writer may drop the file while it is read; then another one is named.
  for (int tries = 1;; ++tries) {
    try {
      return read_environment(*environment_, spool_, name);
    } catch (const DatabaseFailure&) {
      if (tries == environment_tries_max) throw;
    }
  }
}

void Files::checkpoint() {
  empty_log(*checkpointer_);
}

int Files::note_pages(void* self, sqlite3*, const char*, int pages) {
  static_cast<Files*>(self)->log_pages_ = pages;
  return SQLITE_OK;
}

// What it cannot do now it does the next time.
void Files::empty_log(const Database& database) {
  sqlite3_wal_checkpoint_v2(database.handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
}

}  // namespace gangway::journal
