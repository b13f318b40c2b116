// The journal: a gateway's records in a SQLite file, written by a thread of its own. What was appended in the
// meantime is one transaction, so that a busy gateway pays for few commits and its loop waits for none.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/result.hpp"
#include "core/store.hpp"
#include "journal/retention.hpp"
#include "journal/spool.hpp"

namespace gangway::journal {

class Files;

/// What a durable record survives.
enum class Durability {
  commit,  // the death of any process
  disk     // the loss of power too: each commit waits for the disk
};

/// Where the file lies decides how it is written.
enum class Place {
  local,   // a write-ahead log, and a second connection that empties it into the file
  network  // the same in exclusive mode, without shared memory and locks, which such file systems may lack
};

/// The kind of file system that `directory` lies on, by what statfs() says.
[[nodiscard]] Place place_of(const std::filesystem::path& directory);

struct JournalSettings {
  /// Made if it is missing, for its owner alone. Its directory must be there.
  std::filesystem::path file;
  Durability durability = Durability::commit;
  /// By default what place_of() finds.
  std::optional<Place> place = {};
  /// SHA-256, by which large arguments get files of their own (journal/spool.hpp). Empty: all stand in the journal.
  HashFunction hash = {};
  Retention retention = {};
  /// Called on the journal's thread when durable_number() has risen or trouble() has changed. May be empty.
  std::function<void()> moved = {};
};

/// See core::Store; all its functions are for one thread, which is not the journal's own.
///
/// What cannot be written now (a full disk above all) is kept and tried again until it can; until then
/// durable_number() stands still and trouble() says why.
class Journal final : public core::Store {
 public:
  /// Opens or makes the file, and owns it until the end. A fault, with the way out, if it cannot be opened, is
  /// damaged, is no journal, was written by a newer version, or belongs to a process that lives or may live.
  static base::Result<std::unique_ptr<Journal>> open(const JournalSettings& settings);

  /// close()
  ~Journal() override;

  /// Writes what is appended, if it can, and ends the threads. A fault says why something was not written. The last
  /// call but the destructor.
  base::Status close();

  void append(std::vector<core::Record> batch) override;
  [[nodiscard]] std::uint64_t durable_number() const override;

  /// Before the first append(). Throws std::exception if what is stored is damaged.
  void replay(const std::function<void(const core::Record&)>& visit) const override;

  // All throw std::exception if it cannot be read.
  [[nodiscard]] std::vector<core::TaskAccepted> parked(const core::ReadParked& wanted) const override;
  [[nodiscard]] std::optional<TaskId> find_parked(SessionId session, const wire::PartRef& named) const override;
  [[nodiscard]] std::optional<core::KeptTask> find_kept(SessionId session, const std::string& key) const override;
  [[nodiscard]] std::optional<core::TaskSettled> answer(TaskId task) const override;

  /// Mapped, if it is large. Throws std::exception if it cannot be read.
  [[nodiscard]] std::optional<base::SharedBytes> environment(const std::string& name) const override;

  // They throw std::exception if it cannot be read.
  [[nodiscard]] core::TaskPage tasks(const wire::TaskFilter& filter) const override;
  [[nodiscard]] std::optional<wire::Outcome> outcome(TaskId task) const override;
  [[nodiscard]] std::optional<core::StoredOperation> operation(TaskId task) const override;

  /// Why nothing becomes durable at the moment; nothing if all is well.
  [[nodiscard]] std::optional<std::string> trouble() const;

  /// What was appended and is not durable yet.
  [[nodiscard]] std::size_t queued_records() const;

 private:
  Journal(std::filesystem::path file, std::unique_ptr<Files> files, std::function<void()> moved);
  void write_until_closed();
  void checkpoint_until_closed();
  /// Waits for records, and removes history meanwhile. False when the journal is closed and nothing is left.
  bool take_records(std::vector<core::Record>& taken);
  void purge();
  void want_checkpoint();
  void written(std::span<const core::Record> records);
  void failed(std::string trouble);

  const std::filesystem::path file_;
  const std::unique_ptr<Files> files_;
  const std::function<void()> moved_;

  mutable std::mutex mutex_;
  std::condition_variable work_;
  std::vector<core::Record> queue_;
  std::size_t writing_ = 0;  // records that the thread has taken out of the queue
  bool many_came_ = false;   // when it last took some
  std::uint64_t durable_number_ = 0;
  std::optional<std::string> trouble_;
  bool closing_ = false;

  std::condition_variable checkpoint_;
  bool checkpoint_wanted_ = false;

  std::thread writer_;
  std::thread checkpointer_;
};

}  // namespace gangway::journal
