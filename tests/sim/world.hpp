// Simulated time: what happens when. Everything in a simulation is a function of its seed.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>

#include "base/instant.hpp"
#include "sim/random.hpp"

namespace gangway::sim {

/// A rule was broken: the simulation has found something.
class Violation : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The clock and the list of what is to come. Owned by a Simulation; all others refer to it and outlive every action.
class World {
 public:
  static constexpr base::Instant start{1'000'000};

  World(std::uint64_t seed, bool trace) : random_{seed}, trace_{trace} {}

  [[nodiscard]] base::Instant now() const { return now_; }
  Random& random() { return random_; }

  void at(base::Instant when, std::function<void()> action) {
    actions_.emplace(std::pair{when < now_ ? now_ : when, ++scheduled_}, std::move(action));
  }
  void after(base::Duration span, std::function<void()> action) { at(now_ + span, std::move(action)); }

  /// Runs the next action; false if there is none.
  bool step() {
    if (actions_.empty()) return false;
    auto node = actions_.extract(actions_.begin());
    now_ = node.key().first;
    node.mapped()();
    ++steps_;
    return true;
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw Violation{"at " + std::to_string(now_.ns / 1000) + " us: " + what};
  }
  void require(bool condition, const char* what) const {
    if (!condition) fail(what);
  }

  /// Whether a trace is wanted; the text is made only then.
  [[nodiscard]] bool traces() const { return trace_; }
  void trace(const std::string& line) const;

  /// How many actions have run: equal seeds give equal numbers.
  [[nodiscard]] std::uint64_t steps() const { return steps_; }

 private:
  base::Instant now_ = start;
  Random random_;
  bool trace_;
  std::uint64_t scheduled_ = 0;
  std::uint64_t steps_ = 0;
  std::map<std::pair<base::Instant, std::uint64_t>, std::function<void()>> actions_;
};

}  // namespace gangway::sim
