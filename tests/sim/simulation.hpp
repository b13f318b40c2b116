// One run of the simulation, from a scenario to its verdict.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "sim/auditor.hpp"
#include "sim/named_client.hpp"
#include "sim/rude_client.hpp"
#include "sim/scenario.hpp"
#include "sim/shell.hpp"
#include "sim/sim_client.hpp"
#include "sim/sim_engine.hpp"
#include "sim/world.hpp"

namespace gangway::sim {

class Simulation {
 public:
  explicit Simulation(const Scenario& scenario);

  /// Runs to the end; throws Violation if a rule was broken. Returns the number of steps.
  std::uint64_t run();

  // What saboteurs work with.
  World& world() { return world_; }
  [[nodiscard]] const Scenario& scenario() const { return scenario_; }
  Shell& shell() { return shell_; }
  /// A living one at random; null if there is none.
  SimEngine* some_engine();
  SimClient* some_client();
  NamedClient* some_named_client();
  /// A new client takes the place of one that was cut.
  void add_client();
  void add_rude_client();
  /// An engine begins a life, if the gateway still has the one that it had when this was planned.
  void add_engine(EngineId id, std::uint64_t gateway_life);
  /// The gateway dies, engines with it; all come back after a while.
  void kill_gateway();

 private:
  void come_back();
  [[nodiscard]] bool work_done() const;
  void run_until(bool (Simulation::*reached)() const, const char* what);
  [[nodiscard]] bool all_quiet() const;
  [[nodiscard]] bool stopped() const { return shell_.controller().stopped(); }

  const Scenario scenario_;
  World world_;
  Auditor auditor_;
  Shell shell_;
  std::vector<std::unique_ptr<SimEngine>> engines_;
  std::map<EngineId, std::uint32_t> incarnations_;
  std::vector<std::unique_ptr<SimClient>> clients_;
  std::vector<std::unique_ptr<NamedClient>> named_clients_;
  std::vector<std::unique_ptr<RudeClient>> rude_clients_;
};

}  // namespace gangway::sim
