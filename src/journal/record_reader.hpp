// Tables back into records. Internal to src/journal.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "core/record.hpp"
#include "journal/database.hpp"
#include "journal/spool.hpp"

namespace gangway::journal {

/// The number of the last record that was written.
[[nodiscard]] std::uint64_t last_record_number(Database& database);

using VisitRecord = std::function<void(const core::Record&)>;

/// Shows records that lead to what the tables say: sessions, modules, libraries, task by task, and at last the ids
/// that were given. What is history is left out. Holds one task at a time in memory; operations in the spool are
/// mapped. Their numbers rise; they are not those under which the records were written, but the last is at least
/// last_record_number(). Throws DatabaseFailure, also if what is stored makes no sense.
void replay_records(Database& database, const Spool& spool, const VisitRecord& visit);

/// Told of something that cannot be read or makes no sense, and what becomes of it.
using Complain = std::function<void(const std::string&)>;

/// The same of a damaged journal: goes around what is broken. A task is shown whole or not at all, but one whose
/// answer is lost waits again. Sessions whose tasks are shown are shown too, and the ids at the end are higher than
/// all that were seen. The environment is left out. Throws DatabaseFailure for what is no damage.
void rescue_records(Database& database, const Spool& spool, const VisitRecord& visit, const Complain& complain);

}  // namespace gangway::journal
