// The connections of a gateway's clients: frames become events, messages of the controller become frames.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "base/instant.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "core/event.hpp"
#include "tls/connection.hpp"
#include "tls/listener.hpp"
#include "wire/protocol.hpp"

namespace gangway::gateway {

/// A resource; on the loop's thread.
class Clients {
 public:
  using OnEvent = std::function<void(core::Event)>;

  /// `io` and `log` outlive it. `on_event` is called from handlers of `io`, never inside a call of this class.
  Clients(boost::asio::io_context& io, base::Log& log, OnEvent on_event);
  ~Clients();

  /// Opens the port. A fault if that is not possible.
  base::Status listen(const tls::Identity& identity, const tls::ListenerOptions& options);

  [[nodiscard]] const std::string& address() const { return listener_->address(); }
  [[nodiscard]] std::uint16_t port() const { return listener_->port(); }

  /// Leaves with the next flush(). Nothing happens if the connection is gone.
  void send(core::ConnectionId connection, const wire::GatewayMessage& message);

  /// Writes what was sent since the last call, for each client in one go; to be called in every turn. That tasks were
  /// accepted is not urgent: it waits for a millisecond at most, and most often leaves with the first answers.
  void flush(base::Instant now);

  [[nodiscard]] bool flush_wanted() const { return !urgent_.empty() || !patient_.empty(); }

  /// When flush() is due for what may wait; nothing if nothing does.
  [[nodiscard]] std::optional<base::Instant> flush_due() const { return patient_until_; }

  /// Closes once everything has been sent.
  void close(core::ConnectionId connection);

  /// Lets connections be read again whose answers have been taken; call it once in a while.
  void resume_drained();

  /// While `held`, nobody is read who is welcome, and of others one Hello; and all count as heard of, see
  /// take_stirred().
  void hold_reading(bool held);

  /// With a reason, whoever says Hello is told Goodbye with it and may come back; nothing: they are let in.
  void turn_away(std::optional<std::string> reason) { turned_away_because_ = std::move(reason); }

  /// Sends to all who are welcome; a reminder only to those who have taken most of what was sent before.
  enum class Word { news, reminder };
  void tell_all(const wire::GatewayMessage& message, Word word);

  /// What was sent to a connection and the operating system has not taken yet; nothing if it is gone.
  [[nodiscard]] std::optional<std::size_t> queued_bytes(core::ConnectionId connection) const;

  /// The connections on which some KiB have moved, either way, since they were last named here: a large object takes
  /// its time on a slow link, and its client is not silent.
  std::vector<core::ConnectionId> take_stirred();

  /// Accepts nobody any more.
  void stop_listening() { listener_.reset(); }

  /// True when nothing that was sent is still queued here.
  [[nodiscard]] bool drained() const;

 private:
  struct Client {
    std::shared_ptr<tls::Connection> connection;
    bool is_paused = false;
    bool is_welcome = false;
    bool may_upload = false;
    std::uint64_t seen_received_bytes = 0;
    std::size_t seen_queued_bytes = 0;
  };

  void pause(core::ConnectionId id, Client& client);
  void accept(std::shared_ptr<tls::Connection> connection);
  void hear(core::ConnectionId id, const wire::Frame& frame);
  void refuse(core::ConnectionId id, const std::string& reason);
  bool is_damaged(core::ConnectionId id, const wire::ClientMessage& message);

  boost::asio::io_context& io_;
  base::Log& log_;
  OnEvent on_event_;
  std::unique_ptr<tls::Listener> listener_;
  std::uint64_t last_id_ = 0;
  std::map<core::ConnectionId, Client> clients_;
  std::set<core::ConnectionId> paused_;
  bool is_held_ = false;
  std::optional<std::string> turned_away_because_;
  std::set<core::ConnectionId> urgent_;   // have something to write
  std::set<core::ConnectionId> patient_;  // have that which may wait until patient_until_
  std::optional<base::Instant> patient_until_;
};

}  // namespace gangway::gateway
