// A row of the table `tasks`, decoded. Internal to src/journal.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/record.hpp"
#include "journal/database.hpp"
#include "journal/schema.hpp"
#include "journal/stored_fields.hpp"

namespace gangway::journal {

/// One part of a task.
struct StoredPart {
  TaskId id;
  TaskId first;
  std::uint64_t parts = 0;
  SessionId session;
  wire::RequestId request;
  std::optional<EngineId> target;
  std::string label;
  std::vector<std::string> needs;
  wire::ModuleHash module{};
  wire::RetryPolicy policy;
  std::string key;
  bool parked = false;
  std::uint64_t operation_bytes = 0;
  StoredState state = StoredState::waiting;
  wire::RunInfo run;  // of the latest attempt
  std::vector<StoredAttempt> failed;
  std::optional<wire::Failure> failure;
};

/// The columns that stored_part() reads, in its order, to stand behind SELECT. `tasks` has the name t.
inline constexpr const char* stored_part_columns =
    "t.id, t.first, t.parts, t.session, t.request, t.target, t.label, t.needs, t.module, t.policy, t.key, "
    "t.submitted_ns, t.operation_bytes, t.parked, t.state, t.attempts, t.engine, t.handed_ns, t.finished_ns, "
    "t.run_ns, "
    "t.failed, t.failure";
inline constexpr int stored_part_column_count = 22;

/// Throws DatabaseFailure if the row makes no sense.
[[nodiscard]] StoredPart stored_part(const Statement& row);

/// How the task was accepted of which this is the first part, without its engines, and with its operation and what it
/// follows left out.
[[nodiscard]] core::TaskAccepted accepted_of(StoredPart first);

/// What a stored hash says. Throws DatabaseFailure if it is none.
[[nodiscard]] wire::ModuleHash stored_hash(const Statement& row, int column);

/// Something is wrong with what is stored of a task.
[[nodiscard]] DatabaseFailure damaged_task(TaskId task, const std::string& why);

}  // namespace gangway::journal
