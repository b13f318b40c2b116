#include "journal/schema.hpp"

#include <array>
#include <string>

namespace gangway::journal {

namespace {

// Marks a SQLite file as a journal of Gangway: "Gway".
constexpr int application_id = 0x47776179;

// Each brings a file from the version of its index to the next: the first makes the tables, a later one changes them
// and what is in them. Only ever append, once a version has been released.
constexpr std::array<const char*, schema_version> steps = {R"sql(
  CREATE TABLE sessions (
    id INTEGER PRIMARY KEY,
    name TEXT UNIQUE,                    -- NULL: none
    openings INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE modules (
    number INTEGER PRIMARY KEY,          -- of the record
    hash BLOB NOT NULL UNIQUE,
    content BLOB NOT NULL
  ) STRICT;
  CREATE TABLE libraries (
    number INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE
  ) STRICT;
  -- One row for each part of a task. The columns that never change come first: they are written once. What was
  -- acknowledged, or whose session has ended, is history: it stays until retention or a user removes it.
  CREATE TABLE tasks (
    id INTEGER PRIMARY KEY,
    first INTEGER NOT NULL,              -- the id of the task's first part
    parts INTEGER NOT NULL,              -- how many there are
    session INTEGER NOT NULL,
    request INTEGER NOT NULL,
    target INTEGER,                      -- the engine it is for; NULL: any
    label TEXT NOT NULL,
    needs BLOB,                          -- names, encoded; NULL: none
    module BLOB,                         -- hash; NULL: none
    policy BLOB,                         -- wire::RetryPolicy, encoded; NULL: the usual one
    key TEXT,                            -- NULL: none
    submitted_ns INTEGER NOT NULL,
    accepted_ms INTEGER NOT NULL,        -- when it was written, since 1970
    operation_bytes INTEGER NOT NULL,
    parked INTEGER NOT NULL,             -- 1: it was accepted as one that waits beyond the window
    state INTEGER NOT NULL,              -- StoredState
    live INTEGER,                        -- 1: a gateway may need it; NULL: it is history
    attempts INTEGER NOT NULL DEFAULT 0, -- the number of the latest
    engine INTEGER,                      -- of the latest attempt
    handed_ns INTEGER,
    finished_ns INTEGER,
    run_ns INTEGER,
    failed BLOB,                         -- attempts that were followed by others, encoded; NULL: none
    failure BLOB,                        -- encoded; NULL: the result is in `results`
    answer_bytes INTEGER                 -- of result or failure; NULL: there is none
  ) STRICT;
  CREATE INDEX live_tasks ON tasks (session) WHERE live IS NOT NULL;
  CREATE INDEX tasks_by_key ON tasks (session, key) WHERE key IS NOT NULL;
  -- What tasks wait for that have not ended: one row for each part that one of them must follow.
  CREATE TABLE prerequisites (
    task INTEGER NOT NULL,
    number INTEGER NOT NULL,             -- of the prerequisite, among those of the task
    part INTEGER NOT NULL,               -- the id of the part that it is to follow
    condition INTEGER NOT NULL,          -- wire::Condition
    succeeded INTEGER,                   -- NULL: it has not ended
    PRIMARY KEY (task, number, part)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX prerequisites_by_part ON prerequisites (part);
  CREATE TABLE operations (
    first INTEGER PRIMARY KEY,
    bytes BLOB,                          -- NULL: it is in the spool
    spooled BLOB,                        -- under this hash
    size INTEGER NOT NULL,               -- in bytes
    environment TEXT                     -- the value that it sets; NULL: none
  ) STRICT;
  CREATE INDEX spooled_operations ON operations (spooled) WHERE spooled IS NOT NULL;
  -- Copies of the operations that set a value for engines that join later.
  CREATE TABLE environment (
    name TEXT PRIMARY KEY,
    task INTEGER NOT NULL,               -- the id of the first part of the task that it came with
    size INTEGER NOT NULL,
    kept INTEGER NOT NULL,               -- 0: there was no room for it, and the next two are NULL
    bytes BLOB,                          -- as in `operations`
    spooled BLOB
  ) STRICT;
  CREATE TABLE results (
    task INTEGER PRIMARY KEY,
    bytes BLOB NOT NULL
  ) STRICT;
  -- What has become history, in that order: a row or more for each transaction.
  CREATE TABLE history (
    number INTEGER PRIMARY KEY,
    ended_ms INTEGER NOT NULL,           -- since 1970
    tasks BLOB NOT NULL                  -- ranges of ids, encoded
  ) STRICT;
  -- Ids of tasks and sessions are never given twice, also when all of them are forgotten.
  CREATE TABLE counters (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  INSERT INTO counters VALUES ('record', 0), ('task', 0), ('session', 0);
  -- The rows of history, and the bytes of their operations and answers.
  INSERT INTO counters VALUES ('history_tasks', 0), ('history_bytes', 0);
)sql"};

/// A fault if it is no journal, or of a version above `known`.
base::Result<std::size_t> version_of(Database& database, std::size_t known) {
  const auto version = static_cast<std::uint64_t>(database.number("PRAGMA user_version"));
  const auto mark = database.number("PRAGMA application_id");
  const bool is_new = mark == 0 && version == 0 && database.number("SELECT count(*) FROM sqlite_schema") == 0;
  if (!is_new && mark != application_id) return base::Fault{"it is a SQLite file, but not a journal of Gangway"};
  if (version <= known) return static_cast<std::size_t>(version);
  return base::Fault{"it was written by a newer version of Gangway (its schema is " + std::to_string(version) +
                     ", this version knows " + std::to_string(known) +
                     "); use that version, or start a cluster under another name"};
}

}  // namespace

std::span<const char* const> schema_steps() {
  return steps;
}

base::Status prepare_schema(Database& database, std::span<const char* const> steps_known) {
  const base::Result<std::size_t> version = version_of(database, steps_known.size());
  if (!version) return version.fault();
  if (version.value() == steps_known.size()) return base::Done{};
  Transaction transaction{database};
  for (const char* const step : steps_known.subspan(version.value())) database.run(step);
  database.run(("PRAGMA application_id = " + std::to_string(application_id)).c_str());
  database.run(("PRAGMA user_version = " + std::to_string(steps_known.size())).c_str());
  transaction.commit();
  return base::Done{};
}

base::Status check_schema(Database& database) {
  const base::Result<std::size_t> version = version_of(database, steps.size());
  if (!version) return version.fault();
  if (version.value() == steps.size()) return base::Done{};
  return base::Fault{"it was written by an older version of Gangway; start its cluster with this one first"};
}

}  // namespace gangway::journal
