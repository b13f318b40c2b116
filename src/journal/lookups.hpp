// What a running gateway looks up in its journal, one thing at a time. Internal to src/journal.
#pragma once

#include <optional>
#include <string>

#include "core/record.hpp"
#include "journal/database.hpp"
#include "journal/spool.hpp"

namespace gangway::journal {

/// The answer of a task, if there is one. `read` is made by answer_statement(). Throws DatabaseFailure.
[[nodiscard]] Statement answer_statement(const Database& database);
[[nodiscard]] std::optional<core::TaskSettled> read_answer(Statement& read, TaskId task);

/// The same for read_kept().
Statement kept_statement(const Database& database);

/// The task of a session with this key that has its answer. Throws DatabaseFailure.
std::optional<core::KeptTask> read_kept(Statement& read, SessionId session, const std::string& key);

/// The operation that sets a value of the environment, if one is kept. `read` is made by environment_statement().
/// Throws DatabaseFailure.
[[nodiscard]] Statement environment_statement(const Database& database);
[[nodiscard]] std::optional<base::SharedBytes> read_environment(Statement& read, const Spool& spool,
                                                                const std::string& name);

}  // namespace gangway::journal
