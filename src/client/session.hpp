// A client's session with its cluster: one TLS connection, one thread that serves it, and the way from users' threads
// to that thread and back.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/instant.hpp"
#include "base/limits.hpp"
#include "base/result.hpp"
#include "client/continuations.hpp"
#include "client/functions.hpp"
#include "client/requests.hpp"
#include "launch/connection_file.hpp"
#include "tls/connection.hpp"
#include "wire/protocol.hpp"

namespace gangway::client {

/// The waits and bounds of a session. Tests want them small.
struct SessionOptions {
  /// Empty: the session has none, and ends with this client.
  std::string name = {};
  /// For connecting and for the gateway's Welcome, each.
  base::Duration open_timeout = base::seconds(10);
  /// A Ping is sent this often.
  base::Duration ping_interval = base::seconds(5);
  /// A gateway that neither sent nor took a byte for this long is gone.
  base::Duration silence_max = base::seconds(20);
  /// When the connection is lost, another one is tried for, for so long; 0: not at all.
  base::Duration reconnect_limit = base::seconds(300);
  /// The wait before the second try; it doubles up to the longer one, and each is shortened at random.
  base::Duration reconnect_wait_min = base::milliseconds(50);
  base::Duration reconnect_wait_max = base::seconds(5);
  /// What may wait in this process for credit: above either bound submit() blocks.
  std::size_t backlog_tasks_max = 1'000'000;
  std::uint64_t backlog_bytes_max = 256 * base::mib;
};

/// Tells where a cluster's gateway is now; asked on the session's thread, before each try.
using Locate = std::function<base::Result<launch::Connection>()>;

}  // namespace gangway::client

namespace gangway::detail {

/// A session with a cluster. It outlives its connection: when that is lost, the session connects again and goes on,
/// and nobody outside notices, until the limit for that is reached.
///
/// Threads: every function may be called by all threads, except by the session's own.
class Session {
 public:
  /// Connects and says Hello; returns when the gateway has answered. Throws ConnectionError. When it connects again
  /// it looks where `locate` says; without that, at the same place.
  explicit Session(const launch::Connection& where, const client::SessionOptions& options = {},
                   client::Locate locate = {});

  /// close()
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  [[nodiscard]] const std::string& cluster() const { return cluster_; }
  [[nodiscard]] bool has_name() const { return !options_.name.empty(); }
  [[nodiscard]] std::vector<wire::EngineInfo> engines() const;

  /// Functions of this program as the cluster knows them.
  [[nodiscard]] client::Functions& functions() { return functions_; }

  /// Where what is attached to its tasks runs.
  [[nodiscard]] const std::shared_ptr<client::Continuations>& continuations() const { return continuations_; }

  /// Hands a request to the session's thread. Blocks as long as too much waits already; throws ConnectionError if the
  /// connection is gone.
  void submit(client::Submission submission);

  /// Why the gateway cannot write its journal, as it last said; empty if it can.
  [[nodiscard]] std::string journal_trouble() const;

  /// Asks the gateway, and waits for the answer, also while the connection is lost and another one is tried. Throws
  /// Error if it refuses to answer, ConnectionError if the session is lost.
  wire::GatewayMessage ask(wire::ClientMessage question);

  /// The same for the state of the cluster, but in any case no longer than the time for opening.
  wire::ClusterState query();

  /// close(); and the cluster forgets a session with a name too.
  void end();

  /// Ends the connection and its thread, and a session without a name. What is not finished fails with
  /// ConnectionError. Waits until all that is attached to its tasks has run, unless it is called by such a
  /// continuation.
  void close();

 private:
  void leave(bool ends_session);
  std::future<wire::GatewayMessage> begin_asking(wire::ClientMessage question);

  // ---- on the session's thread; session_connection.cpp
  void connect(const launch::Connection& where);
  void connected(base::Result<std::shared_ptr<tls::Connection>> result);
  void received(const wire::Frame& frame);
  base::Status opened(const wire::GatewayMessage& message);
  /// The connection is gone, or did not come about: another one is tried, or everything fails.
  void disconnect(const std::string& reason);
  void connect_again();
  void tick();
  /// Nothing more is tried, and everything fails.
  void lose(const std::string& reason);
  void take_leave(bool ends_session);

  // ---- on the session's thread
  void send(const wire::ClientMessage& message);
  void flush();
  std::vector<client::Submission> take_incoming();
  void add_incoming();
  void end_turn();
  void publish();

  static std::chrono::nanoseconds chrono_of(base::Duration duration) { return std::chrono::nanoseconds{duration.ns}; }

  [[nodiscard]] bool has_room_locked() const;

  const client::SessionOptions options_;
  const std::string cluster_;
  const client::Locate locate_;

  // Outlives all that refers to it.
  boost::asio::io_context io_{1};

  // ---- of the session's thread
  std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work_;
  boost::asio::steady_timer open_deadline_{io_};
  boost::asio::steady_timer tick_{io_};
  boost::asio::steady_timer acknowledgement_{io_};
  boost::asio::steady_timer retry_{io_};
  launch::Connection where_;
  std::string address_;                          // of `where_`, with the port, for errors
  std::shared_ptr<tls::Connection> connection_;  // null between two
  std::uint64_t connections_ever_ = 0;
  client::Requests requests_;
  std::promise<base::Status> opening_;
  SessionId session_;  // from the first Welcome on
  std::uint32_t opening_number_ = 0;
  bool is_welcome_ = false;  // on this connection
  bool is_lost_ = false;
  std::chrono::steady_clock::time_point welcomed_at_{};
  std::optional<std::chrono::steady_clock::time_point> disconnected_since_;
  std::chrono::nanoseconds next_wait_{0};
  std::minstd_rand random_{std::random_device{}()};
  bool turn_posted_ = false;
  bool acknowledgement_waits_ = false;
  std::uint64_t pings_ = 0;
  std::size_t queued_bytes_seen_ = 0;
  std::uint64_t received_bytes_seen_ = 0;
  std::chrono::steady_clock::time_point last_progress_{};

  // ---- shared
  mutable std::mutex mutex_;
  std::condition_variable room_;
  std::vector<client::Submission> incoming_;
  std::uint64_t incoming_bytes_ = 0;
  std::size_t waiting_ = 0;  // in requests_, as of the last publish()
  std::uint64_t waiting_bytes_ = 0;
  std::size_t blocked_ = 0;  // threads in submit()
  bool drain_posted_ = false;
  std::optional<std::string> lost_reason_;
  std::string journal_trouble_;
  std::uint64_t engines_version_ = 0;
  std::vector<wire::EngineInfo> engines_;

  client::Functions functions_;
  const std::shared_ptr<client::Continuations> continuations_ = std::make_shared<client::Continuations>();
  std::once_flag closed_;
  std::thread thread_;
};

}  // namespace gangway::detail
