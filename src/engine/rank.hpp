// The process of an engine's rank: joins the engine (engine.hpp) to MPI, the keeper and the loop.
#pragma once

#include <string>
#include <vector>

#include "base/log.hpp"
#include "engine/engine.hpp"
#include "keeper/arena.hpp"
#include "keeper/keeper_link.hpp"
#include "mpi/doorbell.hpp"
#include "mpi/world.hpp"

namespace gangway::engine {

struct RankSettings {
  wire::EngineInfo self;
  int gateway_rank = 0;  // of the gateway that owns this engine
  std::string module_directory;
  std::vector<std::string> modules;  // libraries to start with: files of this host
};

/// How the rank's life ended.
struct RankEnd {
  bool in_order = false;      // the gateway asked it to leave
  bool anybody_died = false;  // then MPI must not be finalised
};

/// Serves until the gateway sends LeaveCluster or is gone. Everything passed in outlives the call.
RankEnd run_rank(const RankSettings& settings, const mpi::World& world, const mpi::Doorbell& doorbell,
                 keeper::Arena& arena, keeper::LinkToKeeper& keeper_link, const HashFunction& hash, base::Log& log);

}  // namespace gangway::engine
