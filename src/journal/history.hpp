// Tasks that no gateway needs any more: in which order they became history, and what is removed of them. Internal to
// src/journal.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "base/instant.hpp"
#include "journal/database.hpp"
#include "journal/retention.hpp"
#include "journal/spooled_rows.hpp"
#include "journal/stored_fields.hpp"

namespace gangway::journal {

/// Ids in a row.
struct IdRange {
  std::uint64_t first = 0;
  std::uint64_t count = 0;

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.first, m.count);
  }
};

/// The journal's one writer has one. All functions but due() stand in transactions that their user opens, and throw
/// DatabaseFailure; then the transaction must be undone.
class History {
 public:
  /// The tables must be there.
  explicit History(const Database& database);

  /// Forgets what was added to a transaction that may have been undone.
  void begin() { added_.clear(), added_bytes_ = 0; }

  /// A row of `tasks` is history from now on. `bytes`: of its operation, if it is its task's first part, and answer.
  void add(TaskId task, std::uint64_t bytes) { added_.push_back(task.value()), added_bytes_ += bytes; }

  /// Writes what was added since begin().
  void write_added(std::int64_t now_ms);

  /// Removes the oldest rows of which there are too many, `rows_max` at most.
  void purge(const Retention& retention, std::int64_t now_ms, std::uint64_t rows_max, DroppedFiles& dropped);

  /// Removes a task with all its parts, if it is history.
  void erase(TaskId task, DroppedFiles& dropped);

  /// All rows that were written are too old from now on: purge() removes them, step by step.
  void expire_all() { expire_all_.run(always_expired_ms); }

  /// As many as keep up with transactions that add what this one has, but no more than it can do on its way.
  [[nodiscard]] std::uint64_t rows_to_keep_up() const;

  /// How long after the last purge() the next one has something to do, if nothing is added: zero if it has left
  /// something; nothing if there is no history, or was no purge().
  [[nodiscard]] std::optional<base::Duration> due() const { return due_; }

 private:
  // Rows that one statement removes: what it costs to begin one is shared.
  static constexpr std::uint64_t chunk_rows = 64;
  // Of `ended_ms`: before the beginning of any age.
  static constexpr std::int64_t always_expired_ms = std::numeric_limits<std::int64_t>::min() / 2;

  struct Totals {
    std::int64_t tasks = 0;
    std::int64_t bytes = 0;
  };
  /// The row of `history` that comes first.
  struct Oldest {
    std::uint64_t number = 0;
    std::int64_t ended_ms = 0;
    std::vector<IdRange> tasks;
  };

  void count(const Totals& removed);
  std::int64_t counter(std::string_view name);
  std::optional<Oldest> oldest();
  /// Removes some rows from the front of `oldest`, at most `rows_left`, which becomes less.
  Totals remove_some(Oldest& oldest, std::uint64_t& rows_left, DroppedFiles& dropped);
  Totals remove(std::uint64_t first, std::uint64_t count, DroppedFiles& dropped);

  std::vector<std::uint64_t> added_;
  std::uint64_t added_bytes_ = 0;
  std::optional<base::Duration> due_;

  Statement insert_;
  Statement read_counter_;
  Statement count_;
  Statement read_oldest_;
  Statement shorten_oldest_;
  Statement delete_oldest_;
  Statement expire_all_;
  Statement find_;
  Statement measure_;
  Statement delete_tasks_;
  Statement delete_results_;
  Statement delete_operations_;
  Statement delete_spooled_operations_;
};

}  // namespace gangway::journal
