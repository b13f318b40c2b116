// A one-way link of the simulation: every message passes the real codec, takes a while, and keeps its place in the
// line.
#pragma once

#include <functional>
#include <utility>

#include "sim/world.hpp"
#include "support/through_codec.hpp"

namespace gangway::sim {

/// Delivers into a function until it is cut. Lives as long as the simulation.
template <class Message>
class SimLink {
 public:
  SimLink(World& world, base::Duration delay_max, std::function<void(const Message&)> deliver)
      : world_{world}, delay_max_{delay_max}, deliver_{std::move(deliver)} {}

  void send(const Message& message) {
    later([this, message = support::through_codec(message)] { deliver_(message); });
  }
  /// Something that comes after all that was sent before, such as the end of a connection.
  void later(std::function<void()> action) {
    const base::Duration delay = world_.random().span(base::microseconds(5), delay_max_);
    last_arrival_ = std::max(last_arrival_, world_.now() + delay);
    if (world_.now() < slow_until_) last_arrival_ = std::max(last_arrival_, slow_until_);
    world_.at(last_arrival_, [this, action = std::move(action)] { arrive(action); });
  }

  /// What is under way is lost, and all that follows.
  void cut() { cut_ = true; }
  /// Nothing that is sent from now on arrives before then.
  void slow_until(base::Instant when) { slow_until_ = when; }
  /// The same for what is under way too.
  void hold_until(base::Instant when) { held_until_ = when; }

 private:
  void arrive(const std::function<void()>& action) {
    if (cut_) return;
    if (world_.now() >= held_until_) return action();
    world_.at(held_until_, [this, action] { arrive(action); });
  }

  World& world_;
  base::Duration delay_max_;
  std::function<void(const Message&)> deliver_;
  base::Instant last_arrival_{};
  base::Instant slow_until_{};
  base::Instant held_until_{};
  bool cut_ = false;
};

}  // namespace gangway::sim
