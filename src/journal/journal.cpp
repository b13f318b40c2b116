#include "journal/journal.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <exception>
#include <utility>

#include "base/check.hpp"
#include "journal/database.hpp"
#include "journal/record_reader.hpp"
#include "journal/record_writer.hpp"
#include "journal/schema.hpp"
#include "os/descriptor.hpp"

namespace gangway::journal {

namespace {

// One transaction holds at most so many records: those who wait for the first of them shall not wait for thousands.
constexpr std::size_t transaction_records_max = 4096;

// How long the writer waits before it tries again what could not be written.
constexpr std::chrono::milliseconds retry_wait{500};

// How often a value is looked for whose file is gone.
constexpr int environment_tries_max = 3;

// The write-ahead log, in pages of 4 KiB: from here on it is emptied into the file beside the writer's work ...
constexpr int checkpoint_pages = 1024;
// ... and at this size, which it has when the writer is faster than that, by the writer itself.
constexpr int checkpoint_pages_max = 16'384;
// On a network file system there is one connection, and each commit may do a little of it.
constexpr const char* network_checkpoint = "PRAGMA wal_autocheckpoint = 256";

// File systems that are served by another host, and user-space ones, of which nobody knows. The numbers of those that
// <linux/magic.h> leaves out are from their own sources.
constexpr std::array<unsigned long, 8> network_file_systems = {
    NFS_SUPER_MAGIC, SMB_SUPER_MAGIC, SMB2_SUPER_MAGIC, CIFS_SUPER_MAGIC, CEPH_SUPER_MAGIC, FUSE_SUPER_MAGIC,
    0x0BD00BD0UL,  // Lustre
    0x47504653UL,  // GPFS
};

}  // namespace

Place place_of(const std::filesystem::path& directory) {
  struct statfs status {};
  if (::statfs(directory.c_str(), &status) != 0) return Place::local;  // opening the file will tell
  // f_type is signed on some systems, and these numbers have their highest bit set.
  const auto type = static_cast<unsigned long>(status.f_type) & 0xFFFF'FFFFUL;
  const bool is_network =
      std::find(network_file_systems.begin(), network_file_systems.end(), type) != network_file_systems.end();
  return is_network ? Place::network : Place::local;
}

/// The connections and what is prepared on them.
class Journal::Files {
 public:
  /// Throws DatabaseFailure.
  explicit Files(const JournalSettings& settings)
      : place_{settings.place.value_or(place_of(settings.file.parent_path()))},
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

  base::Status prepare(const std::filesystem::path& file) {
    if (base::Status prepared = prepare_schema(database_); !prepared) return prepared;
    match_spool(database_, spool_);
    writer_.emplace(database_, spool_);
    if (place_ == Place::local) {
      checkpointer_.emplace(file, OpenMode::create);
      sqlite3_wal_hook(database_.handle(), &note_pages, this);
      reader_.emplace(file, OpenMode::create);  // it may have to mend the log's index: not only to read
    }
    answer_.emplace(answer_statement(reader_ ? *reader_ : database_));
    kept_.emplace(kept_statement(reader_ ? *reader_ : database_));
    environment_.emplace(environment_statement(reader_ ? *reader_ : database_));
    return base::Done{};
  }

  Database& database() { return database_; }
  [[nodiscard]] const Spool& spool() const { return spool_; }
  [[nodiscard]] bool has_checkpointer() const { return checkpointer_.has_value(); }

  /// All or nothing. Throws DatabaseFailure.
  void write(std::span<const core::Record> records) {
    const std::lock_guard lock{database_in_use_};
    Transaction transaction{database_};
    writer_->begin();
    for (const core::Record& record : records) writer_->write(record);
    writer_->finish(records.back().number);
    transaction.commit();
    writer_->remove_dropped_files();
    // Nobody writes while the writer empties the log, so that all of it is emptied and the next one begins anew.
    if (has_checkpointer() && log_pages_ >= checkpoint_pages_max) empty_log(database_);
  }

  [[nodiscard]] bool log_is_long() const { return log_pages_ >= checkpoint_pages; }

  /// On the thread of the journal's user.
  [[nodiscard]] std::optional<core::TaskSettled> answer(TaskId task) {
    if (reader_) return read_answer(*answer_, task);
    const std::lock_guard lock{database_in_use_};
    return read_answer(*answer_, task);
  }

  [[nodiscard]] std::optional<core::KeptTask> find_kept(SessionId session, const std::string& key) {
    if (reader_) return read_kept(*kept_, session, key);
    const std::lock_guard lock{database_in_use_};
    return read_kept(*kept_, session, key);
  }

  /// On the thread of the journal's user.
  [[nodiscard]] std::optional<base::SharedBytes> environment(const std::string& name) {
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

  /// On another thread than the rest.
  void checkpoint() { empty_log(*checkpointer_); }

 private:
  static int note_pages(void* self, sqlite3*, const char*, int pages) {
    static_cast<Files*>(self)->log_pages_ = pages;
    return SQLITE_OK;
  }

  // What it cannot do now it does the next time.
  static void empty_log(const Database& database) {
    sqlite3_wal_checkpoint_v2(database.handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  }

  const Place place_;
  std::mutex database_in_use_;
  Database database_;
  const Spool spool_;
  std::optional<RecordWriter> writer_;
  // Connections of their own, where there may be several.
  std::optional<Database> checkpointer_;
  std::optional<Database> reader_;
  std::optional<Statement> answer_;
  std::optional<Statement> kept_;
  std::optional<Statement> environment_;
  int log_pages_ = 0;  // as of the last commit
};

base::Result<std::unique_ptr<Journal>> Journal::open(const JournalSettings& settings) {
  // Counting its own memory costs SQLite a lock at each allocation. Refused, and of no harm, once it is in use.
  sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  const auto fault = [&](const std::string& why) {
    return base::Fault{"the journal " + settings.file.string() + " cannot be used: " + why};
  };
  // SQLite would make it with the rights that the umask leaves.
  const os::Descriptor made{::open(settings.file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR)};
  if (!made) return os::system_fault("the journal " + settings.file.string() + " cannot be opened");
  try {
    auto files = std::make_unique<Files>(settings);
    if (base::Status prepared = files->prepare(settings.file); !prepared) return fault(prepared.fault().text);
    std::unique_ptr<Journal> journal{new Journal{std::move(files), settings.moved}};
    return journal;
  } catch (const DatabaseFailure& failure) {
    const int kind = failure.error().code & 0xFF;
    const bool is_damaged = kind == SQLITE_CORRUPT || kind == SQLITE_NOTADB;
    return fault(failure.error().text +
                 (is_damaged ? "; it is damaged, or something else than a journal of Gangway" : ""));
  }
}

Journal::Journal(std::unique_ptr<Files> files, std::function<void()> moved)
    : files_{std::move(files)}, moved_{std::move(moved)}, durable_number_{last_record_number(files_->database())} {
  writer_ = std::thread{[this] { write_until_closed(); }};
  if (files_->has_checkpointer()) checkpointer_ = std::thread{[this] { checkpoint_until_closed(); }};
}

Journal::~Journal() {
  static_cast<void>(close());
}

base::Status Journal::close() {
  {
    const std::lock_guard lock{mutex_};
    closing_ = true;
  }
  work_.notify_all();
  checkpoint_.notify_all();
  if (writer_.joinable()) writer_.join();
  if (checkpointer_.joinable()) checkpointer_.join();
  const std::lock_guard lock{mutex_};
  if (queue_.empty()) return base::Done{};
  return base::Fault{std::to_string(queue_.size()) +
                     " records were not written: " + trouble_.value_or("the journal was closed")};
}

void Journal::append(std::span<const core::Record> batch) {
  if (batch.empty()) return;
  bool was_idle = false;
  {
    const std::lock_guard lock{mutex_};
    const std::uint64_t last = queue_.empty() ? durable_number_ : queue_.back().number;
    GANGWAY_CHECK(batch.front().number > last, "records must be appended in the order of their numbers");
    was_idle = queue_.empty();
    queue_.insert(queue_.end(), batch.begin(), batch.end());
  }
  if (was_idle) work_.notify_one();
}

std::uint64_t Journal::durable_number() const {
  const std::lock_guard lock{mutex_};
  return durable_number_;
}

std::optional<std::string> Journal::trouble() const {
  const std::lock_guard lock{mutex_};
  return trouble_;
}

std::size_t Journal::queued_records() const {
  const std::lock_guard lock{mutex_};
  return queue_.size() + writing_;
}

void Journal::replay(const std::function<void(const core::Record&)>& visit) const {
  GANGWAY_CHECK(queued_records() == 0, "a journal is read back before it is written");
  replay_records(files_->database(), files_->spool(), visit);
}

std::optional<core::TaskSettled> Journal::answer(TaskId task) const {
  return files_->answer(task);
}

std::optional<core::KeptTask> Journal::find_kept(SessionId session, const std::string& key) const {
  return files_->find_kept(session, key);
}

std::optional<base::SharedBytes> Journal::environment(const std::string& name) const {
  return files_->environment(name);
}

// ---------------------------------------------------------------- the journal's thread

void Journal::write_until_closed() {
  std::vector<core::Record> taken;  // keeps what could not be written
  for (;;) {
    {
      std::unique_lock lock{mutex_};
      work_.wait(lock, [&] { return closing_ || !queue_.empty() || !taken.empty(); });
      if (taken.empty()) {
        if (queue_.empty()) return;
        taken = std::exchange(queue_, {});
        writing_ = taken.size();
      }
    }
    std::span<const core::Record> rest{taken};
    try {
      while (!rest.empty()) {
        const std::span<const core::Record> part = rest.first(std::min(rest.size(), transaction_records_max));
        files_->write(part);
        rest = rest.subspan(part.size());
        written(part);
      }
      taken.clear();
    } catch (const std::exception& failure) {
      taken.erase(taken.begin(), taken.end() - static_cast<std::ptrdiff_t>(rest.size()));
      failed(failure.what());
      std::unique_lock lock{mutex_};
      if (!work_.wait_for(lock, retry_wait, [this] { return closing_; })) continue;
      queue_.insert(queue_.begin(), taken.begin(), taken.end());  // close() counts them
      return;
    }
  }
}

void Journal::written(std::span<const core::Record> records) {
  {
    const std::lock_guard lock{mutex_};
    durable_number_ = records.back().number;
    writing_ -= records.size();
    trouble_.reset();
    checkpoint_wanted_ = checkpoint_wanted_ || (files_->has_checkpointer() && files_->log_is_long());
    if (checkpoint_wanted_) checkpoint_.notify_one();
  }
  if (moved_) moved_();
}

void Journal::failed(std::string trouble) {
  {
    const std::lock_guard lock{mutex_};
    if (trouble_ == trouble) return;
    trouble_ = std::move(trouble);
  }
  if (moved_) moved_();
}

// ---------------------------------------------------------------- the checkpointer's thread

void Journal::checkpoint_until_closed() {
  for (;;) {
    {
      std::unique_lock lock{mutex_};
      checkpoint_.wait(lock, [this] { return closing_ || checkpoint_wanted_; });
      if (closing_) return;
      checkpoint_wanted_ = false;
    }
    files_->checkpoint();
  }
}

}  // namespace gangway::journal
