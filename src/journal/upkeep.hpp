// What an administrator does with the journal of a cluster that is down. None of it touches a journal that a gateway
// owns: that is a fault which says who does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "core/record.hpp"

namespace gangway::journal {

/// What a journal holds.
struct Census {
  std::uint64_t sessions = 0;
  std::uint64_t modules = 0;
  std::uint64_t libraries = 0;
  std::uint64_t tasks_waiting = 0;  // each part of a task counts
  std::uint64_t tasks_running = 0;
  std::uint64_t tasks_settled = 0;

  friend bool operator==(const Census&, const Census&) = default;
};

/// Things that were found wrong, in words. The first are kept, all are counted.
class Findings {
 public:
  void add(std::string text);

  [[nodiscard]] const std::vector<std::string>& texts() const { return texts_; }
  [[nodiscard]] std::uint64_t left_out() const { return count_ - texts_.size(); }
  [[nodiscard]] bool empty() const { return count_ == 0; }

  /// So many are kept.
  static constexpr std::size_t texts_max = 100;

 private:
  std::vector<std::string> texts_;
  std::uint64_t count_ = 0;
};

/// What check() found: whatever is wrong, and what can be read.
struct CheckReport {
  Findings findings;
  Census census;
};

/// Looks at all of a journal and changes nothing: whether SQLite finds it whole, and whether what is stored makes
/// sense. A fault if it cannot be opened, is no journal or that of a newer version.
base::Result<CheckReport> check(const std::filesystem::path& journal);

/// The bytes of a journal with its log.
struct CompactReport {
  std::uint64_t bytes_before = 0;
  std::uint64_t bytes_after = 0;
};

/// Gives back the room that removed tasks have left, and empties the log. Needs as much room again while it works;
/// whenever it is interrupted, the journal is as it was, or compact. A fault also if the journal is damaged.
base::Result<CompactReport> compact(const std::filesystem::path& journal);

/// Shows records that lead to what the journal holds, as core::Store::replay() does, and leaves out what is damaged,
/// which is returned. A fault as for check().
base::Result<Findings> export_records(const std::filesystem::path& journal,
                                      const std::function<void(const core::Record&)>& visit);

/// What salvage() has done.
struct SalvageReport {
  Findings losses;
  Census rescued;
  std::filesystem::path kept;  // the damaged journal
};

/// Writes what can be read of a damaged journal into a new one, which takes its place; the damaged one is kept under
/// another name, and so is its log. A fault if nothing can be read. If it is interrupted, the next call completes it,
/// and no gateway begins with less meanwhile.
base::Result<SalvageReport> salvage(const std::filesystem::path& journal);

}  // namespace gangway::journal
