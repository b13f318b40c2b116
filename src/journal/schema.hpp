// The tables of a journal, their version, and how a file of an older version becomes one of this.
#pragma once

#include <span>

#include "base/result.hpp"
#include "journal/database.hpp"

namespace gangway::journal {

/// The version this library writes.
inline constexpr int schema_version = 1;

/// What makes version i + 1 of version i, in SQL; version 0 is an empty file.
[[nodiscard]] std::span<const char* const> schema_steps();

/// A fault unless it is a journal of this version. Throws DatabaseFailure.
base::Status check_schema(Database& database);

/// Makes the tables in a new file, or brings those of an older version up to date; both in one transaction. A fault
/// if the file is not a journal or was written by a newer version. Throws DatabaseFailure, and then nothing was
/// changed.
base::Status prepare_schema(Database& database, std::span<const char* const> steps_known = schema_steps());

/// What the column `tasks.state` says.
enum class StoredState : int {
  waiting = 0,
  running = 1,
  settled = 2,
  forgotten = 3,  // acknowledged; as long as other parts of its task are not, it is live
  kept = 4,       // acknowledged, and kept for its key
  dropped = 5     // its session ended before it was answered
};

}  // namespace gangway::journal
