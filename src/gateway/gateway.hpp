// The process of a gateway's rank: the shell around the controller. It turns frames and messages into events, commits
// the records of each turn, and carries out effects in their order. It decides nothing.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include <gangway/ids.hpp>

#include "base/limits.hpp"
#include "base/log.hpp"
#include "core/store.hpp"
#include "mpi/doorbell.hpp"
#include "mpi/world.hpp"
#include "tls/certificate.hpp"
#include "tls/listener.hpp"

namespace gangway::gateway {

struct GatewaySettings {
  std::string cluster;
  std::uint16_t number = 0;  // of this gateway, from 0
  std::string cluster_directory;
  std::string host;  // where it runs
  tls::Identity identity;
  tls::ListenerOptions listener;
  base::Limits limits;
  std::map<EngineId, int> engine_ranks;  // the engines this gateway owns
};

/// How the gateway's life ended.
struct GatewayEnd {
  bool in_order = false;      // by a Shutdown
  bool anybody_died = false;  // then MPI must not be finalised
};

/// Serves until a client with the right role sends Shutdown. Once it listens and all its engines are ready it says
/// where it listens, in the file gateway-<number>.json of the cluster directory. Everything passed in outlives the
/// call.
GatewayEnd run_gateway(const GatewaySettings& settings, const mpi::World& world, const mpi::Doorbell& doorbell,
                       core::Store& store, base::Log& log);

}  // namespace gangway::gateway
