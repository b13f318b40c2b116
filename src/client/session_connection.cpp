// A session's connections: the first one, and those after it.
#include "client/session.hpp"

#include <algorithm>
#include <chrono>

#include <boost/asio/post.hpp>

#include "client/system.hpp"
#include "tls/connect.hpp"
#include "wire/codec.hpp"

namespace gangway::detail {

namespace {

using std::chrono::steady_clock;

// How long the last words to the gateway may take.
constexpr std::chrono::seconds leave_wait{1};

std::string place_text(const launch::Connection& where) {
  const bool is_ipv6 = where.address.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + where.address + "]" : where.address) + ":" + std::to_string(where.port);
}

}  // namespace

void Session::connect(const launch::Connection& where) {
  where_ = where;
  address_ = place_text(where);
  tls::ConnectOptions connect_options;
  connect_options.timeout = options_.open_timeout;
  tls::connect(io_, where.address, where.port, where.identity, connect_options,
               [this](auto result) { connected(std::move(result)); });
}

void Session::connected(base::Result<std::shared_ptr<tls::Connection>> result) {
  if (is_lost_) {
    return;
  }
  if (!result) {
    disconnect(result.fault().text);
    return;
  }
  connection_ = std::move(result).value();
  last_progress_ = steady_clock::now();
  queued_bytes_seen_ = 0;
  received_bytes_seen_ = 0;
  // A connection that was given up may still have something to say.
  const std::uint64_t number = ++connections_ever_;
  connection_->start(
      [this, number](const wire::Frame& frame) {
        if (number == connections_ever_) received(frame);
      },
      [this, number](const base::Fault& reason) {
        if (is_lost_) {
          tick_.cancel();  // see take_leave()
        } else if (number == connections_ever_) {
          disconnect(reason.text);
        }
      });
  send(wire::Hello{wire::protocol_version, client::process_name(), session_, options_.name, opening_number_});
  flush();
  open_deadline_.expires_after(chrono_of(options_.open_timeout));
  open_deadline_.async_wait([this, number](const boost::system::error_code& error) {
    if (!error && number == connections_ever_ && !is_welcome_) {
      disconnect("the gateway at " + address_ + " took the connection but does not answer");
    }
  });
}

void Session::received(const wire::Frame& frame) {
  if (is_lost_ || !connection_) {
    return;
  }
  auto message = wire::decode_gateway_message(frame.number, frame.body);
  base::Status status = !message      ? base::Status{message.fault()}
                        : is_welcome_ ? requests_.handle(message.value())
                                      : opened(message.value());
  if (!status) {
    const auto* const goodbye = message ? std::get_if<wire::Goodbye>(&message.value()) : nullptr;
    const std::string reason = "the gateway at " + address_ +
                               (goodbye != nullptr ? " ended the session: " : " broke the protocol: ") +
                               status.fault().text;
    if (goodbye != nullptr && !goodbye->final) {
      disconnect(reason);
    } else {
      lose(reason);
    }
    return;
  }
  if (const auto* const journal = std::get_if<wire::JournalState>(&message.value())) {
    const std::lock_guard lock{mutex_};
    journal_trouble_ = journal->trouble;
  }
  if (!turn_posted_) {
    turn_posted_ = true;
    boost::asio::post(io_, [this] { end_turn(); });
  }
}

base::Status Session::opened(const wire::GatewayMessage& message) {
  if (const auto* goodbye = std::get_if<wire::Goodbye>(&message)) {
    return base::Fault{goodbye->reason};
  }
  const auto* welcome = std::get_if<wire::Welcome>(&message);
  if (welcome == nullptr) {
    return base::Fault{"its first message is not a Welcome"};
  }
  const bool is_first = session_ == SessionId{};
  is_welcome_ = true;
  welcomed_at_ = steady_clock::now();
  session_ = welcome->session;
  opening_number_ = welcome->opening;
  disconnected_since_.reset();
  open_deadline_.cancel();
  requests_.open(*welcome);
  publish();
  tick();
  if (is_first) {
    opening_.set_value(base::Done{});
  }
  return base::Done{};
}

void Session::disconnect(const std::string& reason) {
  if (is_lost_) {
    return;
  }
  const auto now = steady_clock::now();
  if (!disconnected_since_) {
    disconnected_since_ = now;
    // A gateway that welcomes and is lost at once, again and again, is not asked without a pause.
    if (now - welcomed_at_ >= chrono_of(options_.reconnect_wait_max)) {
      next_wait_ = {};
    }
  }
  const bool is_late = now - *disconnected_since_ >= chrono_of(options_.reconnect_limit);
  if (session_ == SessionId{} || is_late) {
    lose(reason);
    return;
  }
  ++connections_ever_;  // nothing more is heard of this one
  {
    const std::lock_guard lock{mutex_};
    journal_trouble_.clear();
  }
  if (connection_) {
    connection_->close();
    connection_.reset();
  }
  is_welcome_ = false;
  open_deadline_.cancel();
  tick_.cancel();
  requests_.disconnected();
  publish();
  // Clients that lost the same gateway shall not come back all at once.
  std::uniform_real_distribution<double> share{0.5, 1.0};
  retry_.expires_after(
      std::chrono::nanoseconds{static_cast<std::int64_t>(static_cast<double>(next_wait_.count()) * share(random_))});
  next_wait_ =
      std::clamp(2 * next_wait_, chrono_of(options_.reconnect_wait_min), chrono_of(options_.reconnect_wait_max));
  retry_.async_wait([this](const boost::system::error_code& error) {
    if (!error && !is_lost_) {
      connect_again();
    }
  });
}

void Session::connect_again() {
  if (!locate_) {
    connect(where_);
    return;
  }
  const base::Result<launch::Connection> where = locate_();
  if (!where) {
    lose(where.fault().text);
  } else if (where.value().identity.authority_pem != where_.identity.authority_pem) {
    lose("the cluster was stopped, and another one has its name now");
  } else {
    connect(where.value());
  }
}

void Session::tick() {
  const auto now = std::chrono::steady_clock::now();
  // A large object may take long on its way in or out; a queue of a few pings that shrinks proves nothing.
  const bool took_bytes = queued_bytes_seen_ > 64 * base::kib && connection_->queued_bytes() < queued_bytes_seen_;
  if (took_bytes || connection_->received_bytes() != received_bytes_seen_) {
    last_progress_ = now;
  }
  received_bytes_seen_ = connection_->received_bytes();
  if (now - last_progress_ > chrono_of(options_.silence_max)) {
    disconnect("nothing was heard from the gateway at " + address_ + " for " +
               std::to_string(options_.silence_max.ns / 1'000'000'000) + " s");
    return;
  }
  send(wire::Ping{++pings_});
  flush();
  queued_bytes_seen_ = connection_->queued_bytes();
  tick_.expires_after(chrono_of(options_.ping_interval));
  tick_.async_wait([this](const boost::system::error_code& error) {
    if (!error && is_welcome_) {
      tick();
    }
  });
}

void Session::lose(const std::string& reason) {
  if (is_lost_) {
    return;
  }
  is_lost_ = true;
  is_welcome_ = false;
  const std::string text = "cluster " + cluster_ + ": " + reason + "; `gangway status " + cluster_ +
                           "` tells whether it runs, then connect again";
  {
    const std::lock_guard lock{mutex_};
    lost_reason_ = text;
    room_.notify_all();
  }
  requests_.fail_all(text);
  for (client::Submission& submission : take_incoming()) {
    requests_.add(std::move(submission));  // closed: it does not leave
  }
  requests_.fail_all(text);
  if (connection_) {
    connection_->close();
  }
  open_deadline_.cancel();
  tick_.cancel();
  acknowledgement_.cancel();
  retry_.cancel();
  work_.reset();
  if (session_ == SessionId{}) {
    opening_.set_value(base::Fault{text});
  }
}

void Session::take_leave(bool ends_session) {
  if (!is_lost_ && is_welcome_) {
    if (ends_session) {
      send(wire::EndSession{});  // the gateway need not keep anything of it
    } else {
      requests_.acknowledge();
    }
    const std::shared_ptr<tls::Connection> leaving = std::exchange(connection_, nullptr);
    leaving->close_when_sent();
    lose("this client was closed");
    tick_.expires_after(leave_wait);
    tick_.async_wait([leaving](const boost::system::error_code&) { leaving->close(); });
    return;
  }
  lose("this client was closed");
}

}  // namespace gangway::detail
