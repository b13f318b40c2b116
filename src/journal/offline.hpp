// What the functions of journal/upkeep.hpp have in common. Internal to src/journal.
#pragma once

#include <filesystem>

#include "base/result.hpp"
#include "core/record.hpp"
#include "journal/database.hpp"
#include "journal/spool.hpp"
#include "journal/upkeep.hpp"

namespace gangway::journal {

/// Opens a journal to read it. A fault if there is none, or if it is not one of this version. Throws DatabaseFailure.
base::Result<Database> open_to_read(const std::filesystem::path& journal);

/// All that is wrong with an open journal, and what it holds. Throws DatabaseFailure for what is no damage, or so
/// much that nothing can be read.
Findings findings_in(Database& database, const Spool& spool, Census& census);

/// Counts a record that a reader of a journal has shown.
void count(const core::Record& record, Census& census);

}  // namespace gangway::journal
