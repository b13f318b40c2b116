// What the auditor learns from records, and takes back when the store has lost them.
#include <algorithm>
#include <limits>
#include <string>

#include "core/controller.hpp"
#include "sim/auditor.hpp"

namespace gangway::sim {

void Auditor::note_record(std::uint64_t number, const core::SessionOpened& fact) {
  world_.require(fact.name.empty() || !session_named(fact.name), "two sessions have one name");
  sessions_[fact.session] = Session{number, 0, fact.name, 0};
  note_opening(number, fact.session, fact.openings);
}

void Auditor::note_record(std::uint64_t number, const core::SessionEnded& fact) {
  sessions_.at(fact.session).ended_number = number;
}

void Auditor::note_record(std::uint64_t number, const core::TaskAccepted& fact) {
  Session& session = sessions_.at(fact.session);
  const auto submitted = session.requests.find(fact.request);
  if (submitted == session.requests.end()) world_.fail("a task was accepted that was not submitted, or twice");
  const wire::SubmitTask& submit = submitted->second;
  world_.require(fact.module == submit.module, "a task was accepted with another module than was submitted");
  world_.require(fact.after.size() == submit.after.size(), "a task was accepted with other prerequisites");
  world_.require(fact.policy == submit.policy, "a task was accepted with another policy than was submitted");
  world_.require(fact.environment == submit.environment, "a task sets another value than was submitted");
  const auto parts = static_cast<std::uint32_t>(std::max<std::size_t>(1, submit.engines.size()));
  for (std::uint32_t i = 0; i < parts; ++i) {
    Task part;
    part.session = fact.session;
    part.first = fact.first_task;
    part.parts = parts;
    part.label = fact.label;
    part.key = fact.key;
    part.requests = {{number, fact.request}};
    part.module = fact.module;
    part.policy = fact.policy;
    part.after = fact.after;
    part.environment = fact.environment;
    part.bytes = submit.operation.size();
    part.credit_bytes = wire::credit_bytes(part.bytes, submit.label, submit.needs, wire::parts_awaited(submit.after),
                                           submit.environment);
    part.accepted_number = number;
    world_.require(tasks_.emplace(TaskId{fact.first_task.value() + i}, part).second, "two tasks have one id");
  }
  parts_[fact.first_task] = parts;
  note_key(fact.session, submit, fact.first_task);
  session.requests.erase(submitted);
}

void Auditor::note_record(std::uint64_t number, const core::AttemptStarted& fact) {
  const std::uint32_t attempt = fact.attempt.attempt;
  world_.require(attempt == 1 || started_.contains({fact.attempt.task, attempt - 1}),
                 "the attempts of a task have a gap");
  world_.require(started_.emplace(fact.attempt, number).second, "an attempt was begun twice");
}

void Auditor::note_record(std::uint64_t number, const core::TaskSettled& fact) {
  Task& part = task(fact.task);
  Session& session = sessions_.at(part.session);
  world_.require(session.ended_number == 0, "a task of a session that has ended got an answer");
  world_.require(part.settled_number == 0, "a task was answered twice");
  world_.require(!part.handed, "a task was answered that an engine still has");
  part.settled_number = number;
  part.succeeded = std::holds_alternative<base::SharedBytes>(fact.outcome);
  const auto* const failure = std::get_if<wire::Failure>(&fact.outcome);
  if (failure != nullptr && failure->type == "prerequisite missed") {
    world_.require(judge_prerequisites(part) == core::Verdict::missed,
                   "a task failed that could still have its turn");
  }
  part.outcome = fact.outcome;
  part.result_bytes = core::outcome_bytes(fact.outcome);
  part.failed = std::holds_alternative<wire::Failure>(fact.outcome);
  if (const auto* result = std::get_if<base::SharedBytes>(&fact.outcome)) part.kept_bytes = result->size();
  if (!part.environment.empty() && succeeded_parts(part.first) == part.parts) {
    const auto set = environment_.find(part.environment);
    world_.require(set != environment_.end() && set->second.task >= part.first,
                   "a value that was pushed to all engines is not part of the environment");
  }
  session.result_bytes += part.result_bytes;
  session.kept_bytes += part.kept_bytes;
}

// Simpler than the controller's way: all of it is looked at again each time.
core::Verdict Auditor::judge_prerequisites(const Task& part) {
  bool is_open = false;
  for (const core::Prerequisite& prerequisite : part.after) {
    std::size_t open = 0;
    std::size_t failed = 0;
    for (const core::Awaited& awaited : prerequisite.parts) {
      const Task& other = task(awaited.task);
      if (other.settled_number == 0) {
        ++open;
      } else if (!other.succeeded) {
        ++failed;
      }
    }
    const bool needs_success = prerequisite.condition == wire::Condition::succeeded;
    const bool needs_failure = prerequisite.condition == wire::Condition::failed && !prerequisite.parts.empty();
    if ((needs_success && failed > 0) || (needs_failure && open == 0 && failed == 0)) return core::Verdict::missed;
    is_open = is_open || open > 0;
  }
  return is_open ? core::Verdict::open : core::Verdict::met;
}

void Auditor::note_record(std::uint64_t number, const core::TaskForgotten& fact) {
  Task& part = task(fact.task);
  if (sessions_.at(part.session).ended_number == 0) {
    world_.require(part.settled_number != 0 && acknowledged_.contains(fact.task),
                   "a task was forgotten whose answer nobody acknowledged");
    world_.require(part.key.empty(), "a task with a key was forgotten");
  }
  note_acknowledged(number, part);
}

void Auditor::note_acknowledged(std::uint64_t number, Task& part) {
  part.forgotten_number = number;
  Session& session = sessions_.at(part.session);
  if (session.ended_number != 0) return;
  session.tasks -= 1;
  session.result_bytes -= part.result_bytes;
  results_before_[part.session] -= part.result_bytes;
  session.kept_bytes -= part.kept_bytes;
  if (--parts_.at(part.first) == 0) session.bytes -= part.credit_bytes;
}

void Auditor::note_record(std::uint64_t number, const core::ModuleStored& fact) {
  world_.require(modules_.emplace(fact.hash, fact.content.size()).second, "a module was stored twice");
  module_changes_[number] = {fact.hash, fact.content.size()};
}

void Auditor::note_record(std::uint64_t number, const core::ModuleForgotten& fact) {
  world_.require(modules_.erase(fact.hash) == 1, "a module was forgotten that was not kept");
  world_.require(!libraries_.contains(fact.hash), "a library was forgotten");
  module_changes_[number] = {fact.hash, {}};
  for (const auto& [id, part] : tasks_) {
    const bool runs_on = part.handed;  // also when its session has ended
    const bool waits = sessions_.at(part.session).ended_number == 0;
    if (part.module != fact.hash || part.settled_number != 0 || (!waits && !runs_on)) continue;
    world_.fail("a module was forgotten that task " + std::to_string(id.value()) + " needs");
  }
}

void Auditor::note_record(std::uint64_t number, const core::LibraryAdded& fact) {
  libraries_.emplace(fact.hash, number);
}

void Auditor::note_record(std::uint64_t number, const core::EnvironmentSet& fact) {
  const Task& first = task(fact.task);
  world_.require(first.environment == fact.name && first.bytes == fact.operation_bytes,
                 "the environment was set by a task that does not set it");
  world_.require(first.first == fact.task && succeeded_parts(fact.task) == first.parts - 1,
                 "the environment was set by a task that has not succeeded, but for its last answer");
  std::uint64_t others = 0;
  for (const auto& [name, value] : environment_) {
    if (name != fact.name && value.kept) others += value.bytes;
    world_.require(name != fact.name || value.task < fact.task, "an older value took the place of a newer one");
  }
  world_.require(fact.kept == (others + fact.operation_bytes <= limits_.environment_bytes_max),
                 "the environment does not keep to its limit");
  environment_[fact.name] = {fact.task, fact.operation_bytes, fact.kept};
  environment_changes_[number] = {fact.name, environment_[fact.name]};
}

void Auditor::note_record(std::uint64_t number, const core::EnvironmentErased& fact) {
  world_.require(environment_.erase(fact.name) == 1, "a value was erased that is not part of the environment");
  environment_changes_[number] = {fact.name, {}};
}

std::uint32_t Auditor::succeeded_parts(TaskId first_task) {
  const std::uint32_t parts = task(first_task).parts;
  std::uint32_t succeeded = 0;
  for (std::uint32_t i = 0; i < parts; ++i) {
    const Task& part = task(TaskId{first_task.value() + i});
    succeeded += part.settled_number != 0 && !part.failed ? 1U : 0U;
  }
  return succeeded;
}

void Auditor::check_modules() const {
  std::uint64_t bytes_kept = 0;
  for (const auto& [hash, bytes] : modules_) bytes_kept += bytes;
  world_.require(modules_.size() <= limits_.modules_max, "more modules are kept than may be");
  world_.require(bytes_kept <= limits_.modules_bytes_max, "more bytes of modules are kept than may be");
}

void Auditor::note_taken(std::uint64_t durable_number) {
  for (const auto& [id, part] : tasks_) {
    if (part.accepted_number > durable_number || part.settled_number > durable_number) taken_.insert(id);
  }
  for (const auto& [id, session] : sessions_) {
    if (session.opened_number > durable_number) sessions_taken_.insert(id);
  }
  // Nobody knows any more that it has begun.
  for (const auto& [attempt, number] : started_) {
    const auto begun = begun_.find(attempt.task);
    if (number > durable_number && begun != begun_.end() && begun->second == attempt) begun_.erase(begun);
  }
}

void Auditor::take_back(std::uint64_t durable_number) {
  const auto lost = [&](std::uint64_t number) { return number > durable_number; };
  std::erase_if(started_, [&](const auto& entry) { return lost(entry.second); });
  std::erase_if(sessions_, [&](const auto& entry) { return lost(entry.second.opened_number); });
  std::erase_if(tasks_, [&](const auto& entry) { return lost(entry.second.accepted_number); });
  std::erase_if(libraries_, [&](const auto& entry) { return lost(entry.second); });
  std::erase_if(module_changes_, [&](const auto& entry) { return lost(entry.first); });
  modules_.clear();
  for (const auto& [number, change] : module_changes_) {
    if (change.bytes) {
      modules_[change.hash] = *change.bytes;
    } else {
      modules_.erase(change.hash);
    }
  }
  std::erase_if(environment_changes_, [&](const auto& entry) { return lost(entry.first); });
  environment_.clear();
  for (const auto& [number, change] : environment_changes_) {
    environment_.erase(change.name);
    if (change.value) environment_.emplace(change.name, *change.value);
  }
  std::erase_if(keys_, [&](const auto& entry) { return !tasks_.contains(entry.second); });
  take_back_openings(durable_number);
  for (auto& [id, session] : sessions_) {
    if (lost(session.ended_number)) session.ended_number = 0;
  }
  for (auto& [id, part] : tasks_) {
    part.handed = false;
    if (lost(part.forgotten_number)) part.forgotten_number = 0;
    std::erase_if(part.requests, [&](const auto& request) { return lost(request.first); });
    if (lost(part.settled_number)) {
      part.settled_number = part.result_bytes = part.kept_bytes = 0;
      part.failed = false;
    }
    const auto next = started_.upper_bound({id, std::numeric_limits<std::uint32_t>::max()});
    const bool any = next != started_.begin() && std::prev(next)->first.task == id;
    part.attempts = any ? std::prev(next)->first.attempt : 0;
  }
}

void Auditor::count_sessions() {
  for (auto& [id, session] : sessions_) {
    session = Session{session.opened_number, session.ended_number, session.name, session.openings};
  }
  parts_.clear();
  for (const auto& [id, part] : tasks_) {
    Session& session = sessions_.at(part.session);
    if (part.forgotten_number != 0 || session.ended_number != 0) continue;
    session.tasks += 1;
    session.result_bytes += part.result_bytes;
    session.kept_bytes += part.kept_bytes;
    if (++parts_[part.first] == 1) session.bytes += part.credit_bytes;
  }
}

}  // namespace gangway::sim
