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
  acknowledged_.clear();
  for (const core::Event& event : events) std::visit([&](const auto& what) { note(what); }, event);
  results_before_.clear();
  for (const auto& [id, session] : sessions_) results_before_[id] = session.result_bytes;
  for (const core::Record& record : effects.journal) {
    std::visit([&](const auto& fact) { note_record(record.number, fact); }, record.fact);
  }
  check_modules();
  check_overdrafts(effects);
  check_clients(effects, events.size() == 1);
  check_engines(events, effects);
  for (const core::ConnectionId id : effects.to_close) {
    world_.require(connections_.erase(id) == 1, "a connection was closed that is not open");
  }
  check_users();
  for (const auto& [id, session] : sessions_) {
    if (session.ended_number != 0) continue;
    world_.require(session.bytes <= limits_.session_bytes_max, "a client has more bytes out than its credit");
    world_.require(session.kept_bytes <= kept_bytes_max_, "more results are kept for a client than its window");
  }
}

void Auditor::check_overdrafts(const core::Effects& effects) const {
  for (const auto& [id, connection] : connections_) {
    if (!connection.session || sessions_.at(*connection.session).tasks <= limits_.session_tasks_max) continue;
    world_.require(std::find(effects.to_close.begin(), effects.to_close.end(), id) != effects.to_close.end(),
                   "a client has more tasks out than its credit");
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
  if (found == connections_.end() || found->second.overtaken) return;
  if (const auto* hello = std::get_if<wire::Hello>(&event.message)) note_hello(found->second, *hello);
  if (!found->second.session) return;
  Session& session = sessions_.at(*found->second.session);
  if (const auto* submit = std::get_if<wire::SubmitTask>(&event.message)) {
    note_submitted(session, *submit);
  } else if (const auto* acknowledge = std::get_if<wire::Acknowledge>(&event.message)) {
    for (const TaskId acknowledged : acknowledge->tasks) {
      const auto known = tasks_.find(acknowledged);
      if (known != tasks_.end() && known->second.session == *found->second.session)
        acknowledged_.insert(acknowledged);
    }
  }
}

void Auditor::note(const core::EngineSpoke& event) {
  if (std::holds_alternative<wire::EngineReady>(event.message)) {
    const auto [engine, is_new] = engines_.try_emplace(event.engine);
    for (const auto& [name, value] : environment_) {
      if (is_new) engine->second.owed.insert(name);
    }
  }
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

void Auditor::note_submitted(Session& session, const wire::SubmitTask& submit) {
  session.tasks += std::max<std::size_t>(1, submit.engines.size());
  session.bytes += wire::credit_bytes(submit.operation.size(), submit.label, submit.needs,
                                      wire::parts_awaited(submit.after), submit.environment);
  session.requests[submit.request] = submit;
}

wire::SubmitTask Auditor::take_request(Session& session, wire::RequestId request) {
  const auto found = session.requests.extract(request);
  if (found.empty()) world_.fail("an answer to a request that was not submitted, or a second one");
  const wire::SubmitTask& submit = found.mapped();
  session.tasks -= std::max<std::size_t>(1, submit.engines.size());
  session.bytes -= wire::credit_bytes(submit.operation.size(), submit.label, submit.needs,
                                      wire::parts_awaited(submit.after), submit.environment);
  return submit;
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

void Auditor::note_returned(Connection& connection, const wire::TaskReturned& returned, bool alone) {
  const wire::SubmitTask submit = take_request(sessions_.at(connection.session.value()), returned.request);
  // Those behind it are returned as well, with whatever module, until the client offers that one.
  const bool is_first = !std::exchange(connection.returning, true);
  world_.require(!is_first || !alone || !modules_.contains(submit.module),
                 "a task was returned whose module is here");
}

void Auditor::check_clients(const core::Effects& effects, bool alone) {
  for (const core::SendToClient& send : effects.to_clients) {
    const auto found = connections_.find(send.connection);
    if (found == connections_.end()) world_.fail("a message for a client that is not connected");
    check_message(send.connection, found->second, send.message, alone);
  }
  for (const core::SendStoredAnswer& send : effects.stored_answers) {
    const auto found = connections_.find(send.connection);
    if (found == connections_.end()) world_.fail("a kept answer for a client that is not connected");
    check_told(found->second, send.request, send.task);
  }
}

void Auditor::check_message(core::ConnectionId id, Connection& connection, const wire::GatewayMessage& message,
                            bool alone) {
  if (const auto* welcome = std::get_if<wire::Welcome>(&message)) {
    for (const auto& [other, known] : connections_) {
      world_.require(other == id || known.session != welcome->session || welcome->resumed,
                     "two clients got one session");
    }
    check_welcome(connection, *welcome);
    connection.session = welcome->session;
    connection.naming = welcome->resumed;
  } else if (const auto* accepted = std::get_if<wire::TaskAccepted>(&message)) {
    world_.require(task(accepted->first_task).session == connection.session, "a task was named to another client");
    note_attached(connection, *accepted);
    check_named(connection, *accepted);
    connection.returning = false;
  } else if (std::holds_alternative<wire::SessionResumed>(message)) {
    check_all_named(connection);
    connection.naming = false;
  } else if (const auto* goodbye = std::get_if<wire::Goodbye>(&message)) {
    check_goodbye(connection, *goodbye);
  } else if (const auto* refused = std::get_if<wire::Refused>(&message)) {
    note_refused(connection, *refused);
  } else if (const auto* returned = std::get_if<wire::TaskReturned>(&message)) {
    note_returned(connection, *returned, alone);
  } else if (const auto* finished = std::get_if<wire::TaskFinished>(&message)) {
    check_told(connection, finished->request, finished->task);
  }
}

void Auditor::check_named(Connection& connection, const wire::TaskAccepted& accepted) {
  const Task& first = task(accepted.first_task);
  const auto parts = parts_.find(accepted.first_task);
  const std::uint32_t parts_left = parts == parts_.end() ? 0 : parts->second;
  const bool is_known = parts_left > 0 || connection.attached.contains(accepted.request);
  world_.require(is_known && accepted.parts == first.parts, "a task was named with wrong parts");
  world_.require(accepted.parts_left == (connection.naming ? parts_left : 0), "a task was named with wrong parts");
  world_.require(accepted.credit_bytes == (connection.naming ? first.credit_bytes : 0),
                 "a task was named with wrong bytes");
  if (!connection.naming) return;
  world_.require(first.requests.back().second == accepted.request, "a task was named with another request");
  world_.require(connection.named.insert(accepted.first_task).second, "a task was named twice");
}

void Auditor::check_told(Connection& connection, wire::RequestId request, TaskId told) {
  const Task& part = task(told);
  world_.require(part.session == connection.session, "an answer went to another client");
  world_.require(part.settled_number != 0, "an answer was told that there is not");
  const auto attached = connection.attached.find(request);
  const bool asked_by_key = attached != connection.attached.end() && attached->second == told;
  world_.require(asked_by_key || part.forgotten_number == 0, "an answer was told that was acknowledged");
  const bool asked = std::ranges::any_of(part.requests, [&](const auto& one) { return one.second == request; });
  world_.require(asked_by_key || asked, "an answer was told to another request");
  world_.require(connection.told.emplace(request, told).second, "a task was answered twice");
}

void Auditor::check_engines(std::span<const core::Event> events, const core::Effects& effects) {
  for (const core::SendToEngines& send : effects.to_engines) {
    for (std::size_t i = 0; i < send.engines.size(); ++i) {
      const EngineId id = send.engines[i];
      if (!engines_.contains(id))
        world_.fail("a message for engine " + std::to_string(id.value()) + ", which is gone");
      const wire::ToEngine message = core::message_for(send, i);
      if (const auto* run = std::get_if<wire::RunTask>(&message)) check_run(id, *run, events);
      if (const auto* value = std::get_if<wire::SetEnvironment>(&message)) engines_.at(id).owed.erase(value->name);
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
  if (part.settled_number != 0) world_.fail(text_of(run.attempt) + " was handed out after the answer");
  if (part.handed) world_.fail(text_of(run.attempt) + " was handed out while another one runs");
  if (run.attempt.attempt != part.attempts + 1) world_.fail(text_of(run.attempt) + " has a wrong number");
  world_.require(run.operation.size() == part.bytes, "an engine got another operation than was submitted");
  world_.require(judge_prerequisites(part) == core::Verdict::met, "a task was handed out before those it follows");
  for (const std::string& name : engine.owed) {
    if (environment_.contains(name)) world_.fail("an engine that joined got a task before " + name);
  }
  part.attempts = run.attempt.attempt;
  part.handed = true;
  engine.handed.insert(run.attempt.task);
  engine.bytes += part.bytes;
  if (!run.returnable) {
    TaskId& last = engine.last_direct[part.session];
    world_.require(last < run.attempt.task, "direct tasks of one client change places");
    last = run.attempt.task;
  }
  if (events.size() != 1) return;
  // In the turn of an answer it counts already; what a submission fails at once counts from the next turn on.
  const bool counts_now = std::holds_alternative<core::EngineSpoke>(events.front());
  const std::uint64_t results =
      counts_now ? sessions_.at(part.session).result_bytes : results_before_.at(part.session);
  world_.require(results <= limits_.session_results_bytes_max, "a client with too many results is given more");
}

void Auditor::leaves(const core::SendToClient& send, std::uint64_t durable_number) {
  if (const auto* welcome = std::get_if<wire::Welcome>(&send.message)) {
    world_.require(sessions_.at(welcome->session).opened_number <= durable_number,
                   "a client was told of a session that a restart would forget");
    world_.require(sessions_told_.insert(welcome->session).second || welcome->resumed,
                   "a new session has the id of an older one");
    note_opening_told(send.connection, *welcome);
  } else if (const auto* accepted = std::get_if<wire::TaskAccepted>(&send.message)) {
    const Task& first = task(accepted->first_task);
    world_.require(first.accepted_number <= durable_number,
                   "a client was told of a task that a restart would forget");
    world_.require(tasks_told_.emplace(accepted->first_task, first.session).first->second == first.session,
                   "a task has the id of an older one");
  } else if (const auto* finished = std::get_if<wire::TaskFinished>(&send.message)) {
    const Task& part = task(finished->task);
    world_.require(part.settled_number != 0 && part.settled_number <= durable_number,
                   "a client was told an answer that a restart would forget");
    world_.require(part.outcome == finished->outcome, "a task has two answers");
  }
}

void Auditor::leaves(const wire::ToEngine& message, std::uint64_t durable_number) {
  if (const auto* run = std::get_if<wire::RunTask>(&message)) {
    world_.require(started_.at(run->attempt) <= durable_number,
                   "an engine got an attempt that a restart would forget");
  }
}

void Auditor::begins(wire::AttemptRef attempt) {
  const auto known = tasks_.find(attempt.task);
  if (known == tasks_.end() || !known->second.policy.at_most_once) return;
  const auto [before, is_first] = begun_.emplace(attempt.task, attempt);
  world_.require(is_first || before->second == attempt, "a task was run twice that is to run at most once");
}

std::uint32_t Auditor::crashes_of(TaskId task) const {
  const auto begin = crashes_.lower_bound({task, 0});
  const auto end = crashes_.lower_bound({TaskId{task.value() + 1}, 0});
  return static_cast<std::uint32_t>(std::distance(begin, end));
}

bool Auditor::is_kept(TaskId task) const {
  const auto found = tasks_.find(task);
  return found != tasks_.end() && !found->second.key.empty() && found->second.forgotten_number != 0;
}

bool Auditor::is_fair(const wire::TaskFinished& finished, const wire::RetryPolicy& policy) const {
  const wire::FailureKind kind = std::get<wire::Failure>(finished.outcome).kind;
  if (kind == wire::FailureKind::engine_lost) return any_lost();
  const std::uint32_t crashes_min = std::min(policy.retries + 1, limits_.worker_kills_max);
  return kind == wire::FailureKind::worker_crashed && crashed({finished.task, finished.run.attempt}) &&
         crashes_of(finished.task) >= crashes_min;
}

void Auditor::came_back(std::uint64_t durable_number, bool power_was_lost) {
  power_ever_lost_ = power_ever_lost_ || power_was_lost;
  connections_.clear();
  for (const auto& [id, engine] : engines_) lost_ever_.insert(id);
  engines_.clear();
  if (power_was_lost) note_taken(durable_number);
  take_back(durable_number);
  count_sessions();
}

void Auditor::finish() const {
  for (const auto& [id, engine] : engines_) world_.require(engine.handed.empty(), "an engine still has a task");
  for (const auto& [id, part] : tasks_) {
    if (part.settled_number != 0 || sessions_.at(part.session).ended_number != 0) continue;
    world_.fail("task " + std::to_string(id.value()) + " was never answered");
  }
}

Auditor::Task& Auditor::task(TaskId id) {
  const auto found = tasks_.find(id);
  if (found == tasks_.end()) world_.fail("there is no task " + std::to_string(id.value()));
  return found->second;
}

}  // namespace gangway::sim
