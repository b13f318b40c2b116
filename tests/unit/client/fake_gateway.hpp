// A gateway with engines, in this process and behind real TLS: it answers as it is told. Calls are run by their
// stubs, pushed values are kept.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "base/log.hpp"
#include "launch/connection_file.hpp"
#include "tls/certificate.hpp"
#include "tls/connection.hpp"
#include "tls/listener.hpp"
#include "wire/protocol.hpp"

namespace gangway::client {

/// How the gateway behaves; fixed when it is made.
struct FakeBehaviour {
  std::uint32_t engines = 2;
  std::uint32_t tasks_credit = 10'000;
  std::uint64_t bytes_credit = 1'000'000'000;
  bool answers_hello = true;
  std::string goodbye;         // said instead of Welcome, if not empty
  bool knows_modules = true;   // else it wants them uploaded
  std::string refuses_upload;  // with this reason, if not empty
  std::string refuses_tasks;   // with this reason, if not empty
  bool holds_tasks = false;    // they are accepted, and finished by release()
  bool keeps_session = false;  // its one session can be resumed; else each connection has a new one

  /// Tells a part's outcome; if it gives none, the operation is carried out.
  std::function<std::optional<wire::Outcome>(const wire::SubmitTask& task, std::uint32_t part)> answer;
};

/// Runs on a thread of its own. All functions may be called by the test's thread.
class FakeGateway {
 public:
  explicit FakeGateway(FakeBehaviour behaviour = {});
  ~FakeGateway();

  /// What a client needs to connect.
  [[nodiscard]] const launch::Connection& where() const { return where_; }

  /// Finishes what is held, in the order of arrival or the other way round.
  void release();
  void release_reversed();

  /// Finishes the first that is held, if there is one.
  void release_one();

  /// Ends as a process that is killed does.
  void kill();

  /// Ends the connection and goes on listening.
  void drop();

  /// Reads on, and neither takes in nor answers anything until the connection is dropped.
  void turn_deaf();

  /// Forgets what was submitted, as a gateway does that lost the end of its journal.
  void forget_tasks();

  /// Reads and says nothing from now on.
  void stall();

  void say(const wire::GatewayMessage& message);

  /// Every message of one kind that has arrived so far.
  template <class Message>
  [[nodiscard]] std::vector<Message> received() {
    const std::lock_guard lock{mutex_};
    std::vector<Message> found;
    for (const wire::ClientMessage& message : received_) {
      if (const auto* wanted = std::get_if<Message>(&message)) {
        found.push_back(*wanted);
      }
    }
    return found;
  }

  /// Waits for `count` messages of a kind; false if they have not come within a minute.
  template <class Message>
  [[nodiscard]] bool wait_for(std::size_t count) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes{1};
    while (received<Message>().size() < count) {
      if (std::chrono::steady_clock::now() > deadline) {
        return false;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
    return true;
  }

 private:
  struct Held {
    wire::SubmitTask task;
    std::uint32_t part;
    TaskId id;
  };

  void on_loop(std::function<void()> action);
  void accept(std::shared_ptr<tls::Connection> connection);
  void handle(const wire::ClientMessage& message);
  void handle_hello(const wire::Hello& hello);
  void name_again();
  void handle_task(const wire::SubmitTask& task);
  void finish(const Held& held);
  wire::Outcome carry_out(const wire::SubmitTask& task, EngineId engine);
  void send(const wire::GatewayMessage& message);

  const FakeBehaviour behaviour_;
  launch::Connection where_;
  boost::asio::io_context io_;
  std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work_;
  base::SilentLog log_;
  std::unique_ptr<tls::Listener> listener_;
  std::shared_ptr<tls::Connection> connection_;
  std::deque<Held> held_;
  std::map<TaskId, wire::TaskFinished> unacknowledged_;
  std::map<wire::RequestId, wire::TaskAccepted> accepted_;
  bool is_deaf_ = false;
  std::uint64_t sessions_ = 0;
  std::uint64_t last_task_ = 0;
  std::map<std::pair<EngineId, std::string>, base::SharedBytes> values_;

  std::mutex mutex_;
  std::vector<wire::ClientMessage> received_;
  std::thread thread_;
};

}  // namespace gangway::client
