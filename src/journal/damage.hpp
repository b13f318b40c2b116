// Reading a table of which parts cannot be read. Internal to src/journal.
#pragma once

#include <functional>
#include <string>

#include "journal/database.hpp"

namespace gangway::journal {

/// Whether SQLite, or a reader of what is stored, says that it is broken.
[[nodiscard]] bool is_damage(const DatabaseError& error);

/// Visits rows by rising keys and goes on behind what cannot be read, which it tells, with the keys. `sql` takes the
/// lowest key and gives the key as its first column, in order; `what` is the plural of what has these keys. What
/// `visit` throws about damage is told, and the row left out. Throws DatabaseFailure for what is no damage.
void read_around_damage(const Database& database, const char* sql, const char* what,
                        const std::function<void(const std::string&)>& complain,
                        const std::function<void(const Statement&)>& visit);

}  // namespace gangway::journal
