// Sessions are opened, outlive their connections, are resumed, and end.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/check.hpp"
#include "core/controller.hpp"

namespace gangway::core {

namespace {

// Ids that a restart leaves out. A store that does not wait for the disk loses its last records with the power, and
// ids in them were told: neither a task nor a session that comes later may be taken for one of those.
constexpr std::uint64_t ids_left_out = 1U << 20U;

// The same of the openings of a named session.
constexpr std::uint32_t openings_left_out = 1U << 10U;

}  // namespace

void Controller::on_hello(ConnectionId id, Connection& connection, const wire::Hello& hello, Turn& turn) {
  if (hello.version != wire::protocol_version) {
    dismiss(
        id,
        {"the client speaks version " + std::to_string(hello.version) + " of the protocol, this gateway version " +
             std::to_string(wire::protocol_version) + "; use a client library of the cluster's release",
         true},
        turn);
    return;
  }
  connection.client = hello.client;
  if (connection.role >= Role::submit && !hello.name.empty()) {
    open_named_session(id, connection, hello, turn);
  } else if (connection.role >= Role::submit && state_.sessions.contains(hello.session)) {
    resume_session(id, connection, hello.session, turn);
  } else {
    open_session(id, connection, "", turn);
  }
}

void Controller::open_named_session(ConnectionId id, Connection& connection, const wire::Hello& hello, Turn& turn) {
  const auto known = state_.session_names.find(hello.name);
  if (known == state_.session_names.end()) {
    open_session(id, connection, hello.name, turn);
    return;
  }
  const SessionId session = known->second;
  const std::uint32_t openings = state_.sessions.at(session).openings;
  if (hello.session != SessionId{}) {
    // One that is newer than any known: the store has lost its record with the power.
    if (hello.session == session && hello.opening >= openings) {
      if (hello.opening > openings) commit(SessionAdopted{session, hello.opening}, turn);
      resume_session(id, connection, session, turn);
    } else {
      dismiss(id, {"the session \"" + hello.name + "\" goes on in another process", true}, turn);
    }
    return;
  }
  if (const auto user = connection_of_.find(session); user != connection_of_.end()) {
    dismiss(id,
            {"the session \"" + hello.name + "\" is in use by " + connections_.at(user->second).client +
                 "; end that process, or take another name (one whose host is gone is missed within " +
                 std::to_string(limits_.client_silence_max.ns / 1'000'000'000) + " s)",
             true},
            turn);
    return;
  }
  commit(SessionAdopted{session, openings + 1 + (was_restarted_ ? openings_left_out : 0)}, turn);
  resume_session(id, connection, session, turn);
}

void Controller::open_session(ConnectionId id, Connection& connection, const std::string& name, Turn& turn) {
  // Each keeps operations in memory, with a connection or without.
  if (state_.sessions.size() >= limits_.sessions_max) {
    const std::size_t detached = state_.sessions.size() - connection_of_.size();
    dismiss(id,
            {"this gateway keeps at most " + std::to_string(limits_.sessions_max) + " sessions, and " +
             std::to_string(detached) + " of them wait for their clients to come back; try later"},
            turn);
    return;
  }
  const SessionId session{id_base_ + state_.last_session + 1};
  commit(SessionOpened{session, name, name.empty() ? 0U : 1U}, turn);
  welcome(id, connection, session, false, turn);
}

void Controller::resume_session(ConnectionId id, Connection& connection, SessionId session, Turn& turn) {
  const auto older = connection_of_.find(session);
  if (older != connection_of_.end()) {
    say_goodbye(older->second, {"its session goes on in a newer connection"}, turn);
  } else {
    timers_.cancel(TimerKind::linger, session);
  }
  welcome(id, connection, session, true, turn);
  for (const auto& [number, first_task] : state_.sessions.at(session).tasks) {
    const Task& task = *state_.tasks.find(first_task).task;
    charge(1);
    const auto parts = static_cast<std::uint32_t>(task.parts.size());
    send(id, wire::TaskAccepted{task.request, first_task, parts, task.parts_unforgotten, task.credit_bytes}, turn);
    connection.last_request = std::max(connection.last_request, task.request);
    for (std::uint32_t index = 0; index < task.parts.size(); ++index) {
      if (!std::holds_alternative<Settled>(task.parts[index].state)) continue;
      charge(1);
      turn.effects.stored_answers.push_back({id, task.request, index, task.id_of(index)});
    }
  }
  start_listing(id, session, turn);
}

void Controller::welcome(ConnectionId id, Connection& connection, SessionId session, bool resumed, Turn& turn) {
  connection.session = session;
  connection_of_.emplace(session, id);
  timers_.cancel(TimerKind::hello, id);
  timers_.arm(TimerKind::silence, id, turn.now + limits_.client_silence_max);
  send(id,
       wire::Welcome{session, identity_.cluster, limits_.session_tasks_max, limits_.session_bytes_max,
                     engines_.infos(), resumed, state_.sessions.at(session).openings},
       turn);
}

void Controller::detach_session(SessionId session, Turn& turn) {
  const Session& detached = state_.sessions.at(session);
  if (!detached.name.empty()) {
    timers_.arm(TimerKind::linger, session, turn.now + limits_.named_session_linger);
  } else if (detached.tasks_used == 0) {
    end_session(session, turn);
  } else {
    timers_.arm(TimerKind::linger, session, turn.now + limits_.session_linger);
  }
}

void Controller::end_session(SessionId session, Turn& turn) {
  timers_.cancel(TimerKind::linger, session);
  stop_listing(session);
  commit(SessionEnded{session}, turn);
  results_.drop(session);
}

void Controller::on_message(ConnectionId id, Connection& connection, const wire::EndSession&, Turn& turn) {
  const SessionId session = *connection.session;
  turn.effects.to_close.push_back(id);
  forget_connection(id);
  end_session(session, turn);
}

void Controller::on(const Restarted&, Turn& turn) {
  GANGWAY_CHECK(connections_.empty() && engines_.none_yet(), "a controller is restarted before anything else");
  was_restarted_ = true;
  commit(IdsGiven{TaskId{id_base_ + state_.last_task + ids_left_out},
                  SessionId{id_base_ + state_.last_session + ids_left_out}},
         turn);
  // The engines that had them are gone.
  std::vector<Fact> ends;
  std::vector<TaskId> doubtful;
  for (const auto& [first_task, task] : state_.tasks.all()) {
    for (std::uint32_t index = 0; index < task.parts.size(); ++index) {
      const Part& part = task.parts[index];
      const wire::AttemptRef attempt{task.id_of(index), part.attempts};
      if (std::holds_alternative<Handed>(part.state)) {
        if (task.policy.at_most_once) {
          doubtful.push_back(attempt.task);
        } else {
          ends.emplace_back(AttemptReturned{attempt});
        }
      }
      if (std::holds_alternative<Abandoned>(part.state)) ends.emplace_back(TaskForgotten{attempt.task});
    }
  }
  for (Fact& fact : ends) commit(std::move(fact), turn);
  for (const TaskId task : doubtful) {
    fail(task, wire::FailureKind::engine_lost, "cluster restarted",
         "the cluster was started again while an engine had this: it may have run or not, and was to be run at most "
         "once",
         turn);
  }
  std::vector<SessionId> sessions;
  for (const auto& [id, session] : state_.sessions) sessions.push_back(id);
  for (const SessionId session : sessions) detach_session(session, turn);
  for (const EngineId engine : direct_.engines()) awaited_.insert(engine);
  dirty_.refill = parking_;
}

}  // namespace gangway::core
