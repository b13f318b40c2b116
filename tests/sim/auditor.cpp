#include "sim/auditor.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <variant>

#include "core/controller.hpp"

namespace gangway::sim {

namespace {

std::string text_of(wire::AttemptRef ref) {
  return "attempt " + std::to_string(ref.attempt) + " of task " + std::to_string(ref.task.value());
}

}  // namespace

void Auditor::observe(std::span<const core::Event> events, const core::Effects& effects) {
  for (const core::Event& event : events) std::visit([&](const auto& what) { note(what); }, event);
  note_records(effects);
  results_before_.clear();
  for (const auto& [id, connection] : connections_) results_before_[id] = connection.result_bytes;
  check_clients(effects, events.size() == 1);
  check_engines(events, effects);
  for (const core::ConnectionId id : effects.to_close) {
    world_.require(connections_.erase(id) == 1, "a connection was closed that is not open");
  }
  for (const auto& [id, connection] : connections_) {
    world_.require(connection.tasks <= limits_.session_tasks_max, "a client has more tasks out than its credit");
    world_.require(connection.bytes <= limits_.session_bytes_max, "a client has more bytes out than its credit");
    world_.require(connection.kept_bytes <= kept_bytes_max_, "more results are kept for a client than its window");
  }
}

void Auditor::note(const core::ConnectionOpened& event) {
  connections_[event.connection];
}

void Auditor::note(const core::ConnectionClosed& event) {
  connections_.erase(event.connection);
}

void Auditor::note(const core::ClientSpoke& event) {
  const auto found = connections_.find(event.connection);
  if (found == connections_.end()) return;
  if (const auto* submit = std::get_if<wire::SubmitTask>(&event.message)) {
    note_submitted(found->second, *submit);
  } else if (const auto* acknowledge = std::get_if<wire::Acknowledge>(&event.message)) {
    note_acknowledged(found->second, event.connection, *acknowledge);
  }
}

void Auditor::note(const core::EngineSpoke& event) {
  if (std::holds_alternative<wire::EngineReady>(event.message)) engines_[event.engine];
  if (std::holds_alternative<wire::EngineLeaving>(event.message)) engines_.erase(event.engine);
  if (const auto* finished = std::get_if<wire::AttemptFinished>(&event.message)) {
    note_answer(event.engine, finished->attempt);
  }
  if (const auto* returned = std::get_if<wire::AttemptsReturned>(&event.message)) {
    for (const wire::AttemptRef& attempt : returned->attempts) note_answer(event.engine, attempt);
  }
}

void Auditor::note(const core::EngineLost& event) {
  lost_ever_.insert(event.engine);
  const auto found = engines_.find(event.engine);
  if (found == engines_.end()) return;
  for (const TaskId id : found->second.handed) task(id).handed = false;
  engines_.erase(found);
}

void Auditor::note_submitted(Connection& connection, const wire::SubmitTask& submit) {
  connection.tasks += std::max<std::size_t>(1, submit.engines.size());
  connection.bytes += wire::credit_bytes(submit.operation.size(), submit.label, submit.needs);
  connection.requests[submit.request] = submit;
}

void Auditor::note_acknowledged(Connection& connection, core::ConnectionId id, const wire::Acknowledge& acknowledge) {
  for (const TaskId acknowledged : acknowledge.tasks) {
    const auto found = tasks_.find(acknowledged);
    if (found == tasks_.end() || found->second.connection != id) continue;
    if (!found->second.answered || found->second.acknowledged) continue;
    Task& task = found->second;
    task.acknowledged = true;
    connection.tasks -= 1;
    connection.result_bytes -= task.result_bytes;
    connection.kept_bytes -= task.kept_bytes;
    if (--parts_[task.first] == 0) connection.bytes -= task.credit_bytes;
  }
}

void Auditor::note_answer(EngineId engine, wire::AttemptRef attempt) {
  const auto found = engines_.find(engine);
  if (found == engines_.end()) return;
  const auto known = tasks_.find(attempt.task);
  if (known == tasks_.end() || known->second.attempts != attempt.attempt) return;
  if (found->second.handed.erase(attempt.task) == 0) return;
  found->second.bytes -= known->second.bytes;
  known->second.handed = false;
}

void Auditor::note_records(const core::Effects& effects) {
  for (const core::Record& record : effects.journal) {
    if (const auto* accepted = std::get_if<core::TaskAccepted>(&record.fact)) {
      const std::uint64_t parts = std::max<std::size_t>(1, accepted->engines.size());
      for (std::uint64_t i = 0; i < parts; ++i) {
        Task& task = tasks_[TaskId{accepted->first_task.value() + i}];
        task.first = accepted->first_task;
        task.accepted_number = record.number;
        task.session = accepted->session;
        task.module = accepted->module;
      }
      parts_[accepted->first_task] = static_cast<std::uint32_t>(parts);
    } else if (const auto* settled = std::get_if<core::TaskSettled>(&record.fact)) {
      task(settled->task).settled_number = record.number;
    } else if (const auto* started = std::get_if<core::AttemptStarted>(&record.fact)) {
      started_[started->attempt] = record.number;
    } else if (const auto* ended = std::get_if<core::SessionEnded>(&record.fact)) {
      ended_.insert(ended->session);
    } else {
      note_module_record(record.fact);
    }
  }
  std::uint64_t module_bytes = 0;
  for (const auto& [hash, bytes] : modules_) module_bytes += bytes;
  world_.require(modules_.size() <= limits_.modules_max, "more modules are kept than may be");
  world_.require(module_bytes <= limits_.modules_bytes_max, "more bytes of modules are kept than may be");
}

void Auditor::note_module_record(const core::Fact& fact) {
  if (const auto* stored = std::get_if<core::ModuleStored>(&fact)) {
    world_.require(modules_.emplace(stored->hash, stored->content.size()).second, "a module was stored twice");
  } else if (const auto* library = std::get_if<core::LibraryAdded>(&fact)) {
    libraries_.insert(library->hash);
  } else if (const auto* forgotten = std::get_if<core::ModuleForgotten>(&fact)) {
    note_forgotten(forgotten->hash);
  }
}

void Auditor::note_forgotten(const wire::ModuleHash& module) {
  world_.require(modules_.erase(module) == 1, "a module was forgotten that was not kept");
  world_.require(!libraries_.contains(module), "a library was forgotten");
  for (const auto& [id, part] : tasks_) {
    const bool runs_on = part.handed;  // also when its session has ended
    if (part.module != module || part.settled_number != 0 || (ended_.contains(part.session) && !runs_on)) continue;
    world_.fail("a module was forgotten that task " + std::to_string(id.value()) + " needs");
  }
}

void Auditor::note_returned(Connection& connection, const wire::TaskReturned& returned, bool alone) {
  const auto found = connection.requests.find(returned.request);
  if (found == connection.requests.end()) world_.fail("a task was returned that was not submitted, or twice");
  const wire::SubmitTask submit = found->second;
  connection.requests.erase(found);
  connection.tasks -= std::max<std::size_t>(1, submit.engines.size());
  connection.bytes -= wire::credit_bytes(submit.operation.size(), submit.label, submit.needs);
  // Those behind it are returned as well, with whatever module, until the client offers that one.
  const bool is_first = !std::exchange(connection.returning, true);
  world_.require(!is_first || !alone || !modules_.contains(submit.module),
                 "a task was returned whose module is here");
}

void Auditor::check_clients(const core::Effects& effects, bool alone) {
  for (const core::SendToClient& send : effects.to_clients) {
    const auto found = connections_.find(send.connection);
    if (found == connections_.end()) world_.fail("a message for a client that is not connected");
    Connection& connection = found->second;
    if (const auto* accepted = std::get_if<wire::TaskAccepted>(&send.message)) {
      const wire::SubmitTask& submit = connection.requests.at(accepted->request);
      for (std::uint64_t i = 0; i < accepted->parts; ++i) {
        Task& part = task(TaskId{accepted->first_task.value() + i});
        part.connection = send.connection;
        part.bytes = submit.operation.size();
        part.credit_bytes = wire::credit_bytes(part.bytes, submit.label, submit.needs);
      }
      connection.returning = false;
    } else if (const auto* returned = std::get_if<wire::TaskReturned>(&send.message)) {
      note_returned(connection, *returned, alone);
    } else if (const auto* finished = std::get_if<wire::TaskFinished>(&send.message)) {
      Task& part = task(finished->task);
      world_.require(part.connection == send.connection, "an answer went to another client");
      world_.require(!part.answered, "a task was answered twice");
      world_.require(!part.handed, "a task was answered that an engine still has");
      part.answered = true;
      part.result_bytes = core::outcome_bytes(finished->outcome);
      connection.result_bytes += part.result_bytes;
      if (const auto* result = std::get_if<base::SharedBytes>(&finished->outcome)) part.kept_bytes = result->size();
      connection.kept_bytes += part.kept_bytes;
    }
  }
}

void Auditor::check_engines(std::span<const core::Event> events, const core::Effects& effects) {
  for (const core::SendToEngines& send : effects.to_engines) {
    for (std::size_t i = 0; i < send.engines.size(); ++i) {
      const EngineId id = send.engines[i];
      if (!engines_.contains(id))
        world_.fail("a message for engine " + std::to_string(id.value()) + ", which is gone");
      const wire::ToEngine message = core::message_for(send, i);
      if (const auto* run = std::get_if<wire::RunTask>(&message)) check_run(id, *run, events);
    }
  }
  for (const auto& [id, engine] : engines_) {
    world_.require(engine.handed.size() <= limits_.engine_attempts_max, "an engine's window is exceeded");
    world_.require(engine.handed.size() <= 1 || engine.bytes <= limits_.engine_bytes_max,
                   "an engine's window is exceeded in bytes");
  }
}

void Auditor::check_run(EngineId id, const wire::RunTask& run, std::span<const core::Event> events) {
  Task& part = task(run.attempt.task);
  Engine& engine = engines_.at(id);
  if (part.answered) world_.fail(text_of(run.attempt) + " was handed out after the answer");
  if (part.handed) world_.fail(text_of(run.attempt) + " was handed out while another one runs");
  if (run.attempt.attempt != part.attempts + 1) world_.fail(text_of(run.attempt) + " has a wrong number");
  world_.require(run.operation.size() == part.bytes, "an engine got another operation than was submitted");
  part.attempts = run.attempt.attempt;
  part.handed = true;
  engine.handed.insert(run.attempt.task);
  engine.bytes += part.bytes;
  if (!run.returnable) {
    TaskId& last = engine.last_direct[part.connection];
    world_.require(last < run.attempt.task, "direct tasks of one client change places");
    last = run.attempt.task;
  }
  if (events.size() != 1) return;
  // In the turn of an answer it counts already; what a submission fails at once counts from the next turn on.
  const bool counts_now = std::holds_alternative<core::EngineSpoke>(events.front());
  const std::uint64_t results =
      counts_now ? connections_.at(part.connection).result_bytes : results_before_.at(part.connection);
  world_.require(results <= limits_.session_results_bytes_max, "a client with too many results is given more");
}

void Auditor::leaves(const core::SendToClient& send, std::uint64_t durable_number) {
  if (const auto* accepted = std::get_if<wire::TaskAccepted>(&send.message)) {
    world_.require(task(accepted->first_task).accepted_number <= durable_number,
                   "a client was told of a task that a restart would forget");
  } else if (const auto* finished = std::get_if<wire::TaskFinished>(&send.message)) {
    world_.require(task(finished->task).settled_number <= durable_number,
                   "a client was told an answer that a restart would forget");
  }
}

void Auditor::leaves(const wire::ToEngine& message, std::uint64_t durable_number) {
  if (const auto* run = std::get_if<wire::RunTask>(&message)) {
    world_.require(started_.at(run->attempt) <= durable_number,
                   "an engine got an attempt that a restart would forget");
  }
}

void Auditor::finish() const {
  for (const auto& [id, engine] : engines_) world_.require(engine.handed.empty(), "an engine still has a task");
  for (const auto& [id, part] : tasks_) {
    if (part.answered || !connections_.contains(part.connection)) continue;
    world_.fail("task " + std::to_string(id.value()) + " was never answered");
  }
}

Auditor::Task& Auditor::task(TaskId id) {
  const auto found = tasks_.find(id);
  if (found == tasks_.end()) world_.fail("there is no task " + std::to_string(id.value()));
  return found->second;
}

}  // namespace gangway::sim
