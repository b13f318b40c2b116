// What clients ask about tasks and the store answers, one question at a time.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <optional>

#include "base/limits.hpp"
#include "core/effect.hpp"
#include "core/store.hpp"

namespace gangway::gateway {

/// What the answers need of others.
struct QuestionPorts {
  /// Bytes that wait to be sent on a connection; nothing if it is gone.
  std::function<std::optional<std::size_t>(core::ConnectionId)> queued_bytes;
  std::function<void(core::ConnectionId, wire::GatewayMessage)> send;
};

/// Reads from the store and answers, as the connections have room.
class StoreQuestions {
 public:
  /// The store outlives it.
  StoreQuestions(const core::Store& store, QuestionPorts ports) : store_{store}, ports_{std::move(ports)} {}

  void add(core::AskStore question);

  /// The connection is closed by decision: it gets no more.
  void drop(core::ConnectionId connection) { asked_.erase(connection); }

  /// Answers one question of each connection that has room. True if it did something.
  bool answer_some();

  /// Of one connection; more are refused.
  static constexpr std::size_t questions_max = 64;

  /// A connection gets the next answer while less than this waits to be sent.
  static constexpr std::size_t queued_bytes_max = 4 * base::mib;

 private:
  [[nodiscard]] wire::GatewayMessage answer(const wire::ClientMessage& question) const;
  [[nodiscard]] wire::GatewayMessage answer_to(const wire::QueryTasks& question) const;
  [[nodiscard]] wire::GatewayMessage answer_to(const wire::FetchResult& question) const;
  [[nodiscard]] wire::GatewayMessage answer_to(const wire::FetchOperation& question) const;
  template <class Other>
  [[nodiscard]] wire::GatewayMessage answer_to(const Other&) const;

  const core::Store& store_;
  QuestionPorts ports_;
  std::map<core::ConnectionId, std::deque<wire::ClientMessage>> asked_;
};

}  // namespace gangway::gateway
