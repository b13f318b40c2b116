// An engine of the simulation: runs one operation at a time in the order of arrival, gives balanced tasks back when
// it is busy for long, keeps named values, and dies when told to.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "sim/auditor.hpp"
#include "sim/shell.hpp"
#include "sim/sim_link.hpp"
#include "sim/work.hpp"

namespace gangway::sim {

/// One life of an engine; lives as long as the simulation.
class SimEngine {
 public:
  SimEngine(World& world, Auditor& auditor, Shell& shell, EngineId id, std::uint32_t incarnation);

  /// Says that it is ready.
  void join();
  /// Dies; the shell hears of it a little later.
  void die();
  /// Is gone with its gateway, which hears of nothing.
  void vanish();
  /// The worker dies with what it runs; false if it runs nothing.
  bool crash_worker();
  /// Says once more what it said last: an answer that came twice.
  void repeat_last_answer();
  void slow_until(base::Instant when) { up_.slow_until(when); }

  [[nodiscard]] EngineId id() const { return id_; }
  [[nodiscard]] std::uint32_t incarnation() const { return incarnation_; }
  [[nodiscard]] bool alive() const { return alive_; }

 private:
  void hear(const wire::ToEngine& message);
  void set_environment(const wire::SetEnvironment& value);
  void begin();
  void finish();
  void give_back();
  void answer(wire::AttemptFinished finished);
  wire::AttemptFinished run(const wire::RunTask& task);
  wire::AttemptFinished call(const wire::RunTask& task, const wire::Call& call);
  static base::Duration time_of(const wire::RunTask& task);

  World& world_;
  Auditor& auditor_;
  Shell& shell_;
  const EngineId id_;
  const std::uint32_t incarnation_;
  bool alive_ = true;
  bool vanished_ = false;
  SimLink<wire::ToEngine> down_;
  SimLink<wire::FromEngine> up_;

  std::deque<wire::RunTask> queue_;  // the first one runs if running_
  bool running_ = false;
  std::uint64_t run_number_ = 0;  // of the run that finish() belongs to
  std::optional<wire::AttemptFinished> last_answer_;
  std::set<wire::ModuleHash> modules_;
  bool library_told_ = false;
  std::map<std::string, base::SharedBytes> values_;
  std::map<std::uint64_t, std::uint64_t> counters_;       // by client
  std::map<std::uint64_t, std::uint64_t> last_sequence_;  // by client: direct operations come in order
};

}  // namespace gangway::sim
