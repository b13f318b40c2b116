#include "sim/simulation.hpp"

#include <set>
#include <string>
#include <utility>

#include "sim/saboteurs.hpp"

namespace gangway::sim {

namespace {

// Simulated time after which work that is not done will never be; the longest that is waited for is a silent client.
constexpr base::Duration patience = base::seconds(130);

template <class T>
T* one_alive(const std::vector<std::unique_ptr<T>>& all, Random& random) {
  std::vector<T*> alive;
  for (const auto& one : all) {
    if (one->alive()) alive.push_back(one.get());
  }
  return alive.empty() ? nullptr : random.one_of(alive);
}

}  // namespace

Simulation::Simulation(const Scenario& scenario)
    : scenario_{scenario},
      world_{scenario.seed, scenario.trace},
      auditor_{world_, scenario_},
      shell_{world_, scenario_, auditor_} {}

std::uint64_t Simulation::run() {
  for (std::uint32_t id = 0; id < scenario_.engines; ++id) {
    const bool late = scenario_.late_engines && id > 0 && world_.random().chance(50);
    const base::Duration delay = late ? world_.random().span({0}, scenario_.sabotage) : base::Duration{0};
    world_.after(delay, [this, id] { add_engine(EngineId{id}, 0); });
  }
  for (std::uint32_t i = 0; i < scenario_.clients; ++i) add_client();
  for (std::uint64_t i = 0; i < scenario_.named_clients; ++i) {
    // Their numbers are none of other clients'.
    named_clients_.push_back(std::make_unique<NamedClient>(world_, scenario_, auditor_, shell_, 1000 + i));
    named_clients_.back()->start();
  }
  send_saboteurs(*this);
  // The end of the sabotage is waited for, also if nothing else is to come.
  world_.at(World::start + scenario_.sabotage, [] {});
  for (int i = 0; i < 3; ++i) {
    world_.after(world_.random().span({0}, scenario_.sabotage), [this] { shell_.check_restart(); });
  }

  run_until(&Simulation::all_quiet, "the work was never done");
  auditor_.finish();
  for (const auto& client : clients_) client->finish();
  shell_.check_restart();
  world_.require(shell_.controller().durable_state().tasks.all().empty(), "the controller keeps tasks that are done");

  clients_.push_back(std::make_unique<SimClient>(world_, scenario_, auditor_, shell_, 0));
  clients_.back()->stop_cluster();
  run_until(&Simulation::stopped, "the cluster was told to stop and did not");
  return world_.steps();
}

void Simulation::run_until(bool (Simulation::*reached)() const, const char* what) {
  const base::Instant deadline = world_.now() + patience;
  while (!(this->*reached)()) {
    if (world_.step() && world_.now() < deadline) continue;
    std::string text = what;
    for (const auto& client : clients_) {
      if (client->alive() && !client->done()) text += "; " + client->progress();
    }
    for (const auto& client : named_clients_) {
      if (!client->done()) text += "; " + client->progress();
    }
    world_.fail(text);
  }
}

bool Simulation::work_done() const {
  for (const auto& client : clients_) {
    if (client->alive() && !client->done()) return false;
  }
  for (const auto& client : named_clients_) {
    if (!client->done()) return false;
  }
  for (const auto& client : rude_clients_) {
    if (!client->dismissed()) return false;
  }
  return true;
}

bool Simulation::all_quiet() const {
  // Cheap tests first: this is asked after every step.
  const core::DurableState& state = shell_.controller().durable_state();
  return shell_.lets_in() && state.tasks.all().empty() && world_.now() >= World::start + scenario_.sabotage &&
         work_done();
}

SimEngine* Simulation::some_engine() {
  return one_alive(engines_, world_.random());
}
SimClient* Simulation::some_client() {
  return one_alive(clients_, world_.random());
}

NamedClient* Simulation::some_named_client() {
  return one_alive(named_clients_, world_.random());
}

void Simulation::add_client() {
  clients_.push_back(std::make_unique<SimClient>(world_, scenario_, auditor_, shell_, clients_.size() + 1));
  SimClient& client = *clients_.back();
  world_.after(world_.random().span({0}, base::milliseconds(2)), [&client] {
    if (client.alive()) client.start();
  });
}

void Simulation::add_rude_client() {
  rude_clients_.push_back(std::make_unique<RudeClient>(world_, scenario_, shell_));
  rude_clients_.back()->start();
}

void Simulation::add_engine(EngineId id, std::uint64_t gateway_life) {
  if (gateway_life != shell_.life() || !shell_.running()) return;
  engines_.push_back(std::make_unique<SimEngine>(world_, auditor_, shell_, id, ++incarnations_[id]));
  engines_.back()->join();
}

void Simulation::kill_gateway() {
  if (!shell_.running()) return;
  const bool lose_power = scenario_.lose_power && world_.random().chance(60);
  shell_.kill(lose_power ? world_.random().between(1, 12) : 0);
  for (const auto& engine : engines_) engine->vanish();
  world_.after(world_.random().span(base::microseconds(100), base::milliseconds(20)), [this] { come_back(); });
}

void Simulation::come_back() {
  std::set<EngineId> engines;
  for (std::uint32_t id = 0; id < scenario_.engines; ++id) {
    engines.insert(EngineId{id});
    world_.after(world_.random().span({0}, base::milliseconds(3)),
                 [this, id, life = shell_.life()] { add_engine(EngineId{id}, life); });
  }
  shell_.come_back(std::move(engines));
}

}  // namespace gangway::sim
