#include "gateway/clients.hpp"

#include <algorithm>
#include <utility>

#include "base/limits.hpp"
#include "tls/digest.hpp"
#include "wire/codec.hpp"

namespace gangway::gateway {

namespace {

// Who does not take its answers is not read any further. The controller bounds the results by credit; this bounds
// what a client gets by asking.
constexpr std::size_t queued_bytes_pause = 64 * base::mib;
constexpr std::size_t queued_bytes_resume = 16 * base::mib;

// Who has more than this to take hears of the gateway anyway.
constexpr std::size_t reminded_below_bytes = 64 * base::kib;

// How long the news that a task was accepted waits for its answer to leave with it.
constexpr base::Duration acceptance_wait = base::milliseconds(1);

// What moves slower than this in client_silence_max is as good as silent: a byte a second keeps no frame open.
constexpr std::size_t stirring_bytes_min = 4 * base::kib;

core::Role role_of(tls::Role role) {
  switch (role) {
    case tls::Role::client_administer:
      return core::Role::administer;
    case tls::Role::client_submit:
      return core::Role::submit;
    default:
      return core::Role::observe;
  }
}

}  // namespace

Clients::Clients(boost::asio::io_context& io, base::Log& log, OnEvent on_event)
    : io_{io}, log_{log}, on_event_{std::move(on_event)} {}

Clients::~Clients() {
  for (auto& [id, client] : clients_) client.connection->close();
}

base::Status Clients::listen(const tls::Identity& identity, const tls::ListenerOptions& options) {
  base::Result<std::unique_ptr<tls::Listener>> listener =
      tls::Listener::open(io_, identity, options, log_,
                          [this](std::shared_ptr<tls::Connection> connection) { accept(std::move(connection)); });
  if (!listener) return listener.fault();
  listener_ = std::move(listener).value();
  return base::Done{};
}

void Clients::accept(std::shared_ptr<tls::Connection> connection) {
  const core::ConnectionId id{++last_id_};
  tls::Connection& opened = *connection;
  clients_.emplace(id, Client{std::move(connection)});
  log_.info("client " + opened.peer() + " is connected as " + std::string{tls::role_text(opened.role())});
  on_event_(core::ConnectionOpened{id, role_of(opened.role())});
  opened.start([this, id](const wire::Frame& frame) { hear(id, frame); },
               [this, id](const base::Fault& reason) {
                 log_.info("client gone: " + reason.text);
                 paused_.erase(id);
                 if (clients_.erase(id) > 0) on_event_(core::ConnectionClosed{id});
               });
}

void Clients::hear(core::ConnectionId id, const wire::Frame& frame) {
  const auto found = clients_.find(id);
  if (found == clients_.end()) return;
  base::Result<wire::ClientMessage> message = wire::decode_client_message(frame.number, frame.body);
  if (!message) return refuse(id, message.fault().text);
  if (turned_away_because_ && std::holds_alternative<wire::Hello>(message.value())) {
    return refuse(id, *turned_away_because_);
  }
  if (is_damaged(id, message.value())) return;
  on_event_(core::ClientSpoke{id, std::move(message).value()});

  if (is_held_ || found->second.connection->queued_bytes() > queued_bytes_pause) pause(id, found->second);
}

void Clients::pause(core::ConnectionId id, Client& client) {
  if (client.is_paused) return;
  client.is_paused = true;
  paused_.insert(id);
  client.connection->pause_reading();
}

void Clients::hold_reading(bool held) {
  if (held == is_held_) return;
  is_held_ = held;
  if (!held) return resume_drained();
  for (auto& [id, client] : clients_) {
    if (client.is_welcome) pause(id, client);
  }
}

void Clients::tell_all(const wire::GatewayMessage& message, Word word) {
  for (const auto& [id, client] : clients_) {
    const bool takes_it = word == Word::news || client.connection->queued_bytes() < reminded_below_bytes;
    if (client.is_welcome && takes_it) send(id, message);
  }
}

std::optional<std::size_t> Clients::queued_bytes(core::ConnectionId connection) const {
  const auto found = clients_.find(connection);
  if (found == clients_.end()) return std::nullopt;
  return found->second.connection->queued_bytes();
}

void Clients::refuse(core::ConnectionId id, const std::string& reason) {
  send(id, wire::Goodbye{reason});
  close(id);
}

bool Clients::is_damaged(core::ConnectionId id, const wire::ClientMessage& message) {
  const auto* upload = std::get_if<wire::UploadModule>(&message);
  // Who may not upload yet, or never, is dealt with by the controller; that costs no hashing.
  if (upload == nullptr || !clients_.at(id).may_upload || tls::sha256(upload->content.view()) == upload->hash)
    return false;
  send(id,
       wire::Refused{
           upload->request,
           "the module's content does not have the hash it was announced with: was the program rebuilt while it ran? "
           "Start it again"});
  return true;
}

void Clients::send(core::ConnectionId connection, const wire::GatewayMessage& message) {
  const auto found = clients_.find(connection);
  if (found == clients_.end()) return;
  if (std::holds_alternative<wire::Welcome>(message)) {
    found->second.connection->set_frame_bytes_max(base::frame_bytes_max);
    found->second.is_welcome = true;
    found->second.may_upload = found->second.connection->role() != tls::Role::client_observe;
  } else if (const auto* goodbye = std::get_if<wire::Goodbye>(&message)) {
    log_.info("client " + found->second.connection->peer() + " is told goodbye: " + goodbye->reason);
  }
  found->second.connection->enqueue(wire::encode(message));
  (std::holds_alternative<wire::TaskAccepted>(message) ? patient_ : urgent_).insert(connection);
}

void Clients::flush(base::Instant now) {
  const auto flush_all = [this](std::set<core::ConnectionId>& connections) {
    for (const core::ConnectionId id : connections) {
      const auto found = clients_.find(id);
      if (found != clients_.end()) found->second.connection->flush();
    }
    connections.clear();
  };
  for (const core::ConnectionId id : urgent_) patient_.erase(id);
  flush_all(urgent_);
  if (patient_until_ && now >= *patient_until_) flush_all(patient_);
  if (patient_.empty()) {
    patient_until_.reset();
  } else if (!patient_until_) {
    patient_until_ = now + acceptance_wait;
  }
}

void Clients::close(core::ConnectionId connection) {
  const auto found = clients_.find(connection);
  if (found != clients_.end()) found->second.connection->close_when_sent();
}

void Clients::resume_drained() {
  if (is_held_) return;
  for (auto paused = paused_.begin(); paused != paused_.end();) {
    Client& client = clients_.at(*paused);
    if (client.connection->queued_bytes() > queued_bytes_resume) {
      ++paused;
      continue;
    }
    client.is_paused = false;
    client.connection->resume_reading();
    paused = paused_.erase(paused);
  }
}

std::vector<core::ConnectionId> Clients::take_stirred() {
  std::vector<core::ConnectionId> stirred;
  for (auto& [id, client] : clients_) {
    const std::uint64_t received = client.connection->received_bytes();
    const std::size_t queued = client.connection->queued_bytes();
    client.seen_queued_bytes = std::max(client.seen_queued_bytes, queued);
    if (!is_held_ && received - client.seen_received_bytes < stirring_bytes_min &&
        client.seen_queued_bytes - queued < stirring_bytes_min) {
      continue;
    }
    stirred.push_back(id);
    client.seen_received_bytes = received;
    client.seen_queued_bytes = queued;
  }
  return stirred;
}

bool Clients::drained() const {
  for (const auto& [id, client] : clients_) {
    if (client.connection->queued_bytes() > 0) return false;
  }
  return true;
}

}  // namespace gangway::gateway
