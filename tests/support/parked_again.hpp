// A store forgets which of its parked tasks had come into the window: for comparisons of what it brings back.
#pragma once

#include <algorithm>
#include <variant>
#include <vector>

#include "core/task.hpp"

namespace gangway::support {

/// The state in which every task is parked that was accepted so and that no engine has been handed.
inline core::DurableState parked_again(core::DurableState state) {
  std::vector<TaskId> tasks;
  for (const auto& [id, task] : state.tasks.all()) {
    if (task.was_parked) tasks.push_back(id);
  }
  for (const TaskId id : tasks) {
    core::Task& task = *state.tasks.find(id).task;
    task.was_parked = false;
    const core::Part& part = task.parts.front();
    if (!std::holds_alternative<core::Waiting>(part.state) || part.attempts > 0) continue;
    core::Session& session = state.sessions.at(task.session);
    ++session.parked.tasks;
    session.parked.last_request = std::max(session.parked.last_request, task.request);
    if (task.module != wire::ModuleHash{}) ++session.parked.modules[task.module];
    session.tasks.erase(task.request);
    --session.queued;
    state.queued_bytes -= task.operation_bytes;
    state.tasks.remove(id);
  }
  // Where the first of them is, is known exactly only to those who look.
  for (auto& [id, session] : state.sessions) session.parked.after = TaskId{};
  return state;
}

}  // namespace gangway::support
