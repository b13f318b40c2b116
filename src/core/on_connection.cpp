// Connections come and go, and deadlines pass.
#include <optional>
#include <string>
#include <utility>
#include <variant>

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
  connections_.emplace(id, Connection{event.role, "", std::nullopt, wire::RequestId{}, turn.now, {}, {}, {}});
  timers_.arm(TimerKind::hello, id, turn.now + limits_.hello_timeout);
  if (stopping_) {
    dismiss(id, {"the cluster is being stopped", true}, turn);
  } else if (connections_.size() > limits_.sessions_max) {
    dismiss(id,
            {"this gateway serves at most " + std::to_string(limits_.sessions_max) + " clients at a time; try later"},
            turn);
  }
}

void Controller::on(const ConnectionClosed& event, Turn& turn) {
  if (!connections_.contains(event.connection)) return;
  if (const auto session = forget_connection(event.connection)) detach_session(*session, turn);
}

void Controller::on(const TimePassed&, Turn& turn) {
  while (const auto due = timers_.take_due(turn.now)) {
    charge(1);
    if (due->kind == TimerKind::linger) {
      end_session(std::get<SessionId>(due->subject), turn);
      continue;
    }
    const ConnectionId id = std::get<ConnectionId>(due->subject);
    if (due->kind == TimerKind::hello) {
      dismiss(id, {"no Hello within " + text_of(limits_.hello_timeout)}, turn);
      continue;
    }
    // Messages do not move the timer, they only leave their time.
    const base::Instant silent_until = connections_.at(id).last_heard + limits_.client_silence_max;
    if (silent_until > turn.now) {
      timers_.arm(TimerKind::silence, id, silent_until);
    } else {
      dismiss(id, {"nothing was heard from this client for " + text_of(limits_.client_silence_max)}, turn);
    }
  }
}

void Controller::dismiss(ConnectionId id, wire::Goodbye goodbye, Turn& turn) {
  if (const auto session = say_goodbye(id, std::move(goodbye), turn)) detach_session(*session, turn);
}

void Controller::breach(ConnectionId id, std::string reason, Turn& turn) {
  ++breaches_;
  const auto session = say_goodbye(id, {"the protocol was broken: " + std::move(reason), true}, turn);
  if (session) end_session(*session, turn);
}

std::optional<SessionId> Controller::say_goodbye(ConnectionId id, wire::Goodbye goodbye, Turn& turn) {
  send(id, std::move(goodbye), turn);
  turn.effects.to_close.push_back(id);
  return forget_connection(id);
}

std::optional<SessionId> Controller::forget_connection(ConnectionId id) {
  timers_.cancel_all(id);
  const auto found = connections_.find(id);
  const std::optional<SessionId> session = found->second.session;
  connections_.erase(found);
  std::erase_if(offers_, [id](const WaitingOffer& offer) { return offer.connection == id; });
  if (session) connection_of_.erase(*session);
  if (session) stop_listing(*session);
  return session;
}

void Controller::tell_engines_changed(Turn& turn) {
  for (const auto& [session, id] : connection_of_) {
    charge(1);
    send(id, wire::EnginesChanged{engines_.infos()}, turn);
  }
}

}  // namespace gangway::core
