// All timers of the controller: one enumeration, one table.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "base/instant.hpp"
#include "core/event.hpp"

namespace gangway::core {

enum class TimerKind : std::uint8_t {
  hello,    // a connection that has not said Hello is closed
  silence,  // a client that has said nothing for long is gone
};

/// One deadline for each kind and connection. A value; it knows no clock.
class Timers {
 public:
  struct Due {
    TimerKind kind;
    ConnectionId connection;
  };

  /// Sets the deadline, instead of an earlier one of the same kind.
  void arm(TimerKind kind, ConnectionId connection, base::Instant at) {
    cancel(kind, connection);
    at_[{connection, kind}] = at;
    order_.insert({at, connection, kind});
  }

  void cancel(TimerKind kind, ConnectionId connection) {
    const auto found = at_.find({connection, kind});
    if (found == at_.end()) return;
    order_.erase({found->second, connection, kind});
    at_.erase(found);
  }

  void cancel_all(ConnectionId connection) {
    cancel(TimerKind::hello, connection);
    cancel(TimerKind::silence, connection);
  }

  /// The earliest deadline.
  [[nodiscard]] std::optional<base::Instant> next() const {
    if (order_.empty()) return std::nullopt;
    return std::get<0>(*order_.begin());
  }

  /// Removes one timer whose deadline has come, the earliest first.
  std::optional<Due> take_due(base::Instant now) {
    if (order_.empty() || std::get<0>(*order_.begin()) > now) return std::nullopt;
    const auto [at, connection, kind] = *order_.begin();
    cancel(kind, connection);
    return Due{kind, connection};
  }

  [[nodiscard]] bool armed(TimerKind kind, ConnectionId connection) const { return at_.contains({connection, kind}); }
  [[nodiscard]] std::size_t size() const { return at_.size(); }

 private:
  std::map<std::pair<ConnectionId, TimerKind>, base::Instant> at_;
  std::set<std::tuple<base::Instant, ConnectionId, TimerKind>> order_;
};

}  // namespace gangway::core
