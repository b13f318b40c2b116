#include "client/session.hpp"

#include <chrono>
#include <functional>

#include <boost/asio/post.hpp>

#include <gangway/error.hpp>

#include "client/system.hpp"
#include "tls/connect.hpp"
#include "wire/codec.hpp"

namespace gangway::detail {

namespace {

// How long acknowledgements wait for a submission to leave with.
constexpr std::chrono::milliseconds acknowledgement_wait{10};

std::chrono::nanoseconds chrono_of(base::Duration duration) {
  return std::chrono::nanoseconds{duration.ns};
}

std::string place_text(const launch::Connection& where) {
  const bool is_ipv6 = where.address.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + where.address + "]" : where.address) + ":" + std::to_string(where.port);
}

}  // namespace

Session::Session(const launch::Connection& where, const client::SessionOptions& options)
    : options_{options},
      cluster_{where.cluster},
      address_{place_text(where)},
      work_{boost::asio::make_work_guard(io_)},
      requests_{[this](const wire::ClientMessage& message) { send(message); }} {
  std::future<base::Status> opening = opening_.get_future();
  tls::ConnectOptions connect_options;
  connect_options.timeout = options_.open_timeout;
  tls::connect(io_, where.address, where.port, where.identity, connect_options,
               [this](auto result) { connected(std::move(result)); });
  thread_ = std::thread{[this] { io_.run(); }};
  if (const base::Status status = opening.get(); !status) {
    close();
    throw ConnectionError{status.fault().text};
  }
}

Session::~Session() {
  close();
}

void Session::connected(base::Result<std::shared_ptr<tls::Connection>> result) {
  if (!result) {
    lose(result.fault().text);
    return;
  }
  connection_ = std::move(result).value();
  last_progress_ = std::chrono::steady_clock::now();
  connection_->start([this](const wire::Frame& frame) { received(frame); },
                     [this](const base::Fault& reason) { lose(reason.text); });
  send(wire::Hello{wire::protocol_version, client::process_name()});
  flush();
  open_deadline_.expires_after(chrono_of(options_.open_timeout));
  open_deadline_.async_wait([this](const boost::system::error_code& error) {
    if (!error && !is_open_) {
      lose("the gateway at " + address_ + " took the connection but does not answer");
    }
  });
}

void Session::received(const wire::Frame& frame) {
  if (is_lost_) {
    return;
  }
  auto message = wire::decode_gateway_message(frame.number, frame.body);
  base::Status status = !message   ? base::Status{message.fault()}
                        : is_open_ ? requests_.handle(message.value())
                                   : opened(message.value());
  if (!status) {
    const bool is_goodbye = message && std::holds_alternative<wire::Goodbye>(message.value());
    lose("the gateway at " + address_ + (is_goodbye ? " ended the session: " : " broke the protocol: ") +
         status.fault().text);
    return;
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
  is_open_ = true;
  open_deadline_.cancel();
  requests_.open(*welcome);
  publish();
  tick();
  opening_.set_value(base::Done{});
  return base::Done{};
}

void Session::send(const wire::ClientMessage& message) {
  connection_->enqueue(wire::encode(message));
}

// What a handler has sent leaves in one go at its end.
void Session::flush() {
  connection_->flush();
}

void Session::end_turn() {
  turn_posted_ = false;
  if (is_lost_) {
    return;
  }
  requests_.end_turn();
  flush();
  publish();
  if (!requests_.owes_acknowledgements() || acknowledgement_waits_) {
    return;
  }
  acknowledgement_waits_ = true;
  acknowledgement_.expires_after(acknowledgement_wait);
  acknowledgement_.async_wait([this](const boost::system::error_code&) {
    acknowledgement_waits_ = false;
    if (!is_lost_) {
      requests_.acknowledge();
      flush();
      publish();
    }
  });
}

void Session::tick() {
  if (is_lost_) {
    return;
  }
  const auto now = std::chrono::steady_clock::now();
  // A large object may take long on its way in or out; a queue of a few pings that shrinks proves nothing.
  const bool took_bytes = queued_bytes_seen_ > 64 * base::kib && connection_->queued_bytes() < queued_bytes_seen_;
  if (took_bytes || connection_->received_bytes() != received_bytes_seen_) {
    last_progress_ = now;
  }
  received_bytes_seen_ = connection_->received_bytes();
  if (now - last_progress_ > chrono_of(options_.silence_max)) {
    lose("nothing was heard from the gateway at " + address_ + " for " +
         std::to_string(options_.silence_max.ns / 1'000'000'000) + " s");
    return;
  }
  send(wire::Ping{++pings_});
  flush();
  queued_bytes_seen_ = connection_->queued_bytes();
  tick_.expires_after(chrono_of(options_.ping_interval));
  tick_.async_wait([this](const boost::system::error_code& error) {
    if (!error) {
      tick();
    }
  });
}

void Session::publish() {
  const std::lock_guard lock{mutex_};
  waiting_ = requests_.waiting();
  waiting_bytes_ = requests_.waiting_bytes();
  if (requests_.engines_version() != engines_version_) {
    engines_version_ = requests_.engines_version();
    engines_ = requests_.engines();
  }
  if (blocked_ > 0 && has_room_locked()) {
    room_.notify_all();
  }
}

void Session::lose(const std::string& reason) {
  if (is_lost_) {
    return;
  }
  is_lost_ = true;
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
  work_.reset();
  if (!is_open_) {
    opening_.set_value(base::Fault{text});
  }
}

std::vector<client::Submission> Session::take_incoming() {
  const std::lock_guard lock{mutex_};
  drain_posted_ = false;
  waiting_ += incoming_.size();  // until publish() counts again
  waiting_bytes_ += std::exchange(incoming_bytes_, 0);
  return std::exchange(incoming_, {});
}

void Session::add_incoming() {
  if (is_lost_) {
    return;
  }
  for (client::Submission& submission : take_incoming()) {
    requests_.add(std::move(submission));
  }
  flush();
  publish();
}

bool Session::has_room_locked() const {
  return incoming_.size() + waiting_ < options_.backlog_tasks_max &&
         incoming_bytes_ + waiting_bytes_ < options_.backlog_bytes_max;
}

void Session::submit(client::Submission submission) {
  std::unique_lock lock{mutex_};
  ++blocked_;
  room_.wait(lock, [this] { return lost_reason_ || has_room_locked(); });
  --blocked_;
  if (lost_reason_) {
    throw ConnectionError{*lost_reason_};
  }
  incoming_bytes_ += submission.bytes();
  incoming_.push_back(std::move(submission));
  const bool must_post = !std::exchange(drain_posted_, true);
  lock.unlock();  // the session's thread finds it free
  if (must_post) {
    boost::asio::post(io_, [this] { add_incoming(); });
  }
}

wire::ClusterState Session::query() {
  std::promise<wire::ClusterState> promise;
  std::future<wire::ClusterState> answer = promise.get_future();
  {
    const std::lock_guard lock{mutex_};
    if (lost_reason_) {
      throw ConnectionError{*lost_reason_};
    }
    // std::function wants to be copied, a promise does not.
    boost::asio::post(io_, [this, promise = std::move(promise)]() mutable {
      if (is_lost_) {
        promise.set_exception(std::make_exception_ptr(ConnectionError{*lost_reason_}));
      } else {
        requests_.query(std::move(promise));
        flush();
      }
    });
  }
  if (answer.wait_for(chrono_of(options_.open_timeout)) != std::future_status::ready) {
    throw ConnectionError{"the gateway at " + address_ + " does not answer; `gangway status " + cluster_ +
                          "` tells whether the cluster runs"};
  }
  return answer.get();
}

std::vector<wire::EngineInfo> Session::engines() const {
  const std::lock_guard lock{mutex_};
  return engines_;
}

void Session::close() {
  std::call_once(closed_, [this] {
    boost::asio::post(io_, [this] { lose("this client was closed"); });
    thread_.join();
  });
  continuations_->stop();
}

}  // namespace gangway::detail
