// What a task waits for besides its turn: how others must end. Pure values and functions.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include <gangway/ids.hpp>

#include "wire/protocol.hpp"

namespace gangway::core {

/// A part of an earlier task, and whether it succeeded; nothing: it has not ended.
struct Awaited {
  TaskId task;
  std::optional<bool> succeeded;
  friend bool operator==(const Awaited&, const Awaited&) = default;
};

/// All parts of an earlier operation, in the order of their ids, and how they must end.
struct Prerequisite {
  wire::Condition condition = wire::Condition::succeeded;
  std::vector<Awaited> parts;
  friend bool operator==(const Prerequisite&, const Prerequisite&) = default;
};

/// A prerequisite that is still open: the parts that have not ended. What those that have did is in the condition.
struct Unmet {
  wire::Condition condition = wire::Condition::succeeded;
  std::set<TaskId> parts;
  friend bool operator==(const Unmet&, const Unmet&) = default;
};

enum class Verdict : std::uint8_t {
  open,
  met,
  missed,  // it can no longer be met
};

/// One of its parts has ended.
Verdict note_end(Unmet& unmet, TaskId part, bool succeeded);

/// What is open of a prerequisite, by what is known of its parts.
struct Judged {
  Verdict verdict = Verdict::met;
  Unmet unmet;     // if it is open
  TaskId culprit;  // if it is missed: the part by which it is
};
[[nodiscard]] Judged judge(const Prerequisite& prerequisite);

}  // namespace gangway::core
