// Engines join, answer and are lost.
#include <string>
#include <utility>
#include <variant>

#include "core/controller.hpp"
#include "core/retry.hpp"

namespace gangway::core {

void Controller::on(const EngineSpoke& event, Turn& turn) {
  const EngineId id = event.engine;
  const bool joins = std::holds_alternative<wire::EngineReady>(event.message);
  if (joins == (engines_.find(id) != nullptr)) {
    ++stray_messages_;
    return;
  }
  std::visit([&](const auto& message) { on_message(id, message, turn); }, event.message);
}

void Controller::on(const EngineLost& event, Turn& turn) {
  if (engines_.find(event.engine) != nullptr) {
    remove_engine(event.engine, event.reason, turn);
  } else if (awaited_.erase(event.engine) == 1) {
    fail_waiting_for(event.engine, event.reason, turn);
  } else {
    ++stray_messages_;
  }
}

void Controller::on_message(EngineId id, const wire::EngineReady& message, Turn& turn) {
  wire::EngineInfo info = message.engine;
  info.id = id;
  // Until now nobody could hold a value, which said nothing: from now on a task may wait for one in vain.
  if (engines_.none_yet()) {
    for (const auto& [session, state] : state_.sessions) dirty_.sessions.insert(session);
  }
  engines_.join(info);
  awaited_.erase(id);
  if (stopping_) {
    turn.effects.to_engines.push_back({{id}, wire::LeaveCluster{}});
    return;
  }
  for (const auto& [hash, content] : state_.modules.content) {
    charge(1);
    turn.effects.to_engines.push_back({{id}, wire::StoreModule{hash, content}});
  }
  for (const wire::ModuleHash& hash : state_.modules.libraries) {
    charge(1);
    turn.effects.to_engines.push_back({{id}, wire::UseLibrary{hash}});
  }
  note_direct_waiting(id);
  dirty_.engines.insert(id);
  tell_engines_changed(turn);
}

void Controller::on_message(EngineId id, const wire::AttemptFinished& message, Turn& turn) {
  // True whatever became of the attempt.
  take_names(id, message);
  const wire::AttemptRef ref = message.attempt;
  const TaskTable::Found found = state_.tasks.find(ref.task);
  if (!found || found.part().attempts != ref.attempt || !engines_.find(id)->handed.contains(ref.task)) {
    ++late_answers_;
    return;
  }
  const Task& task = *found.task;
  engines_.take_back(id, ref.task, task.operation_bytes);
  engines_.count_finished(id);
  if (task.balanced()) engines_.note_run(id, message.run_ns);
  dirty_.engines.insert(id);
  const auto* handed = std::get_if<Handed>(&found.part().state);
  if (handed == nullptr) {
    // The session has ended meanwhile.
    commit(TaskForgotten{ref.task}, turn);
    return;
  }
  const wire::RunInfo run{id, ref.attempt, task.submitted_ns, handed->handed_ns, turn.now.ns, message.run_ns};
  if (const auto* failure = std::get_if<wire::Failure>(&message.outcome)) {
    return attempt_failed(found, run, *failure, turn);
  }
  results_.answered(task.session, task.label, message.outcome);
  settle(ref.task, run, message.outcome, turn);
  results_moved(task.session);
}

void Controller::attempt_failed(TaskTable::Found found, const wire::RunInfo& run, const wire::Failure& failure,
                                Turn& turn) {
  const Task& task = *found.task;
  const std::vector<FailedAttempt>& before = found.part().failed;
  // A direct task's place is before those behind it, which its engine may have already.
  if (task.balanced() && may_follow(failure.kind, before, task.policy, limits_)) {
    results_.taken_back(task.session, task.label);
    commit(AttemptFailed{{found.id(), run.attempt}, run.engine, failure.kind, reason_of(failure)}, turn);
  } else {
    wire::Failure last = failure;
    last.story = story_of(before);
    results_.answered(task.session, task.label, last);
    settle(found.id(), run, std::move(last), turn);
  }
  results_moved(task.session);
}

void Controller::take_names(EngineId id, const wire::AttemptFinished& message) {
  for (const std::string& name : message.names_added) {
    charge(1);
    if (!engines_.add_name(id, name)) continue;
    balanced_.name_added(id, name);
    dirty_.engines.insert(id);
  }
  for (const std::string& name : message.names_removed) {
    charge(1);
    if (!engines_.remove_name(id, name)) continue;
    for (const SessionId session : balanced_.name_removed(id, name)) dirty_.sessions.insert(session);
  }
}

void Controller::on_message(EngineId id, const wire::AttemptsReturned& message, Turn& turn) {
  bool any = false;
  for (const wire::AttemptRef& ref : message.attempts) {
    const TaskTable::Found found = state_.tasks.find(ref.task);
    const bool is_there = found && found.task->balanced() && found.part().attempts == ref.attempt &&
                          engines_.find(id)->handed.contains(ref.task);
    if (!is_there) {
      ++late_answers_;
      continue;
    }
    any = true;
    engines_.take_back(id, ref.task, found.task->operation_bytes);
    if (std::holds_alternative<Abandoned>(found.part().state)) {
      commit(TaskForgotten{ref.task}, turn);
    } else {
      results_.taken_back(found.task->session, found.task->label);
      commit(AttemptReturned{ref}, turn);
      results_moved(found.task->session);
    }
  }
  if (!any) return;
  engines_.note_returned(id);
  dirty_.engines.insert(id);
}

void Controller::on_message(EngineId, const wire::LibraryLoaded& message, Turn& turn) {
  const ModuleTable& modules = state_.modules;
  // Each engine that loads it says so; the first has told.
  const bool is_last = !modules.libraries.empty() && modules.libraries.back() == message.hash;
  if (!is_last && modules.content.contains(message.hash)) commit(LibraryAdded{message.hash}, turn);
}

void Controller::on_message(EngineId id, const wire::EngineLeaving&, Turn& turn) {
  remove_engine(id, "it left the cluster", turn);
}

void Controller::remove_engine(EngineId id, const std::string& reason, Turn& turn) {
  const std::set<TaskId> handed = engines_.find(id)->handed;
  engines_.remove(id, reason);
  for (const SessionId session : balanced_.engine_removed(id)) dirty_.sessions.insert(session);
  for (const TaskId task : handed) lose_attempt(task, id, reason, turn);
  fail_waiting_for(id, reason, turn);
  tell_engines_changed(turn);
}

void Controller::fail_waiting_for(EngineId id, const std::string& reason, Turn& turn) {
  for (const TaskId task : direct_.waiting_for(id)) {
    fail(task, wire::FailureKind::engine_lost, "engine lost",
         "engine " + std::to_string(id.value()) + " was lost before it began with this: " + reason + "; " +
             engines_.list(),
         turn);
  }
}

void Controller::lose_attempt(TaskId id, EngineId engine, const std::string& reason, Turn& turn) {
  const TaskTable::Found found = state_.tasks.find(id);
  const Part& part = found.part();
  if (std::holds_alternative<Abandoned>(part.state)) {
    commit(TaskForgotten{id}, turn);
    return;
  }
  results_.taken_back(found.task->session, found.task->label);
  results_moved(found.task->session);
  const std::string number = std::to_string(engine.value());
  if (!found.task->balanced()) {
    fail(id, wire::FailureKind::engine_lost, "engine lost",
         "engine " + number + " was lost while it had this: " + reason + "; " + engines_.list(), turn);
    return;
  }
  if (found.task->policy.at_most_once) {
    fail(id, wire::FailureKind::engine_lost, "engine lost",
         "engine " + number + " was lost while it had this (" + reason +
             "): it may have run or not, and was to be run at most once",
         turn);
    return;
  }
  const bool is_last = !may_follow(wire::FailureKind::engine_lost, part.failed, found.task->policy, limits_);
  commit(AttemptFailed{{id, part.attempts}, engine, wire::FailureKind::engine_lost, reason}, turn);
  if (!is_last) return;
  fail(id, wire::FailureKind::engine_lost, "engine lost",
       "given up after " + std::to_string(limits_.attempts_max) + " lost engines: " + story_of(part.failed), turn);
}

}  // namespace gangway::core
