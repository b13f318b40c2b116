#include "journal/upkeep.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <system_error>
#include <type_traits>
#include <utility>
#include <variant>

#include "journal/damage.hpp"
#include "journal/database.hpp"
#include "journal/file.hpp"
#include "journal/lease.hpp"
#include "journal/offline.hpp"
#include "journal/record_reader.hpp"
#include "journal/schema.hpp"

namespace gangway::journal {

namespace {

namespace fs = std::filesystem;

/// What no journal may hold: a query for the ids of what is wrong, and the words for it.
struct Invariant {
  const char* ids;
  const char* text;
};

// The numbers are those of StoredState.
constexpr std::array<Invariant, 14> invariants = {{
    {"SELECT id FROM tasks WHERE state = 1 AND (engine IS NULL OR handed_ns IS NULL OR attempts < 1)",
     "runs nowhere"},
    {"SELECT id FROM tasks WHERE state = 0 AND (engine IS NOT NULL OR handed_ns IS NOT NULL)",
     "waits, and is at an engine"},
    {"SELECT id FROM tasks WHERE state IN (2, 3, 4) AND (engine IS NULL OR finished_ns IS NULL)",
     "has an answer, and was never finished"},
    {"SELECT id FROM tasks WHERE state = 3 AND parts = 1 AND live IS NOT NULL",
     "is forgotten, and not of the history"},
    {"SELECT id FROM tasks WHERE state = 5 AND live IS NOT NULL", "went with its session, and is not of the history"},
    {"SELECT id FROM tasks WHERE state IN (0, 1) AND live IS NULL", "is of the history, and was to be run"},
    {"SELECT id FROM tasks t WHERE state NOT IN (2, 3, 4) AND EXISTS (SELECT 1 FROM results r WHERE r.task = t.id)",
     "has a result before its answer"},
    {"SELECT id FROM tasks t WHERE failure IS NOT NULL AND EXISTS (SELECT 1 FROM results r WHERE r.task = t.id)",
     "has failed, and has a result"},
    {"SELECT task FROM results r WHERE NOT EXISTS (SELECT 1 FROM tasks t WHERE t.id = r.task)",
     "is not there, but its result is"},
    {"SELECT first FROM operations o WHERE NOT EXISTS (SELECT 1 FROM tasks t WHERE t.id = o.first)",
     "is not there, but its operation is"},
    {"SELECT DISTINCT task FROM prerequisites p WHERE NOT EXISTS (SELECT 1 FROM tasks t WHERE t.id = p.task)",
     "is not there, but what it waits for is"},
    {"SELECT id FROM tasks t WHERE id = first AND live IS NOT NULL AND session NOT IN (SELECT id FROM "
     "sessions)",
     "has no session"},
    {"SELECT id FROM tasks WHERE id > (SELECT value FROM counters WHERE name = 'task')",
     "has a number that was not given"},
    {"SELECT id FROM tasks WHERE session > (SELECT value FROM counters WHERE name = 'session')",
     "is of a session whose number was not given"},
}};

void check_invariants(const Database& database, Findings& findings) {
  for (const Invariant& invariant : invariants) {
    try {
      Statement ids{database, invariant.ids};
      ids.start();
      while (ids.next()) findings.add("task " + std::to_string(ids.integer(0)) + " " + invariant.text);
    } catch (const DatabaseFailure&) {
      return;  // of what cannot be read others have told
    }
  }
}

void check_pages(const Database& database, Findings& findings) {
  try {
    Statement lines{database, "PRAGMA integrity_check"};
    lines.start();
    while (lines.next()) {
      std::string line = lines.text(0);
      std::replace(line.begin(), line.end(), '\n', ' ');
      if (line != "ok") findings.add("the file: " + line);
    }
  } catch (const DatabaseFailure& failure) {
    if (!is_damage(failure.error())) throw;
    findings.add("the file: " + failure.error().text);
  }
}

std::uint64_t bytes_of(const fs::path& journal) {
  std::uint64_t bytes = 0;
  for (const fs::path& file : {journal, beside(journal, log_suffix)}) {
    std::error_code error;
    const std::uintmax_t size = fs::file_size(file, error);
    if (!error) bytes += size;
  }
  return bytes;
}

base::Status check_at_rest(const fs::path& journal) {
  const auto owner = owner_of(journal);
  if (!owner) return base::Done{};
  return base::Fault{"the journal " + journal.string() + " is in use: " + *owner};
}

/// Runs what throws DatabaseFailure.
template <class Run>
auto guarded(const fs::path& journal, const Run& run) -> decltype(run()) {
  try {
    return run();
  } catch (const DatabaseFailure& failure) {
    return base::Fault{with_way_out(failure.error(), journal)};
  }
}

}  // namespace

void Findings::add(std::string text) {
  ++count_;
  if (texts_.size() < texts_max) texts_.push_back(std::move(text));
}

void count(const core::Record& record, Census& census) {
  std::visit(
      [&](const auto& fact) {
        using T = std::decay_t<decltype(fact)>;
        if constexpr (std::is_same_v<T, core::SessionOpened>) {
          ++census.sessions;
        } else if constexpr (std::is_same_v<T, core::ModuleStored>) {
          ++census.modules;
        } else if constexpr (std::is_same_v<T, core::LibraryAdded>) {
          ++census.libraries;
        } else if constexpr (std::is_same_v<T, core::TaskAccepted>) {
          census.tasks_waiting += std::max<std::size_t>(1, fact.engines.size());
        } else if constexpr (std::is_same_v<T, core::AttemptStarted>) {
          --census.tasks_waiting;
          ++census.tasks_running;
        } else if constexpr (std::is_same_v<T, core::AttemptReturned> || std::is_same_v<T, core::AttemptFailed>) {
          --census.tasks_running;
          ++census.tasks_waiting;
        } else if constexpr (std::is_same_v<T, core::TaskSettled>) {
          --census.tasks_waiting;  // of settled tasks a reader shows no attempt
          ++census.tasks_settled;
        } else if constexpr (std::is_same_v<T, core::TaskForgotten>) {
          --census.tasks_settled;
        }
      },
      record.fact);
}

base::Result<Database> open_to_read(const fs::path& journal) {
  std::error_code error;
  if (!fs::is_regular_file(journal, error)) {
    return base::Fault{"there is no journal " + journal.string() + (error ? ": " + error.message() : "")};
  }
  if (fs::file_size(journal, error) == 0) {
    throw DatabaseFailure{{SQLITE_CORRUPT, "journal " + journal.string() + " is empty"}};
  }
  Database database{journal, OpenMode::read};
  database.run("PRAGMA cell_size_check = ON");
  database.run("PRAGMA writable_schema = ON");  // else SQLite reads nothing of a file that is cut off
  if (const base::Status known = check_schema(database); !known) {
    return base::Fault{"the journal " + journal.string() + " cannot be used: " + known.fault().text};
  }
  return database;
}

Findings findings_in(Database& database, const Spool& spool, Census& census) {
  Findings findings;
  check_pages(database, findings);
  rescue_records(
      database, spool, [&](const core::Record& record) { count(record, census); },
      [&](const std::string& text) { findings.add(text); });
  check_invariants(database, findings);
  return findings;
}

// A gateway may have begun while the journal was read, which no lock forbids: so both look for an owner twice.
base::Result<CheckReport> check(const fs::path& journal) {
  return guarded(journal, [&]() -> base::Result<CheckReport> {
    if (base::Status at_rest = check_at_rest(journal); !at_rest) return at_rest.fault();
    CheckReport report;
    try {
      base::Result<Database> database = open_to_read(journal);
      if (!database) return database.fault();
      report.findings = findings_in(database.value(), Spool{spool_directory(journal), {}, false}, report.census);
    } catch (const DatabaseFailure& failure) {
      if (!is_damage(failure.error())) throw;
      report.findings.add(failure.error().text);
    }
    if (base::Status at_rest = check_at_rest(journal); !at_rest) return at_rest.fault();
    return report;
  });
}

base::Result<Findings> export_records(const fs::path& journal,
                                      const std::function<void(const core::Record&)>& visit) {
  return guarded(journal, [&]() -> base::Result<Findings> {
    if (base::Status at_rest = check_at_rest(journal); !at_rest) return at_rest.fault();
    base::Result<Database> database = open_to_read(journal);
    if (!database) return database.fault();
    Findings findings;
    const Spool spool{spool_directory(journal), {}, false};
    rescue_records(database.value(), spool, visit, [&](const std::string& text) { findings.add(text); });
    if (base::Status at_rest = check_at_rest(journal); !at_rest) return at_rest.fault();
    return findings;
  });
}

base::Result<CompactReport> compact(const fs::path& journal) {
  return guarded(journal, [&]() -> base::Result<CompactReport> {
    if (const base::Result<Database> there = open_to_read(journal); !there) return there.fault();
    const base::Result<Lease> lease = Lease::take(journal);
    if (!lease) return base::Fault{"the journal " + journal.string() + " is in use: " + lease.fault().text};
    CompactReport report{bytes_of(journal), 0};
    {
      Database database{journal, OpenMode::create};
      if (const std::string found = database.text("PRAGMA quick_check(1)"); found != "ok") {
        throw DatabaseFailure{{SQLITE_CORRUPT, "journal " + journal.string() + ": " + found}};
      }
      database.run("VACUUM");
      database.run("PRAGMA wal_checkpoint(TRUNCATE)");
    }
    report.bytes_after = bytes_of(journal);
    return report;
  });
}

}  // namespace gangway::journal
