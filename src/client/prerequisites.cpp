#include "client/prerequisites.hpp"

#include <utility>

#include "client/pending_task.hpp"

namespace gangway::client {

OpenPrerequisites open_prerequisites(const std::vector<Prerequisite>& prerequisites) {
  OpenPrerequisites open;
  for (const Prerequisite& prerequisite : prerequisites) {
    detail::PendingTask::Ends ends = prerequisite.task->ends();
    wire::Condition condition = prerequisite.condition;
    if (condition == wire::Condition::succeeded && ends.failed > 0) {
      open.missed = "it was to follow " + ends.name + ", which failed";
      return open;
    }
    if (condition == wire::Condition::failed && ends.failed > 0) {
      condition = wire::Condition::ended;
    }
    if (!ends.open.empty()) {
      open.after.push_back({condition, std::move(ends.open)});
    } else if (condition == wire::Condition::failed) {
      open.missed = "it was to follow " + ends.name + " only if that failed, and it succeeded";
      return open;
    }
  }
  return open;
}

}  // namespace gangway::client
