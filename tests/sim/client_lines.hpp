// The connections of one simulated client, one after the other: how they begin, and the many ways in which they end.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "sim/random.hpp"
#include "sim/shell.hpp"
#include "sim/sim_link.hpp"

namespace gangway::sim {

/// Lives as long as the simulation.
class ClientLines {
 public:
  /// One connection.
  struct Line {
    SimLink<wire::GatewayMessage> down;
    SimLink<wire::ClientMessage> up;
    core::ConnectionId id = {};
    std::uint64_t gateway_life = 0;
    std::optional<wire::ClientMessage> last_said = {};
    bool was_welcomed = false;
    bool was_dismissed = false;  // by a Goodbye that was fair
  };

  /// `hear` gets what comes on the current connection; `closed` is called when the gateway has ended it.
  ClientLines(World& world, Shell& shell, Random& random, std::function<void(const wire::GatewayMessage&)> hear,
              std::function<void()> closed);
  ClientLines(const ClientLines&) = delete;
  ClientLines& operator=(const ClientLines&) = delete;

  /// A new one is the current one; false if nobody is there.
  bool connect(core::Role role);
  /// Null: not connected.
  [[nodiscard]] Line* current() { return current_; }
  /// Since when a client that comes back has been away, as far as the gateway can know.
  [[nodiscard]] base::Instant away_since() const { return away_since_; }

  void say(const wire::ClientMessage& message);
  void slow_until(base::Instant when);
  /// The current one is of no use any more.
  void leave();
  /// The current one is lost in one of many ways, and left.
  void lose();
  /// The client's process has gone; `silently`: the gateway is not told.
  void die(bool silently);

  /// Whether a Hello of an older connection may still be under way: it may overtake that of the current one.
  [[nodiscard]] bool older_may_come() const;
  /// Says once more, a little later, what an older connection has said last.
  void repeat_on_older();

 private:
  World& world_;
  Shell& shell_;
  Random& random_;
  std::function<void(const wire::GatewayMessage&)> hear_;
  std::function<void()> closed_;
  std::vector<std::unique_ptr<Line>> lines_;
  Line* current_ = nullptr;
  base::Instant away_since_{};
};

}  // namespace gangway::sim
