#include "journal/history.hpp"

#include <algorithm>
#include <string_view>

#include "base/bytes.hpp"
#include "journal/spool.hpp"
#include "journal/stored_task.hpp"

namespace gangway::journal {

namespace {

constexpr std::string_view tasks_counter = "history_tasks";
constexpr std::string_view bytes_counter = "history_bytes";

// A row of `history` is read and written whole.
constexpr std::size_t ranges_max = 1024;

// A transaction has so many records that of every four one adds a row, in the long run. One that adds all tasks of a
// session leaves the most of it to later ones.
constexpr std::uint64_t rows_on_the_way_max = 2048;

/// Sorts the ids.
std::vector<IdRange> ranges_of(std::vector<std::uint64_t>& ids) {
  std::sort(ids.begin(), ids.end());
  std::vector<IdRange> ranges;
  for (const std::uint64_t id : ids) {
    if (ranges.empty() || ranges.back().first + ranges.back().count != id) ranges.push_back({id, 0});
    ++ranges.back().count;
  }
  return ranges;
}

}  // namespace

History::History(const Database& database)
    : insert_{database, "INSERT INTO history (ended_ms, tasks) VALUES (?, ?)"},
      read_counter_{database, "SELECT value FROM counters WHERE name = ?"},
      count_{database, "UPDATE counters SET value = value + ? WHERE name = ?"},
      read_oldest_{database, "SELECT number, ended_ms, tasks FROM history ORDER BY number LIMIT 1"},
      shorten_oldest_{database, "UPDATE history SET tasks = ? WHERE number = ?"},
      delete_oldest_{database, "DELETE FROM history WHERE number = ?"},
      expire_all_{database, "UPDATE history SET ended_ms = ?"},
      find_{database, "SELECT first, parts FROM tasks WHERE id = ? AND live IS NULL"},
      measure_{database,
               "SELECT count(*), ifnull(sum(iif(id = first, operation_bytes, 0) + ifnull(answer_bytes, 0)), 0), "
               "max(operation_bytes) FROM tasks WHERE id >= ? AND id < ?"},
      delete_tasks_{database, "DELETE FROM tasks WHERE id >= ? AND id < ?"},
      delete_results_{database, "DELETE FROM results WHERE task >= ? AND task < ?"},
      delete_operations_{database, "DELETE FROM operations WHERE first >= ? AND first < ?"},
      delete_spooled_operations_{database,
                                 "DELETE FROM operations WHERE first >= ? AND first < ? RETURNING spooled"} {}

void History::write_added(std::int64_t now_ms) {
  if (added_.empty()) return;
  const std::vector<IdRange> ranges = ranges_of(added_);
  for (auto from = ranges.begin(); from != ranges.end();) {
    const auto to = from + std::min<std::ptrdiff_t>(ranges_max, ranges.end() - from);
    const base::SharedBytes column{encode_column(std::vector<IdRange>(from, to))};
    insert_.run(now_ms, column);
    from = to;
  }
  count_.run(added_.size(), tasks_counter);
  count_.run(added_bytes_, bytes_counter);
}

std::uint64_t History::rows_to_keep_up() const {
  return std::min(2 * added_.size() + chunk_rows, rows_on_the_way_max);
}

void History::purge(const Retention& retention, std::int64_t now_ms, std::uint64_t rows_max, DroppedFiles& dropped) {
  constexpr std::int64_t ms = base::milliseconds(1).ns;
  const auto tasks_max = static_cast<std::int64_t>(retention.tasks_max);
  const auto bytes_max = static_cast<std::int64_t>(retention.bytes_max);
  const Totals before{counter(tasks_counter), counter(bytes_counter)};
  Totals purged;
  std::uint64_t rows_left = rows_max;
  std::optional<Oldest> first = oldest();
  bool is_shortened = false;
  const auto expires_ms = [&] { return first->ended_ms + retention.age_max.ns / ms; };
  const auto is_too_much = [&] {
    return before.tasks - purged.tasks > tasks_max || before.bytes - purged.bytes > bytes_max ||
           expires_ms() <= now_ms;
  };
  while (first && is_too_much() && rows_left > 0) {
    const Totals removed = remove_some(*first, rows_left, dropped);
    purged.tasks += removed.tasks;
    purged.bytes += removed.bytes;
    is_shortened = !first->tasks.empty();
    if (is_shortened) continue;
    delete_oldest_.run(first->number);
    first = oldest();
  }
  if (is_shortened) {
    const base::SharedBytes ranges{encode_column(first->tasks)};
    shorten_oldest_.run(ranges, first->number);
  }
  count(purged);
  due_.reset();
  if (first) due_ = is_too_much() ? base::Duration{} : base::milliseconds(expires_ms() - now_ms);
}

// In `history` their ids stay, which name nothing any more.
void History::erase(TaskId task, DroppedFiles& dropped) {
  std::uint64_t first = 0;
  std::uint64_t parts = 0;
  find_.start(task);
  while (find_.next()) {
    first = static_cast<std::uint64_t>(find_.integer(0));
    parts = static_cast<std::uint64_t>(find_.integer(1));
  }
  if (parts > 0) count(remove(first, parts, dropped));
}

void History::count(const Totals& removed) {
  if (removed.tasks == 0) return;
  count_.run(-removed.tasks, tasks_counter);
  count_.run(-removed.bytes, bytes_counter);
}

std::int64_t History::counter(std::string_view name) {
  std::int64_t value = 0;
  read_counter_.start(name);
  while (read_counter_.next()) value = read_counter_.integer(0);
  return value;
}

std::optional<History::Oldest> History::oldest() {
  std::optional<Oldest> found;
  read_oldest_.start();
  while (read_oldest_.next()) {
    auto ranges = decode_column<std::vector<IdRange>>(read_oldest_.bytes(2));
    if (!ranges) {
      throw DatabaseFailure{{SQLITE_CORRUPT, "journal: the table of history is damaged: " + ranges.fault().text}};
    }
    found = {static_cast<std::uint64_t>(read_oldest_.integer(0)), read_oldest_.integer(1), std::move(ranges).value()};
  }
  return found;
}

History::Totals History::remove_some(Oldest& oldest, std::uint64_t& rows_left, DroppedFiles& dropped) {
  if (oldest.tasks.empty()) return {};
  IdRange& range = oldest.tasks.front();
  const std::uint64_t count = std::min({range.count, chunk_rows, rows_left});
  rows_left -= count;
  const Totals removed = remove(range.first, count, dropped);
  range.first += count;
  range.count -= count;
  if (range.count == 0) oldest.tasks.erase(oldest.tasks.begin());
  return removed;
}

History::Totals History::remove(std::uint64_t first, std::uint64_t count, DroppedFiles& dropped) {
  const std::uint64_t behind = first + count;
  Totals removed;
  bool any_spooled = false;
  measure_.start(first, behind);
  while (measure_.next()) {
    removed = {measure_.integer(0), measure_.integer(1)};
    any_spooled = static_cast<std::uint64_t>(measure_.integer(2)) > inline_bytes_max;
  }
  delete_tasks_.run(first, behind);
  delete_results_.run(first, behind);
  if (any_spooled) {
    delete_spooled_operations_.start(first, behind);
    dropped.drop(delete_spooled_operations_);
  } else {
    delete_operations_.run(first, behind);
  }
  return removed;
}

}  // namespace gangway::journal
