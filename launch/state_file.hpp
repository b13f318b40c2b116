// state.json: what has to be known about a cluster to list it, and to stop it when its supervisor is dead.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "launch/process.hpp"
#include "os/host_name.hpp"

namespace gangway::launch {

/// Where a cluster is in its life.
enum class Phase { starting, running, restarting, stopping, ended };

std::string phase_text(Phase phase);

/// The content of state.json; a value.
struct ClusterState {
  Phase phase = Phase::starting;
  std::string host;  // where supervisor and mpirun run
  ProcessKey supervisor;
  std::string boot_id;  // of that host when they were started: see os::boot_id()
  ProcessKey warden;    // of the job, see warden.hpp; pid 0: not started yet
  ProcessKey mpirun;
  std::string scratch_dir;  // on that host
  std::string cookie;       // in the environment of every process of the job
  std::uint32_t engines = 0;
  std::uint32_t gateways = 0;
  std::string hosts;                          // "node1:2,node2:2"; empty: `host` alone
  std::string transport;                      // see Transport
  std::string durability;                     // see Durability
  std::uint32_t restarts = 0;                 // so far
  std::vector<std::int64_t> restarted_at_ms;  // those that count for RestartLimit, by the clock of this boot
  std::uint16_t port = 0;                     // the gateway's; 0: it has never been ready
  std::int64_t started_unix_s = 0;
  std::string reason;  // why it ended, if it did by itself, or had to be started again

  friend bool operator==(const ClusterState&, const ClusterState&) = default;
};

base::Status write_state(const std::filesystem::path& file, const ClusterState& state);

/// A fault if the file is missing or not of this form.
base::Result<ClusterState> read_state(const std::filesystem::path& file);

/// True if the state is of this host and the supervisor in it, or the warden, is alive.
bool supervisor_alive(const ClusterState& state);
bool warden_alive(const ClusterState& state);

/// True if the cluster has lost its supervisor and is to have another one: see adopt.hpp.
bool needs_supervisor(const ClusterState& state);

/// True if the cluster has ended and nobody looks after it, so that it can be started again in its directory.
bool can_be_revived(const ClusterState& state);

}  // namespace gangway::launch
