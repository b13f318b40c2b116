#include "sim/saboteurs.hpp"

#include <functional>
#include <utility>

namespace gangway::sim {

namespace {

/// Calls `act` again and again, about every `pause`, until the sabotage is over.
void haunt(Simulation& simulation, base::Duration pause, std::function<void()> act) {
  World& world = simulation.world();
  const base::Instant end = World::start + simulation.scenario().sabotage;
  const base::Instant next = world.now() + world.random().span({1}, {2 * pause.ns});
  if (next > end) return;
  world.at(next, [&simulation, pause, act = std::move(act)] {
    act();
    haunt(simulation, pause, act);
  });
}

void lose_engine(Simulation& simulation) {
  SimEngine* engine = simulation.some_engine();
  if (engine == nullptr) return;
  engine->die();
  World& world = simulation.world();
  const EngineId id = engine->id();
  // Some are gone for good; never all, since a client may wait for an engine to appear.
  if (id != EngineId{0} && world.random().chance(20)) return;
  // Not before the shell has heard of the loss.
  world.after(world.random().span(base::milliseconds(60), base::milliseconds(90)),
              [&simulation, id, life = simulation.shell().life()] { simulation.add_engine(id, life); });
}

void cut_client(Simulation& simulation) {
  SimClient* client = simulation.some_client();
  if (client == nullptr) return;
  World& world = simulation.world();
  if (world.random().chance(20)) {
    client->quit();
  } else {
    client->die(world.random().chance(20));
  }
  if (world.random().chance(70)) {
    world.after(world.random().span({0}, base::milliseconds(10)), [&simulation] { simulation.add_client(); });
  }
}

void kill_process(Simulation& simulation) {
  NamedClient* client = simulation.some_named_client();
  if (client == nullptr) return;
  if (simulation.world().random().chance(10)) {
    client->end_session();
  } else {
    client->kill_process();
  }
}

void drop_connection(Simulation& simulation) {
  if (SimClient* client = simulation.some_client()) client->lose_connection();
  NamedClient* named = simulation.some_named_client();
  if (named != nullptr && simulation.world().random().chance(50)) named->lose_connection();
}

void slow_link(Simulation& simulation) {
  World& world = simulation.world();
  const base::Instant until = world.now() + world.random().span(base::milliseconds(1), base::milliseconds(40));
  if (world.random().chance(50)) {
    if (SimEngine* engine = simulation.some_engine()) engine->slow_until(until);
  } else if (NamedClient* named = simulation.some_named_client(); named != nullptr && world.random().chance(30)) {
    named->slow_until(until);
  } else if (SimClient* client = simulation.some_client()) {
    client->slow_until(until);
  }
}

void stall_store(Simulation& simulation) {
  SimStore& store = simulation.shell().store();
  store.set_delay_max(simulation.scenario().stall_long ? base::seconds(1) : base::milliseconds(20));
  simulation.world().after(base::milliseconds(5), [&store] { store.set_delay_max(base::microseconds(50)); });
}

}  // namespace

void send_saboteurs(Simulation& simulation) {
  const Scenario& scenario = simulation.scenario();
  if (scenario.lose_engines) {
    haunt(simulation, base::milliseconds(15), [&simulation] { lose_engine(simulation); });
  }
  if (scenario.crash_workers) {
    haunt(simulation, base::milliseconds(2), [&simulation] {
      if (SimEngine* engine = simulation.some_engine()) engine->crash_worker();
    });
  }
  if (scenario.cut_clients) haunt(simulation, base::milliseconds(10), [&simulation] { cut_client(simulation); });
  if (scenario.drop_connections) {
    haunt(simulation, base::milliseconds(4), [&simulation] { drop_connection(simulation); });
  }
  if (scenario.kill_processes) {
    haunt(simulation, base::milliseconds(12), [&simulation] { kill_process(simulation); });
  }
  if (scenario.kill_gateway) haunt(simulation, base::milliseconds(25), [&simulation] { simulation.kill_gateway(); });
  if (scenario.slow_links) haunt(simulation, base::milliseconds(10), [&simulation] { slow_link(simulation); });
  if (scenario.stall_store) haunt(simulation, base::milliseconds(20), [&simulation] { stall_store(simulation); });
  if (scenario.rude_clients)
    haunt(simulation, base::milliseconds(40), [&simulation] { simulation.add_rude_client(); });
  if (scenario.repeat_answers) {
    haunt(simulation, base::milliseconds(3), [&simulation] {
      if (SimEngine* engine = simulation.some_engine()) engine->repeat_last_answer();
    });
  }
}

}  // namespace gangway::sim
