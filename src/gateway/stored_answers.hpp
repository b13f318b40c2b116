// Answers that clients which have come back are owed, and that only the store has.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/limits.hpp"
#include "core/effect.hpp"

namespace gangway::gateway {

/// What the answers need of others.
struct AnswerPorts {
  /// Bytes that wait to be sent on a connection; nothing if it is gone.
  std::function<std::optional<std::size_t>(core::ConnectionId)> queued_bytes;
  /// Reads one. May throw.
  std::function<std::optional<core::TaskSettled>(TaskId)> read;
  std::function<void(core::ConnectionId, wire::GatewayMessage)> send;
  /// One of a connection's answers could not be read: it has to ask again, in another connection.
  std::function<void(core::ConnectionId, std::string reason)> give_up;
};

/// Reads and sends them as the connections have room: of each there is little in memory at a time.
class StoredAnswers {
 public:
  explicit StoredAnswers(AnswerPorts ports) : ports_{std::move(ports)} {}

  void add(const core::SendStoredAnswer& answer) { owed_[answer.connection].push_back(answer); }

  /// The connection is closed by decision: it gets no more.
  void drop(core::ConnectionId connection) { owed_.erase(connection); }

  /// Sends what there is room for, of each connection a few at a time. True if it did something.
  bool send_some();

  [[nodiscard]] bool empty() const { return owed_.empty(); }

  /// A connection gets the next answer while less than this waits to be sent.
  static constexpr std::size_t queued_bytes_max = 4 * base::mib;

  /// Answers of one connection that are read in a row: the loop has others to serve.
  static constexpr int answers_in_a_row = 16;

 private:
  using Owed = std::deque<core::SendStoredAnswer>;

  /// Whether something was sent.
  bool send_some(core::ConnectionId connection, Owed& owed);

  AnswerPorts ports_;
  std::map<core::ConnectionId, Owed> owed_;
};

}  // namespace gangway::gateway
