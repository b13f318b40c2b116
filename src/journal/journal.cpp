#include "journal/journal.hpp"

#include <linux/magic.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <exception>
#include <iterator>
#include <utility>
#include <variant>

#include "base/check.hpp"
#include "base/limits.hpp"
#include "journal/database.hpp"
#include "journal/file.hpp"
#include "journal/files.hpp"
#include "journal/lease.hpp"
#include "journal/record_reader.hpp"

namespace gangway::journal {

namespace {

// One transaction holds at most so many records: those who wait for the first of them shall not wait for thousands.
constexpr std::size_t transaction_records_max = 4096;
// And about so much of operations, answers and modules: on a disk that was full the first may fit when all do not.
constexpr std::size_t transaction_bytes_max = 16 * base::mib;

// A transaction costs as much as some tens of records in it, whatever it holds. So when the last one held many, the
// writer waits a moment until there are enough for the next. Who waits for a single task's answer never makes many.
constexpr std::size_t many_records = 32;
constexpr std::size_t gathered_records = 256;
constexpr std::chrono::milliseconds gather_max{1};

// How long the writer waits before it tries again what could not be written.
constexpr std::chrono::milliseconds retry_wait{500};

// File systems that are served by another host, and user-space ones, of which nobody knows. The numbers of those that
// <linux/magic.h> leaves out are from their own sources.
constexpr std::array<unsigned long, 8> network_file_systems = {
    NFS_SUPER_MAGIC, SMB_SUPER_MAGIC, SMB2_SUPER_MAGIC, CIFS_SUPER_MAGIC, CEPH_SUPER_MAGIC, FUSE_SUPER_MAGIC,
    0x0BD00BD0UL,  // Lustre
    0x47504653UL,  // GPFS
};

std::size_t payload_bytes(const core::Record& record) {
  if (const auto* const accepted = std::get_if<core::TaskAccepted>(&record.fact)) return accepted->operation.size();
  if (const auto* const stored = std::get_if<core::ModuleStored>(&record.fact)) return stored->content.size();
  const auto* const settled = std::get_if<core::TaskSettled>(&record.fact);
  const auto* const result = settled == nullptr ? nullptr : std::get_if<base::SharedBytes>(&settled->outcome);
  return result == nullptr ? 0 : result->size();
}

/// What is too much of the history goes at once; what will be too old is looked for once in a while, since a process
/// that has nothing to do shall sleep.
base::Duration purge_wait(base::Duration due) {
  return due == base::Duration{} ? due : std::max(due, base::seconds(60));
}

/// At least one record.
std::span<const core::Record> first_transaction(std::span<const core::Record> records) {
  std::size_t count = 0;
  std::size_t bytes = 0;
  while (count < std::min(records.size(), transaction_records_max) && bytes < transaction_bytes_max) {
    bytes += payload_bytes(records[count++]);
  }
  return records.first(count);
}

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

base::Result<std::unique_ptr<Journal>> Journal::open(const JournalSettings& settings) {
  // Counting its own memory costs SQLite a lock at each allocation. Refused, and of no harm, once it is in use.
  sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  const auto fault = [&](const std::string& why) {
    return base::Fault{"the journal " + settings.file.string() + " cannot be used: " + why};
  };
  base::Result<Lease> lease = Lease::take(settings.file);
  if (!lease) return fault(lease.fault().text);
  try {
    if (base::Status there = provide_file(settings.file); !there) return there.fault();
    auto files = std::make_unique<Files>(settings, std::move(lease).value());
    if (base::Status prepared = files->prepare(settings.file); !prepared) return fault(prepared.fault().text);
    std::unique_ptr<Journal> journal{new Journal{settings.file, std::move(files), settings.moved}};
    return journal;
  } catch (const DatabaseFailure& failure) {
    return fault(with_way_out(failure.error(), settings.file));
  }
}

Journal::Journal(std::filesystem::path file, std::unique_ptr<Files> files, std::function<void()> moved)
    : file_{std::move(file)},
      files_{std::move(files)},
      moved_{std::move(moved)},
      durable_number_{last_record_number(files_->database())} {
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

void Journal::append(std::vector<core::Record> batch) {
  if (batch.empty()) return;
  bool is_awaited = false;
  {
    const std::lock_guard lock{mutex_};
    const std::uint64_t last = queue_.empty() ? durable_number_ : queue_.back().number;
    GANGWAY_CHECK(batch.front().number > last, "records must be appended in the order of their numbers");
    const std::size_t before = queue_.size();
    queue_.insert(queue_.end(), std::make_move_iterator(batch.begin()), std::make_move_iterator(batch.end()));
    is_awaited = before == 0 || (before < gathered_records && queue_.size() >= gathered_records);
  }
  if (is_awaited) work_.notify_one();
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
  try {
    replay_records(files_->database(), files_->spool(), visit);
  } catch (const DatabaseFailure& failure) {
    throw DatabaseFailure{{failure.error().code, with_way_out(failure.error(), file_)}};
  }
}

std::optional<core::TaskSettled> Journal::answer(TaskId task) const {
  return files_->answer(task);
}

std::vector<core::TaskAccepted> Journal::parked(const core::ReadParked& wanted) const {
  return files_->parked(wanted);
}

std::optional<TaskId> Journal::find_parked(SessionId session, const wire::PartRef& named) const {
  return files_->find_parked(session, named);
}

std::optional<core::KeptTask> Journal::find_kept(SessionId session, const std::string& key) const {
  return files_->find_kept(session, key);
}

std::optional<base::SharedBytes> Journal::environment(const std::string& name) const {
  return files_->environment(name);
}

core::TaskPage Journal::tasks(const wire::TaskFilter& filter) const {
  return files_->look_up([&](TaskLookups& lookups) { return lookups.tasks(filter); });
}

std::optional<wire::Outcome> Journal::outcome(TaskId task) const {
  return files_->look_up([&](TaskLookups& lookups) { return lookups.outcome(task); });
}

std::optional<core::StoredOperation> Journal::operation(TaskId task) const {
  return files_->look_up([&](TaskLookups& lookups) { return lookups.operation(task); });
}

// ---------------------------------------------------------------- the journal's thread

void Journal::write_until_closed() {
  std::vector<core::Record> taken;  // keeps what could not be written
  while (take_records(taken)) {
    std::span<const core::Record> rest{taken};
    try {
      while (!rest.empty()) {
        const std::span<const core::Record> part = first_transaction(rest);
        files_->write(part);
        rest = rest.subspan(part.size());
        written(part);
      }
      taken.clear();
    } catch (const std::exception& failure) {
      taken.erase(taken.begin(), taken.end() - static_cast<std::ptrdiff_t>(rest.size()));
      const auto* const known = dynamic_cast<const DatabaseFailure*>(&failure);
      failed(known != nullptr ? with_way_out(known->error(), file_) : failure.what());
      std::unique_lock lock{mutex_};
      if (!work_.wait_for(lock, retry_wait, [this] { return closing_; })) continue;
      queue_.insert(queue_.begin(), taken.begin(), taken.end());  // close() counts them
      return;
    }
  }
}

bool Journal::take_records(std::vector<core::Record>& taken) {
  std::unique_lock lock{mutex_};
  const auto has_work = [&] { return closing_ || !queue_.empty() || !taken.empty(); };
  while (!has_work()) {
    const std::optional<base::Duration> due = files_->purge_due();
    if (!due) {
      work_.wait(lock, has_work);
    } else if (!work_.wait_for(lock, std::chrono::nanoseconds{purge_wait(*due).ns}, has_work)) {
      lock.unlock();
      purge();
      lock.lock();
    }
  }
  if (!taken.empty()) return true;
  if (many_came_) {
    work_.wait_for(lock, gather_max, [&] { return closing_ || queue_.size() >= gathered_records; });
  }
  if (queue_.empty()) return false;
  taken = std::exchange(queue_, {});
  writing_ = taken.size();
  many_came_ = writing_ >= many_records;
  return true;
}

void Journal::purge() {
  try {
    files_->purge();
    const std::lock_guard lock{mutex_};
    want_checkpoint();
  } catch (const DatabaseFailure&) {
    // Nobody waits for it; whoever waits for records is told when they cannot be written either.
    std::unique_lock lock{mutex_};
    work_.wait_for(lock, retry_wait, [this] { return closing_ || !queue_.empty(); });
  }
}

void Journal::written(std::span<const core::Record> records) {
  {
    const std::lock_guard lock{mutex_};
    durable_number_ = records.back().number;
    writing_ -= records.size();
    trouble_.reset();
    want_checkpoint();
  }
  if (moved_) moved_();
}

void Journal::want_checkpoint() {
  checkpoint_wanted_ = checkpoint_wanted_ || (files_->has_checkpointer() && files_->log_is_long());
  if (checkpoint_wanted_) checkpoint_.notify_one();
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
