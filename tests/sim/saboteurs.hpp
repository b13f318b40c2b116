// What goes wrong, and when: each saboteur acts at random moments until its time is over.
#pragma once

#include "sim/simulation.hpp"

namespace gangway::sim {

/// Sends out the saboteurs that the scenario wants.
void send_saboteurs(Simulation& simulation);

}  // namespace gangway::sim
