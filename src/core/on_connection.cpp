// Connections come and go; Hello makes a session of one.
#include <string>
#include <utility>

#include "core/controller.hpp"

namespace gangway::core {

namespace {

std::string text_of(base::Duration span) {
  constexpr std::int64_t second = base::seconds(1).ns;
  if (span.ns % second == 0) return std::to_string(span.ns / second) + " s";
  return std::to_string(span.ns / base::milliseconds(1).ns) + " ms";
}

}  // namespace

void Controller::on(const ConnectionOpened& event, Turn& turn) {
  const ConnectionId id = event.connection;
  connections_.emplace(id, Connection{event.role, std::nullopt, wire::RequestId{}, turn.now, std::nullopt});
  timers_.arm(TimerKind::hello, id, turn.now + limits_.hello_timeout);
  if (stopping_) {
    dismiss(id, "the cluster is being stopped", turn);
  } else if (connections_.size() > limits_.sessions_max) {
    dismiss(id,
            "this gateway serves at most " + std::to_string(limits_.sessions_max) + " clients at a time; try later",
            turn);
  }
}

void Controller::on(const ConnectionClosed& event, Turn& turn) {
  if (connections_.contains(event.connection)) forget_connection(event.connection, turn);
}

void Controller::on(const TimePassed&, Turn& turn) {
  while (const auto due = timers_.take_due(turn.now)) {
    charge(1);
    const ConnectionId id = due->connection;
    if (due->kind == TimerKind::hello) {
      dismiss(id, "no Hello within " + text_of(limits_.hello_timeout), turn);
      continue;
    }
    // Messages do not move the timer, they only leave their time.
    const base::Instant silent_until = connections_.at(id).last_heard + limits_.client_silence_max;
    if (silent_until > turn.now) {
      timers_.arm(TimerKind::silence, id, silent_until);
    } else {
      dismiss(id, "nothing was heard from this client for " + text_of(limits_.client_silence_max), turn);
    }
  }
}

void Controller::on_hello(ConnectionId id, Connection& connection, const wire::Hello& hello, Turn& turn) {
  if (hello.version != wire::protocol_version) {
    dismiss(id,
            "the client speaks version " + std::to_string(hello.version) + " of the protocol, this gateway version " +
                std::to_string(wire::protocol_version) + "; use a client library of the cluster's release",
            turn);
    return;
  }
  const SessionId session{id_base_ + state_.last_session + 1};
  commit(SessionOpened{session}, turn);
  connection.session = session;
  connection_of_.emplace(session, id);
  timers_.cancel(TimerKind::hello, id);
  timers_.arm(TimerKind::silence, id, turn.now + limits_.client_silence_max);
  send(id,
       wire::Welcome{session, identity_.cluster, limits_.session_tasks_max, limits_.session_bytes_max,
                     engines_.infos(), false},
       turn);
}

void Controller::dismiss(ConnectionId id, std::string reason, Turn& turn) {
  send(id, wire::Goodbye{std::move(reason)}, turn);
  turn.effects.to_close.push_back(id);
  forget_connection(id, turn);
}

void Controller::breach(ConnectionId id, std::string reason, Turn& turn) {
  ++breaches_;
  dismiss(id, "the protocol was broken: " + std::move(reason), turn);
}

void Controller::forget_connection(ConnectionId id, Turn& turn) {
  timers_.cancel_all(id);
  const auto found = connections_.find(id);
  const std::optional<SessionId> session = found->second.session;
  connections_.erase(found);
  std::erase_if(offers_, [id](const WaitingOffer& offer) { return offer.connection == id; });
  if (!session) return;
  connection_of_.erase(*session);
  commit(SessionEnded{*session}, turn);
  results_.drop(*session);
}

void Controller::tell_engines_changed(Turn& turn) {
  for (const auto& [session, id] : connection_of_) {
    charge(1);
    send(id, wire::EnginesChanged{engines_.infos()}, turn);
  }
}

}  // namespace gangway::core
