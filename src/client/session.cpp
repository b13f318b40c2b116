#include "client/session.hpp"

#include <chrono>
#include <functional>

#include <boost/asio/post.hpp>

#include <gangway/error.hpp>

#include "client/system.hpp"
#include "wire/codec.hpp"

namespace gangway::detail {

namespace {

// How long acknowledgements wait for a submission to leave with.
constexpr std::chrono::milliseconds acknowledgement_wait{10};

}  // namespace

Session::Session(const launch::Connection& where, const client::SessionOptions& options, client::Locate locate)
    : options_{options},
      cluster_{where.cluster},
      locate_{std::move(locate)},
      work_{boost::asio::make_work_guard(io_)},
      requests_{[this](const wire::ClientMessage& message) { send(message); }} {
  std::future<base::Status> opening = opening_.get_future();
  connect(where);
  thread_ = std::thread{[this] { io_.run(); }};
  if (const base::Status status = opening.get(); !status) {
    close();
    throw ConnectionError{status.fault().text};
  }
}

Session::~Session() {
  close();
}

void Session::send(const wire::ClientMessage& message) {
  connection_->enqueue(wire::encode(message));
}

// What a handler has sent leaves in one go at its end.
void Session::flush() {
  if (connection_) {
    connection_->flush();
  }
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

std::future<wire::GatewayMessage> Session::begin_asking(wire::ClientMessage question) {
  client::Inquiry inquiry{std::move(question), {}};
  std::future<wire::GatewayMessage> answer = inquiry.answer.get_future();
  const std::lock_guard lock{mutex_};
  if (lost_reason_) {
    throw ConnectionError{*lost_reason_};
  }
  // std::function wants to be copied, a promise does not.
  boost::asio::post(io_, [this, inquiry = std::move(inquiry)]() mutable {
    if (is_lost_) {
      inquiry.answer.set_exception(std::make_exception_ptr(ConnectionError{*lost_reason_}));
    } else {
      requests_.ask(std::move(inquiry));
      flush();
    }
  });
  return answer;
}

wire::GatewayMessage Session::ask(wire::ClientMessage question) {
  return begin_asking(std::move(question)).get();
}

wire::ClusterState Session::query() {
  std::future<wire::GatewayMessage> answer = begin_asking(wire::QueryCluster{});
  if (answer.wait_for(chrono_of(options_.open_timeout)) != std::future_status::ready) {
    const std::string trouble = journal_trouble();
    throw ConnectionError{"the gateway of cluster " + cluster_ + " does not answer" +
                          (trouble.empty() ? "" : ", since its journal cannot be written: " + trouble) +
                          "; `gangway status " + cluster_ + "` tells whether the cluster runs"};
  }
  wire::GatewayMessage message = answer.get();
  auto* const state = std::get_if<wire::ClusterState>(&message);
  if (state == nullptr) {
    throw ConnectionError{"the gateway of cluster " + cluster_ + " gave an answer of another kind"};
  }
  return std::move(*state);
}

std::string Session::journal_trouble() const {
  const std::lock_guard lock{mutex_};
  return journal_trouble_;
}

std::vector<wire::EngineInfo> Session::engines() const {
  const std::lock_guard lock{mutex_};
  return engines_;
}

void Session::close() {
  leave(!has_name());
}

void Session::end() {
  leave(true);
}

void Session::leave(bool ends_session) {
  std::call_once(closed_, [&] {
    boost::asio::post(io_, [this, ends_session] { take_leave(ends_session); });
    thread_.join();
  });
  continuations_->stop();
}

}  // namespace gangway::detail
