// The process of a gateway's rank: the shell around the controller. It turns frames and messages into events, gives
// the records of each turn to the store, and carries out effects in their order once their records are durable. It
// decides nothing.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include <gangway/ids.hpp>

#include "base/instant.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"
#include "gateway/store_watch.hpp"
#include "mpi/doorbell.hpp"
#include "mpi/world.hpp"
#include "tls/certificate.hpp"
#include "tls/listener.hpp"

namespace gangway::gateway {

struct GatewaySettings {
  std::string cluster;
  std::uint16_t number = 0;  // of this gateway, from 0
  std::string cluster_directory;
  std::string scratch_directory;
  std::string host;  // where it runs
  tls::Identity identity;
  tls::ListenerOptions listener;
  base::Limits limits;
  /// How long nothing may be heard of an engine on another host, neither by it nor by its keeper, before the job is
  /// given up: far longer than a keeper takes to notice that a rank stands still.
  base::Duration far_silence_max = base::seconds(60);
  std::map<EngineId, int> engine_ranks;  // the engines this gateway owns
};

/// How the gateway's life ended.
struct GatewayEnd {
  bool in_order = false;      // by a Shutdown
  bool anybody_died = false;  // then MPI must not be finalised
};

/// Reads the store back, then serves until a client with the right role sends Shutdown. It listens when all its
/// engines are ready, so that a client that comes back does not meet a cluster without engines, and then says where,
/// in the file gateway-<number>.json of the cluster directory. Everything passed in outlives the call.
GatewayEnd run_gateway(const GatewaySettings& settings, const mpi::World& world, const mpi::Doorbell& doorbell,
                       const StoreAccess& store, base::Log& log);

}  // namespace gangway::gateway
