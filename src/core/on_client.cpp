// Messages of clients: what every request must pass, and the small ones.
#include <concepts>
#include <string>
#include <variant>

#include "core/controller.hpp"

namespace gangway::core {

namespace {

/// The least role that may send a message, and what the message does, for the refusal.
struct Permission {
  Role role;
  const char* purpose;
};

Permission permission_for(const wire::ClientMessage& message) {
  if (std::holds_alternative<wire::Shutdown>(message)) return {Role::administer, "stop the cluster"};
  if (std::holds_alternative<wire::SubmitTask>(message)) return {Role::submit, "submit tasks"};
  if (std::holds_alternative<wire::OfferModule>(message)) return {Role::submit, "bring modules"};
  if (std::holds_alternative<wire::UploadModule>(message)) return {Role::submit, "bring modules"};
  if (std::holds_alternative<wire::FetchResult>(message)) return {Role::submit, "fetch results"};
  if (std::holds_alternative<wire::FetchOperation>(message)) return {Role::submit, "submit tasks again"};
  if (std::holds_alternative<wire::ForgetTasks>(message)) return {Role::submit, "forget tasks"};
  return {Role::observe, "look"};
}

const char* name_of(Role role) {
  switch (role) {
    case Role::observe:
      return "client_observe";
    case Role::submit:
      return "client_submit";
    case Role::administer:
      return "client_administer";
  }
  return "unknown";
}

/// The number of a message that is a request; null for the others.
const wire::RequestId* request_of(const wire::ClientMessage& message) {
  return std::visit(
      [](const auto& what) -> const wire::RequestId* {
        if constexpr (requires { what.request; }) return &what.request;
        return nullptr;
      },
      message);
}

}  // namespace

void Controller::on(const ClientStirred& event, Turn& turn) {
  const auto found = connections_.find(event.connection);
  if (found != connections_.end()) found->second.last_heard = turn.now;
}

void Controller::on(const ClientSpoke& event, Turn& turn) {
  const ConnectionId id = event.connection;
  const auto found = connections_.find(id);
  // What was on its way when the controller closed the connection.
  if (found == connections_.end()) return;
  Connection& connection = found->second;
  connection.last_heard = turn.now;
  if (!connection.session) {
    if (const auto* hello = std::get_if<wire::Hello>(&event.message)) {
      on_hello(id, connection, *hello, turn);
    } else {
      breach(id, "the first message must be Hello", turn);
    }
    return;
  }
  if (!accept_request(id, connection, event.message, turn)) return;
  connection.kept = event.kept;
  connection.parked = event.parked;
  std::visit([&](const auto& message) { on_message(id, connection, message, turn); }, event.message);
  forget_fresh(event.durable_number);
}

bool Controller::accept_request(ConnectionId id, Connection& connection, const wire::ClientMessage& message,
                                Turn& turn) {
  const wire::RequestId* request = request_of(message);
  if (request == nullptr) return true;
  if (*request <= connection.last_request) {
    breach(id,
           "request " + std::to_string(request->value()) + " follows request " +
               std::to_string(connection.last_request.value()) + ", but numbers must rise",
           turn);
    return false;
  }
  connection.last_request = *request;
  const Permission permission = permission_for(message);
  if (connection.role >= permission.role) return true;
  send(id,
       wire::Refused{*request, std::string{"a certificate with the role "} + name_of(connection.role) + " may not " +
                                   permission.purpose + "; " + name_of(permission.role) + " may"},
       turn);
  return false;
}

void Controller::on_message(ConnectionId id, Connection&, const wire::QueryCluster& message, Turn& turn) {
  Status now = status();
  send(id,
       wire::ClusterState{message.request, std::move(now.engines), now.sessions, now.tasks_waiting, now.tasks_running,
                          now.tasks_finished},
       turn);
}

void Controller::on_message(ConnectionId, Connection&, const wire::Shutdown&, Turn& turn) {
  stopping_ = true;
  while (!connections_.empty()) {
    charge(1);
    say_goodbye(connections_.begin()->first, {"the cluster is being stopped", true}, turn);
  }
  while (!state_.sessions.empty()) end_session(state_.sessions.begin()->first, turn);
  std::vector<EngineId> engines;
  for (const auto& [id, engine] : engines_.all()) engines.push_back(id);
  if (!engines.empty()) turn.effects.to_engines.push_back({std::move(engines), wire::LeaveCluster{}});
}

void Controller::on_message(ConnectionId id, Connection&, const wire::Ping& message, Turn& turn) {
  send(id, wire::Pong{message.number}, turn);
}

void Controller::on_message(ConnectionId id, Connection&, const wire::Hello&, Turn& turn) {
  breach(id, "Hello was said twice", turn);
}

}  // namespace gangway::core
