// Tasks are submitted, and their answers acknowledged.
#include <algorithm>
#include <string>
#include <utility>

#include "core/controller.hpp"

namespace gangway::core {

void Controller::on_message(ConnectionId id, Connection& connection, const wire::SubmitTask& message, Turn& turn) {
  const Session& session = state_.sessions.at(*connection.session);
  const std::uint64_t parts = std::max<std::uint64_t>(1, message.engines.size());
  const std::uint64_t bytes = wire::credit_bytes(message.operation.size(), message.label, message.needs,
                                                 wire::parts_awaited(message.after), message.environment);
  if (session.tasks_used + parts > limits_.session_tasks_max ||
      session.bytes_used + bytes > limits_.session_bytes_max) {
    breach(id,
           "request " + std::to_string(message.request.value()) + " (" + std::to_string(parts) + " tasks, " +
               std::to_string(bytes) + " bytes) exceeds the credit: " + std::to_string(session.tasks_used) + " of " +
               std::to_string(limits_.session_tasks_max) + " tasks and " + std::to_string(session.bytes_used) +
               " of " + std::to_string(limits_.session_bytes_max) + " bytes are in use",
           turn);
    return;
  }
  if (!connection.missing_module && message.module != wire::ModuleHash{} &&
      !state_.modules.content.contains(message.module)) {
    connection.missing_module = message.module;
  }
  if (connection.missing_module) {
    send(id, wire::TaskReturned{message.request}, turn);
    return;
  }
  if (!message.key.empty() && attach(id, connection, message, turn)) return;
  std::string unclear;
  std::optional<std::vector<Prerequisite>> after = resolve(connection, message.after, unclear);
  if (!after || (!message.engines.empty() && !after->empty())) {
    send(id, wire::Refused{message.request, after ? "only a balanced task can follow others" : unclear}, turn);
    return;
  }
  const TaskId first_task{id_base_ + state_.last_task + 1};
  std::vector<std::string> needs = message.needs;
  std::sort(needs.begin(), needs.end());
  needs.erase(std::unique(needs.begin(), needs.end()), needs.end());
  const bool is_plain =
      message.engines.empty() && after->empty() && message.key.empty() && message.environment.empty();
  const bool parked = is_plain && is_beyond_window(session);
  commit(TaskAccepted{*connection.session, message.request, first_task, message.engines, message.label,
                      std::move(needs), message.operation, turn.now.ns, message.module, message.policy,
                      *std::move(after), message.key, message.environment, parked},
         turn);
  if (message.module != wire::ModuleHash{}) module_used_[message.module] = state_.records;
  if (parked) note_fresh(*connection.session, message.request, first_task);
  send(id, wire::TaskAccepted{message.request, first_task, static_cast<std::uint32_t>(parts)}, turn);
  start_parts(first_task, message.engines, turn);
}

bool Controller::attach(ConnectionId id, Connection& connection, const wire::SubmitTask& message, Turn& turn) {
  const Session& session = state_.sessions.at(*connection.session);
  const auto refuse = [&](std::string reason) {
    send(id, wire::Refused{message.request, std::move(reason)}, turn);
    return true;
  };
  if (session.name.empty() || !message.engines.empty()) {
    return refuse("only a balanced task of a named session can have a key");
  }
  const auto known = session.keys.find(message.key);
  std::optional<KeptTask> same = connection.kept;
  const Task* const task = known == session.keys.end() ? nullptr : state_.tasks.look_up(known->second);
  if (task != nullptr) same = {task->first_task, task->label};
  if (!same) return false;
  if (same->label != message.label) {
    return refuse("the key \"" + message.key + "\" is that of task " + std::to_string(same->task.value()) +
                  ", which is " + same->label + "; take another one");
  }
  if (task != nullptr) commit(TaskAttached{same->task, message.request}, turn);
  send(id, wire::TaskAccepted{message.request, same->task, 1}, turn);
  if (task == nullptr || std::holds_alternative<Settled>(task->parts.front().state)) {
    turn.effects.stored_answers.push_back({id, message.request, 0, same->task});
  }
  return true;
}

std::optional<std::vector<Prerequisite>> Controller::resolve(const Connection& connection,
                                                             const std::vector<wire::Prerequisite>& after,
                                                             std::string& why_not) const {
  const SessionId session = *connection.session;
  const std::map<wire::RequestId, TaskId>& tasks = state_.sessions.at(session).tasks;
  std::vector<Prerequisite> resolved;
  for (const wire::Prerequisite& wanted : after) {
    Prerequisite& prerequisite = resolved.emplace_back();
    prerequisite.condition = wanted.condition;
    if (wanted.condition < wire::Condition::succeeded || wanted.condition > wire::Condition::ended) {
      why_not = "it shall follow another one under a condition that this gateway does not know";
      return std::nullopt;
    }
    for (const wire::PartRef& ref : wanted.parts) {
      TaskId id = ref.task;
      if (const auto submitted = tasks.find(ref.request); id == TaskId{} && submitted != tasks.end()) {
        id = TaskId{submitted->second.value() + ref.part};
      }
      if (const TaskId parked = parked_id(session, ref, connection.parked); parked != TaskId{}) {
        prerequisite.parts.push_back({parked, {}});
        continue;
      }
      const Task* const task = state_.tasks.look_up(id);
      const TaskState* const state =
          task == nullptr || task->session != session ? nullptr : &task->parts[task->index_of(id)].state;
      if (state == nullptr || std::holds_alternative<Forgotten>(*state)) {
        why_not = (id == TaskId{} ? "request " + std::to_string(ref.request.value())
                                  : "task " + std::to_string(id.value())) +
                  ", which it was to follow, is none of this session, or its answer was acknowledged";
        return std::nullopt;
      }
      const auto* ended = std::get_if<Settled>(state);
      prerequisite.parts.push_back({id, ended == nullptr ? std::nullopt : std::optional{ended->succeeded}});
    }
    std::sort(prerequisite.parts.begin(), prerequisite.parts.end(),
              [](const Awaited& a, const Awaited& b) { return a.task < b.task; });
    const auto same = [](const Awaited& a, const Awaited& b) { return a.task == b.task; };
    prerequisite.parts.erase(std::unique(prerequisite.parts.begin(), prerequisite.parts.end(), same),
                             prerequisite.parts.end());
  }
  return resolved;
}

void Controller::start_parts(TaskId first_task, const std::vector<EngineId>& engines, Turn& turn) {
  // In the order of the parts: those that can leave at once leave as one message.
  for (std::uint32_t index = 0; index < engines.size(); ++index) {
    const EngineId target = engines[index];
    const TaskId task{first_task.value() + index};
    const Engine* engine = engines_.find(target);
    if (engine != nullptr) {
      const bool first = direct_.next(target) == task;
      const Task& whole = *state_.tasks.find(task).task;
      if (first && engines_.has_room(*engine, whole.operation_bytes) && result_finds_room(whole, *engine)) {
        hand_out(task, target, turn);
      }
      continue;
    }
    if (awaited_.contains(target)) continue;
    const std::string number = std::to_string(target.value());
    if (const LostEngine* lost = engines_.find_lost(target)) {
      fail(task, wire::FailureKind::engine_lost, "engine lost",
           "engine " + number + " was lost: " + lost->reason + "; " + engines_.list(), turn);
    } else {
      fail(task, wire::FailureKind::refused, "no such engine",
           "engine " + number + " does not exist; " + engines_.list(), turn);
    }
  }
}

void Controller::on_message(ConnectionId id, Connection& connection, const wire::Acknowledge& message, Turn& turn) {
  for (const TaskId task : message.tasks) {
    const TaskTable::Found found = state_.tasks.find(task);
    const bool was_given = task.value() > id_base_ && task.value() - id_base_ <= state_.last_task;
    if (found ? found.task->session != *connection.session : !was_given) {
      breach(id,
             "task " + std::to_string(task.value()) +
                 " was acknowledged, but this session has no such answer to acknowledge",
             turn);
      return;
    }
    // A client that came back does not know which of its acknowledgements arrived, nor whether an answer that it has
    // was lost here with the power: then the task is under way again.
    if (!found || !std::holds_alternative<Settled>(found.part().state)) continue;
    if (found.task->key.empty()) {
      commit(TaskForgotten{task}, turn);
    } else {
      commit(TaskKept{task}, turn);
    }
  }
  results_moved(*connection.session);
}

}  // namespace gangway::core
