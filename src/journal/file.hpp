// A journal as a file: what is there, how it comes about, and what to do when SQLite cannot use it. Internal to
// src/journal.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.hpp"
#include "journal/database.hpp"

namespace gangway::journal {

/// A file beside the journal: `suffix` behind its name.
[[nodiscard]] std::filesystem::path beside(const std::filesystem::path& journal, const char* suffix);

/// SQLite's log, which holds what is not in the file yet.
inline constexpr const char* log_suffix = "-wal";
/// The index of that, which SQLite makes anew when it is missing.
inline constexpr const char* index_suffix = "-shm";
/// What salvage() has written and not put in its place yet.
inline constexpr const char* salvaged_suffix = ".salvaged";

/// Makes an empty journal, for its owner alone, unless there is one. It appears whole, so that an empty file is a
/// damaged one. A fault if there is something that cannot be a journal. Throws DatabaseFailure.
base::Status provide_file(const std::filesystem::path& journal);

/// Makes an empty journal in place of whatever `journal` was. Throws DatabaseFailure.
base::Status make_file(const std::filesystem::path& journal);

/// What went wrong, and what to do about it.
[[nodiscard]] std::string with_way_out(const DatabaseError& error, const std::filesystem::path& journal);

/// The two commands for a damaged journal, to be put behind what is wrong.
[[nodiscard]] std::string way_out_of_damage(const std::filesystem::path& journal);

}  // namespace gangway::journal
