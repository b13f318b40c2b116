// What the auditor learns from records, and takes back when the store has lost them.
#include <algorithm>
#include <limits>
#include <string>

#include "core/controller.hpp"
#include "sim/auditor.hpp"

namespace gangway::sim {

void Auditor::note_record(std::uint64_t number, const core::SessionOpened& fact) {
  sessions_[fact.session] = Session{number};
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
  const auto parts = static_cast<std::uint32_t>(std::max<std::size_t>(1, submit.engines.size()));
  for (std::uint32_t i = 0; i < parts; ++i) {
    Task part;
    part.session = fact.session;
    part.first = fact.first_task;
    part.parts = parts;
    part.module = fact.module;
    part.policy = fact.policy;
    part.after = fact.after;
    part.bytes = submit.operation.size();
    part.credit_bytes = wire::credit_bytes(part.bytes, submit.label, submit.needs, wire::parts_awaited(submit.after));
    part.accepted_number = number;
    world_.require(tasks_.emplace(TaskId{fact.first_task.value() + i}, part).second, "two tasks have one id");
  }
  parts_[fact.first_task] = parts;
  session.requests.erase(submitted);
}

void Auditor::note_record(std::uint64_t number, const core::AttemptStarted& fact) {
  started_[fact.attempt] = number;
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
  part.result_bytes = core::outcome_bytes(fact.outcome);
  if (const auto* result = std::get_if<base::SharedBytes>(&fact.outcome)) part.kept_bytes = result->size();
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
  Session& session = sessions_.at(part.session);
  part.forgotten_number = number;
  if (session.ended_number != 0) return;
  world_.require(part.settled_number != 0 && acknowledged_.contains(fact.task),
                 "a task was forgotten whose answer nobody acknowledged");
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

void Auditor::check_modules() const {
  std::uint64_t bytes_kept = 0;
  for (const auto& [hash, bytes] : modules_) bytes_kept += bytes;
  world_.require(modules_.size() <= limits_.modules_max, "more modules are kept than may be");
  world_.require(bytes_kept <= limits_.modules_bytes_max, "more bytes of modules are kept than may be");
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
  for (auto& [id, session] : sessions_) {
    if (lost(session.ended_number)) session.ended_number = 0;
  }
  for (auto& [id, part] : tasks_) {
    part.handed = false;
    if (lost(part.forgotten_number)) part.forgotten_number = 0;
    if (lost(part.settled_number)) part.settled_number = part.result_bytes = part.kept_bytes = 0;
    const auto next = started_.upper_bound({id, std::numeric_limits<std::uint32_t>::max()});
    const bool any = next != started_.begin() && std::prev(next)->first.task == id;
    part.attempts = any ? std::prev(next)->first.attempt : 0;
  }
}

void Auditor::count_sessions() {
  for (auto& [id, session] : sessions_) session = Session{session.opened_number, session.ended_number};
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
