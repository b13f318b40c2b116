#include "sim/client_lines.hpp"

#include <algorithm>
#include <utility>

namespace gangway::sim {

ClientLines::ClientLines(World& world, Shell& shell, Random& random,
                         std::function<void(const wire::GatewayMessage&)> hear, std::function<void()> closed)
    : world_{world}, shell_{shell}, random_{random}, hear_{std::move(hear)}, closed_{std::move(closed)} {}

bool ClientLines::connect(core::Role role) {
  lines_.push_back(nullptr);
  const std::size_t index = lines_.size() - 1;
  lines_[index].reset(new Line{{world_, base::microseconds(500),
                                [this, index](const wire::GatewayMessage& message) {
                                  if (current_ == lines_[index].get()) hear_(message);
                                }},
                               {world_, base::microseconds(500), [this, index](const wire::ClientMessage& message) {
                                  shell_.happens(core::ClientSpoke{lines_[index]->id, message});
                                }}});
  Line* line = lines_[index].get();
  const auto id = shell_.connect(role, line->down, [this, line] {
    if (current_ == line) closed_();
  });
  if (!id) return false;
  line->id = *id;
  line->gateway_life = shell_.life();
  current_ = line;
  return true;
}

void ClientLines::say(const wire::ClientMessage& message) {
  if (current_ == nullptr) return;
  current_->last_said = message;
  current_->up.send(message);
}

void ClientLines::slow_until(base::Instant when) {
  if (current_ == nullptr) return;
  current_->up.slow_until(when);
  current_->down.slow_until(when);
}

void ClientLines::leave() {
  // A connection that was not welcomed tells nothing of the session.
  if (current_->was_welcomed) {
    const bool died = current_->gateway_life != shell_.life();
    away_since_ = died ? std::min(world_.now(), shell_.died(current_->gateway_life)) : world_.now();
  }
  current_ = nullptr;
}

void ClientLines::lose() {
  Line& line = *current_;
  leave();
  line.down.cut();
  const core::ConnectionId id = line.id;
  switch (random_.below(5)) {
    case 0:  // what is under way is lost, and the gateway does not notice
      line.up.cut();
      break;
    case 1:  // what is under way arrives
      break;
    case 2:  // and late, perhaps when the client is back
      line.up.hold_until(world_.now() + random_.span({0}, base::milliseconds(60)));
      break;
    case 3:
      line.up.cut();
      world_.after(random_.span({0}, base::milliseconds(5)), [this, id] { shell_.disconnect(id); });
      break;
    default:
      line.up.later([this, id] { shell_.disconnect(id); });
  }
}

void ClientLines::die(bool silently) {
  if (current_ == nullptr) return;
  Line& line = *std::exchange(current_, nullptr);
  const core::ConnectionId id = line.id;
  line.down.cut();
  if (silently) {
    line.up.cut();
  } else if (random_.chance(50)) {
    line.up.cut();
    world_.after(random_.span({0}, base::milliseconds(5)), [this, id] { shell_.disconnect(id); });
  } else {
    line.up.later([this, id] { shell_.disconnect(id); });
  }
}

bool ClientLines::older_may_come() const {
  return std::any_of(lines_.begin(), lines_.end(), [this](const auto& line) {
    return line.get() != current_ && line->last_said && !line->was_welcomed;
  });
}

void ClientLines::repeat_on_older() {
  if (lines_.size() < 2) return;
  const Line& older = *lines_[static_cast<std::size_t>(random_.below(lines_.size() - 1))];
  if (!older.was_welcomed) return;
  world_.after(random_.span({0}, base::milliseconds(2)), [this, id = older.id, message = *older.last_said] {
    shell_.happens(core::ClientSpoke{id, message});
  });
}

}  // namespace gangway::sim
