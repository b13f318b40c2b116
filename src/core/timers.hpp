// All timers of the controller: one enumeration, one table.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>
#include <variant>

#include <gangway/ids.hpp>

#include "base/instant.hpp"
#include "core/event.hpp"

namespace gangway::core {

enum class TimerKind : std::uint8_t {
  hello,    // a connection that has not said Hello is closed
  silence,  // a client that has said nothing for long is gone
  linger,   // a session whose client has not come back ends
};

/// One deadline for each kind and connection or session. A value; it knows no clock.
class Timers {
 public:
  /// Whose deadline it is: a session's for `linger`, a connection's for the others.
  using Subject = std::variant<ConnectionId, SessionId>;
  struct Due {
    TimerKind kind;
    Subject subject;
  };

  /// Sets the deadline, instead of an earlier one of the same kind.
  void arm(TimerKind kind, Subject subject, base::Instant at) {
    cancel(kind, subject);
    at_[{subject, kind}] = at;
    order_.insert({at, subject, kind});
  }

  void cancel(TimerKind kind, Subject subject) {
    const auto found = at_.find({subject, kind});
    if (found == at_.end()) return;
    order_.erase({found->second, subject, kind});
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
    const auto [at, subject, kind] = *order_.begin();
    cancel(kind, subject);
    return Due{kind, subject};
  }

  [[nodiscard]] bool armed(TimerKind kind, Subject subject) const { return at_.contains({subject, kind}); }
  [[nodiscard]] std::size_t size() const { return at_.size(); }

 private:
  std::map<std::pair<Subject, TimerKind>, base::Instant> at_;
  std::set<std::tuple<base::Instant, Subject, TimerKind>> order_;
};

}  // namespace gangway::core
