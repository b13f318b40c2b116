#include "journal/parked_rows.hpp"

#include <cstdint>
#include <string>
#include <utility>

#include "journal/spooled_rows.hpp"
#include "journal/stored_task.hpp"

namespace gangway::journal {

namespace {

// Rows of a session, in the order of their ids as the index has them. Whether one waits and was never handed out is
// asked last, since that changes.
std::string rows(const std::string& columns, const std::string& rest) {
  return "SELECT " + columns + " FROM tasks t INDEXED BY live_tasks WHERE t.session = ? AND t.live IS NOT NULL AND " +
         "t.parked AND " + rest;
}

constexpr const char* waits = "t.state = 0 AND t.attempts = 0";

}  // namespace

ParkedRows::ParkedRows(const Database& database, const Spool& spool)
    : spool_{spool},
      page_{database,
            rows(stored_part_columns, std::string{"t.id > ? AND "} + waits + " ORDER BY t.id LIMIT ?").c_str()},
      operation_{database, "SELECT bytes, spooled, size FROM operations WHERE first = ?"},
      by_id_{database, (std::string{"SELECT t.id FROM tasks t WHERE t.id = ? AND t.session = ? AND t.live IS NOT "
                                    "NULL AND t.parked AND "} +
                        waits)
                           .c_str()},
      first_from_{database,
                  rows("t.id, t.request, " + std::string{waits}, "t.id >= ? ORDER BY t.id LIMIT 1").c_str()},
      last_{database, rows("t.id", "t.id >= 0 ORDER BY t.id DESC LIMIT 1").c_str()} {}

std::vector<core::TaskAccepted> ParkedRows::read(const core::ReadParked& wanted) {
  std::vector<core::TaskAccepted> page;
  page_.start(wanted.session, wanted.after, wanted.tasks_max);
  while (page_.next()) {
    page.push_back(accepted_of(stored_part(page_)));
    page.back().parked = true;
  }
  if (wanted.listed_for) return page;
  std::size_t complete = 0;
  for (std::uint64_t bytes = 0; complete < page.size() && bytes < wanted.bytes_max; ++complete) {
    core::TaskAccepted& task = page[complete];
    bytes += std::exchange(task.left_out_bytes, 0);
    operation_.start(task.first_task);
    bool is_there = false;
    for (; operation_.next(); is_there = true) task.operation = operation_in(operation_, 0, spool_);
    if (!is_there) throw damaged_task(task.first_task, "its operation is missing");
  }
  page.resize(complete);
  return page;
}

std::optional<TaskId> ParkedRows::find(SessionId session, const wire::PartRef& named) {
  if (named.task == TaskId{}) return find_request(session, named.request);
  std::optional<TaskId> found;
  by_id_.start(named.task, session);
  while (by_id_.next()) found = by_id_.id<TaskId>(0);
  return found;
}

// There is no index by request, which few would need. But later requests have higher ids.
std::optional<TaskId> ParkedRows::find_request(SessionId session, wire::RequestId request) {
  std::uint64_t low = 0;
  std::uint64_t high = 0;  // behind the last
  last_.start(session);
  while (last_.next()) high = last_.id<TaskId>(0).value() + 1;
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    std::optional<TaskId> task;
    wire::RequestId found;
    bool is_parked = false;
    first_from_.start(session, middle);
    while (first_from_.next()) {
      task = first_from_.id<TaskId>(0);
      found = first_from_.id<wire::RequestId>(1);
      is_parked = first_from_.integer(2) != 0;
    }
    if (task && found == request) return is_parked ? task : std::nullopt;
    if (task && found < request) {
      low = task->value() + 1;
    } else {
      high = middle;
    }
  }
  return std::nullopt;
}

}  // namespace gangway::journal
