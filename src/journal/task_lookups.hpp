// What people ask a running gateway's journal about tasks, of the history too. Internal to src/journal.
#pragma once

#include <optional>
#include <string>

#include "core/store.hpp"
#include "journal/database.hpp"
#include "journal/spool.hpp"

namespace gangway::journal {

/// The prepared statements. One thread; none of them is under way between two calls, so that nobody holds up the log.
/// All functions throw DatabaseFailure.
class TaskLookups {
 public:
  /// The tables must be there. Both outlive it.
  TaskLookups(const Database& database, const Spool& spool);

  // See core::Store.
  [[nodiscard]] core::TaskPage tasks(const wire::TaskFilter& filter);
  [[nodiscard]] std::optional<wire::Outcome> outcome(TaskId task);
  [[nodiscard]] std::optional<core::StoredOperation> operation(TaskId task);

 private:
  const Spool& spool_;
  Statement newest_;
  Statement one_;
  Statement outcome_;
  Statement operation_;
};

}  // namespace gangway::journal
