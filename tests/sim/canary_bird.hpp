// Plants one flaw between the controller and the world, to prove that the simulation would find it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>

#include "core/effect.hpp"
#include "core/event.hpp"
#include "sim/scenario.hpp"

namespace gangway::sim {

class CanaryBird {
 public:
  explicit CanaryBird(Canary canary) : canary_{canary} {}

  /// The limits that the controller is to believe in.
  [[nodiscard]] base::Limits limits(base::Limits limits) const;
  /// Whether the controller hears of the event.
  [[nodiscard]] bool lets_in(const core::Event& event) const;
  /// Changes what the store has read.
  void tamper_with_page(core::ParkedRead& page) const;
  /// Changes what the controller wants done.
  void tamper(const core::Event& last_event, core::Effects& effects);
  /// Changes what the store has found for a message.
  void tamper_with_lookup(core::ClientSpoke& spoke) const {
    if (canary_ == Canary::forget_dedupe) spoke.kept.reset();
  }
  [[nodiscard]] bool tells_before_commit() const { return canary_ == Canary::tell_before_commit; }

 private:
  void tamper_with_answers(core::Effects& effects);
  void tamper_with_resumes(core::Effects& effects);
  void tamper_with_runs(core::Effects& effects);

  Canary canary_;
  std::uint64_t seen_ = 0;
  std::map<EngineId, wire::RunTask> last_runs_;
  std::optional<core::SendToEngines> held_;
  std::set<TaskId> kept_;  // tasks with keys that were acknowledged
};

}  // namespace gangway::sim
