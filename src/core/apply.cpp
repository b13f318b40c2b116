// Records to state. Nothing here decides or sends: the same records give the same state in the moment they are made
// and when they are read back. Queues follow from the states of tasks and are kept here too.
#include <algorithm>
#include <utility>
#include <variant>

#include "base/check.hpp"
#include "core/controller.hpp"

namespace gangway::core {

void Controller::apply(const Record& record) {
  GANGWAY_CHECK(record.number > state_.records, "records must be applied in the order of their numbers");
  state_.records = record.number;
  std::visit([&](const auto& fact) { apply_fact(fact); }, record.fact);
}

void Controller::apply_fact(const SessionOpened& fact) {
  Session& session = state_.sessions[fact.session];
  session.name = fact.name;
  session.openings = fact.openings;
  if (!fact.name.empty()) state_.session_names.emplace(fact.name, fact.session);
  state_.last_session = std::max(state_.last_session, fact.session.value() - id_base_);
}

void Controller::apply_fact(const SessionAdopted& fact) {
  state_.sessions.at(fact.session).openings = fact.openings;
}

void Controller::apply_fact(const SessionEnded& fact) {
  const auto found = state_.sessions.find(fact.session);
  GANGWAY_CHECK(found != state_.sessions.end(), "a session ended that is not there");
  for (const EngineId engine : direct_.drop(fact.session)) note_direct_waiting(engine);
  balanced_.drop(fact.session);
  leave_parked(fact.session, found->second.parked);
  for (const auto& [request, first_task] : found->second.tasks) {
    Task& task = *state_.tasks.find(first_task).task;
    wait_for_nobody(task);
    for (Part& part : task.parts) {
      if (const auto* handed = std::get_if<Handed>(&part.state)) {
        part.state = Abandoned{handed->engine};
        continue;
      }
      if (std::holds_alternative<Forgotten>(part.state)) continue;
      if (std::holds_alternative<Waiting>(part.state) || std::holds_alternative<Blocked>(part.state)) {
        const bool is_queued = task.balanced() && std::holds_alternative<Waiting>(part.state);
        if (is_queued) state_.queued_bytes -= task.operation_bytes;
        --state_.waiting;
        note_settled_part(task);
      } else {
        --state_.settled;
      }
      part.state = Forgotten{};
      --task.parts_unforgotten;
    }
    task.operation = {};
    if (task.parts_unforgotten == 0) state_.tasks.remove(first_task);
  }
  state_.session_names.erase(found->second.name);
  state_.sessions.erase(found);
}

void Controller::apply_fact(const ModuleStored& fact) {
  if (state_.modules.content.emplace(fact.hash, fact.content).second) state_.modules.bytes += fact.content.size();
}

void Controller::apply_fact(const ModuleForgotten& fact) {
  const auto found = state_.modules.content.find(fact.hash);
  if (found == state_.modules.content.end()) return;  // a store has dropped it already
  state_.modules.bytes -= found->second.size();
  state_.modules.content.erase(found);
}

void Controller::apply_fact(const LibraryAdded& fact) {
  std::erase(state_.modules.libraries, fact.hash);
  state_.modules.libraries.push_back(fact.hash);
}

void Controller::apply_fact(const TaskAccepted& fact) {
  const std::uint64_t parts = parts_of(fact);
  if (fact.module != wire::ModuleHash{}) ++state_.modules.tasks[fact.module];
  state_.last_task = std::max(state_.last_task, fact.first_task.value() - id_base_ + parts - 1);
  state_.waiting += parts;
  Session& session = state_.sessions.at(fact.session);
  session.tasks_used += parts;
  session.bytes_used += credit_bytes_of(fact);
  if (fact.parked) {
    note_parked(session.parked, fact);
    parking_.insert(fact.session);
  } else {
    add_task(session, fact);
  }
}

void Controller::add_task(Session& session, const TaskAccepted& fact) {
  const auto parts = static_cast<std::uint32_t>(parts_of(fact));
  Task& task = state_.tasks.add(Task{fact.first_task,
                                     fact.session,
                                     fact.request,
                                     fact.engines,
                                     fact.label,
                                     fact.needs,
                                     fact.operation,
                                     fact.operation.size() + fact.left_out_bytes,
                                     credit_bytes_of(fact),
                                     fact.submitted_ns,
                                     fact.module,
                                     fact.policy,
                                     fact.key,
                                     {},
                                     std::vector<Part>(parts),
                                     parts,
                                     parts,
                                     fact.environment,
                                     fact.parked});
  session.tasks.emplace_hint(session.tasks.end(), fact.request, fact.first_task);
  if (!fact.key.empty()) session.keys.emplace(fact.key, fact.first_task);
  if (block(task, fact.after)) return;
  for (std::uint32_t index = 0; index < parts; ++index) {
    if (!task.balanced()) session.direct_unsettled.insert(session.direct_unsettled.end(), task.id_of(index));
    enqueue(task, index);
  }
}

void Controller::apply_fact(const AttemptStarted& fact) {
  const TaskTable::Found found = state_.tasks.find(fact.attempt.task);
  Part& part = found.part();
  GANGWAY_CHECK(std::holds_alternative<Waiting>(part.state), "a task was handed out that does not wait");
  GANGWAY_CHECK(fact.attempt.attempt > part.attempts, "attempts must be numbered upwards");
  dequeue(*found.task, found.index);
  part.state = Handed{fact.engine, fact.handed_ns};
  part.attempts = fact.attempt.attempt;
  --state_.waiting;
  ++state_.running;
}

void Controller::apply_fact(const AttemptReturned& fact) {
  const TaskTable::Found found = state_.tasks.find(fact.attempt.task);
  found.part().attempts = fact.attempt.attempt;
  wait_again(found);
}

void Controller::apply_fact(const AttemptFailed& fact) {
  const TaskTable::Found found = state_.tasks.find(fact.attempt.task);
  found.part().attempts = fact.attempt.attempt;
  found.part().failed.push_back({fact.attempt.attempt, fact.engine, fact.kind, fact.reason});
  wait_again(found);
}

void Controller::apply_fact(const TaskSettled& fact) {
  const TaskTable::Found found = state_.tasks.find(fact.task);
  Task& task = *found.task;
  Part& part = found.part();
  if (std::holds_alternative<Waiting>(part.state)) {
    dequeue(task, found.index);
    --state_.waiting;
  } else if (std::holds_alternative<Blocked>(part.state)) {
    wait_for_nobody(task);
    --state_.waiting;
  } else {
    GANGWAY_CHECK(std::holds_alternative<Handed>(part.state), "a task got a second answer");
    --state_.running;
  }
  const std::uint64_t bytes = outcome_bytes(fact.outcome);
  const bool succeeded = std::holds_alternative<base::SharedBytes>(fact.outcome);
  part.state = Settled{bytes, succeeded};
  part.attempts = fact.run.attempt;
  part.failed = {};
  ++state_.settled;
  ++state_.settled_ever;
  if (std::holds_alternative<wire::Failure>(fact.outcome)) task.environment.clear();
  note_settled_part(task);
  Session& session = state_.sessions.at(task.session);
  if (!task.balanced()) {
    session.direct_unsettled.erase(fact.task);
    dirty_.sessions.insert(task.session);
  }
  const bool was_paused = paused(session);
  session.result_bytes += bytes;
  update_pause(task.session, session, was_paused);
  note_ended(fact.task, succeeded);
}

void Controller::apply_fact(const TaskForgotten& fact) {
  const TaskTable::Found found = state_.tasks.find(fact.task);
  Task& task = *found.task;
  Part& part = found.part();
  if (std::holds_alternative<Abandoned>(part.state)) {
    --state_.running;
    note_settled_part(task);
    forget_part(task, part);
    return;
  }
  part_acknowledged(task, part);
}

void Controller::apply_fact(const TaskKept& fact) {
  const TaskTable::Found found = state_.tasks.find(fact.task);
  state_.sessions.at(found.task->session).keys.erase(found.task->key);
  part_acknowledged(*found.task, found.part());
}

void Controller::apply_fact(const TaskAttached& fact) {
  Task& task = *state_.tasks.find(fact.task).task;
  std::map<wire::RequestId, TaskId>& tasks = state_.sessions.at(task.session).tasks;
  tasks.erase(task.request);
  task.request = fact.request;
  tasks.emplace(fact.request, task.first_task);
}

void Controller::part_acknowledged(Task& task, Part& part) {
  const SessionId id = task.session;
  Session& session = state_.sessions.at(id);
  const bool was_paused = paused(session);
  session.result_bytes -= std::get<Settled>(part.state).result_bytes;
  session.tasks_used -= 1;
  --state_.settled;
  if (task.parts_unforgotten == 1) {
    session.bytes_used -= task.credit_bytes;
    session.tasks.erase(task.request);
  }
  forget_part(task, part);
  update_pause(id, session, was_paused);
}

void Controller::apply_fact(const EnvironmentSet& fact) {
  Environment& environment = state_.environment;
  const auto [place, is_new] = environment.values.try_emplace(fact.name);
  Environment::Value& value = place->second;
  if (is_new) environment.names_bytes += fact.name.size();
  if (value.kept) environment.bytes -= value.bytes;
  value = {fact.task, fact.operation_bytes, fact.kept};
  if (value.kept) environment.bytes += value.bytes;
}

void Controller::apply_fact(const EnvironmentErased& fact) {
  const auto erased = state_.environment.values.extract(fact.name);
  GANGWAY_CHECK(!erased.empty(), "a value of the environment was erased that is not there");
  state_.environment.names_bytes -= fact.name.size();
  if (erased.mapped().kept) state_.environment.bytes -= erased.mapped().bytes;
}

void Controller::apply_fact(const IdsGiven& fact) {
  // Zero, if there was none yet, lies below the gateway's share of the numbers.
  state_.last_task = std::max(state_.last_task, fact.last_task.value() - std::min(id_base_, fact.last_task.value()));
  state_.last_session =
      std::max(state_.last_session, fact.last_session.value() - std::min(id_base_, fact.last_session.value()));
}

bool Controller::block(Task& task, const std::vector<Prerequisite>& after) {
  std::optional<TaskId> spoiled_by;
  for (const Prerequisite& prerequisite : after) {
    Judged judged = judge(prerequisite);
    if (judged.verdict == Verdict::missed) spoiled_by = judged.culprit;
    if (judged.verdict == Verdict::open) task.unmet.push_back(std::move(judged.unmet));
  }
  if (task.unmet.empty() && !spoiled_by) return false;
  task.parts.front().state = Blocked{spoiled_by};
  if (spoiled_by) {
    task.unmet.clear();
    dirty_.spoiled.insert(task.first_task);
  }
  for (const Unmet& unmet : task.unmet) {
    for (const TaskId part : unmet.parts) dependents_[part].insert(task.first_task);
  }
  return true;
}

void Controller::note_ended(TaskId part, bool succeeded) {
  const auto dependents = dependents_.extract(part);
  if (dependents.empty()) return;
  for (const TaskId id : dependents.mapped()) {
    Task& task = *state_.tasks.find(id).task;
    bool is_spoiled = false;
    std::erase_if(task.unmet, [&](Unmet& unmet) {
      if (!unmet.parts.contains(part)) return false;
      const Verdict verdict = note_end(unmet, part, succeeded);
      is_spoiled = is_spoiled || verdict == Verdict::missed;
      return verdict == Verdict::met;
    });
    if (is_spoiled) {
      wait_for_nobody(task);
      task.parts.front().state = Blocked{part};
      dirty_.spoiled.insert(id);
    } else if (task.unmet.empty()) {
      task.parts.front().state = Waiting{};
      enqueue(task, 0);
    }
  }
}

void Controller::wait_for_nobody(Task& task) {
  for (const Unmet& unmet : task.unmet) {
    for (const TaskId part : unmet.parts) {
      const auto dependents = dependents_.find(part);
      if (dependents == dependents_.end()) continue;  // another prerequisite has the same part
      dependents->second.erase(task.first_task);
      if (dependents->second.empty()) dependents_.erase(dependents);
    }
  }
  task.unmet.clear();
  dirty_.spoiled.erase(task.first_task);
}

void Controller::unneed_module(const wire::ModuleHash& hash, std::uint64_t tasks) {
  const auto needed = state_.modules.tasks.find(hash);
  if (needed == state_.modules.tasks.end()) return;
  needed->second -= tasks;
  if (needed->second == 0) state_.modules.tasks.erase(needed);
}

void Controller::note_settled_part(Task& task) {
  if (--task.parts_unsettled > 0) return;
  task.operation = {};
  unneed_module(task.module, 1);
}

void Controller::forget_part(Task& task, Part& part) {
  part.state = Forgotten{};
  if (--task.parts_unforgotten == 0) state_.tasks.remove(task.first_task);
}

void Controller::wait_again(TaskTable::Found found) {
  // A store may have dropped the record of the hand-out with that of its end.
  if (std::holds_alternative<Waiting>(found.part().state)) return;
  found.part().state = Waiting{};
  ++state_.waiting;
  --state_.running;
  enqueue(*found.task, found.index);
}

void Controller::enqueue(const Task& task, std::uint32_t index) {
  if (!task.balanced()) {
    const EngineId engine = task.engines[index];
    direct_.put(engine, task.session, task.id_of(index));
    note_direct_waiting(engine);
    return;
  }
  ++state_.sessions.at(task.session).queued;
  state_.queued_bytes += task.operation_bytes;
  dirty_.lanes.insert(balanced_.put(task.session, task.needs, task.id_of(index)));
  if (!task.needs.empty()) dirty_.sessions.insert(task.session);
}

void Controller::dequeue(const Task& task, std::uint32_t index) {
  if (!task.balanced()) {
    const EngineId engine = task.engines[index];
    direct_.take(engine, task.session, task.id_of(index));
    note_direct_waiting(engine);
    return;
  }
  Session& session = state_.sessions.at(task.session);
  --session.queued;
  state_.queued_bytes -= task.operation_bytes;
  if (session.parked.tasks > 0) dirty_.refill.insert(task.session);
  balanced_.take(task.session, task.needs, task.id_of(index));
}

void Controller::update_pause(SessionId id, const Session& session, bool was_paused) {
  const bool is_paused = paused(session);
  if (is_paused == was_paused) return;
  const std::vector<EngineId> changed = is_paused ? direct_.pause(id) : direct_.resume(id);
  for (const EngineId engine : changed) note_direct_waiting(engine);
  if (is_paused) {
    balanced_.pause(id);
    return;
  }
  for (const LaneKey& lane : balanced_.resume(id)) dirty_.lanes.insert(lane);
}

void Controller::note_direct_waiting(EngineId engine) {
  engines_.set_direct_waiting(engine, direct_.next(engine).has_value());
  dirty_.engines.insert(engine);
}

}  // namespace gangway::core
