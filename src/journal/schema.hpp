// The tables of a journal, their version, and how a file of an older version becomes one of this.
#pragma once

#include "base/result.hpp"
#include "journal/database.hpp"

namespace gangway::journal {

/// The version this library writes.
inline constexpr int schema_version = 1;

/// Makes the tables in a new file, or brings those of an older version up to date; both in one transaction. A fault
/// if the file is not a journal or was written by a newer version. Throws DatabaseFailure.
base::Status prepare_schema(Database& database);

/// What the column `tasks.state` says.
enum class StoredState : int {
  waiting = 0,
  running = 1,
  settled = 2,
  forgotten = 3,  // and other parts of its task are not
  kept = 4        // acknowledged, and kept for its key
};

}  // namespace gangway::journal
