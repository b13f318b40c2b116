#include "launch/summary.hpp"

#include <array>
#include <optional>

#include "launch/connection_file.hpp"
#include "launch/setting_values.hpp"
#include "os/host_name.hpp"

namespace gangway::launch {
namespace {

Condition condition_of(const ClusterState& state) {
  if (state.host != os::host_name()) return Condition::elsewhere;
  if (state.phase == Phase::ended) return Condition::ended;
  if (!supervisor_alive(state)) return Condition::dead;
  switch (state.phase) {
    case Phase::starting:
      return Condition::starting;
    case Phase::running:
      return Condition::running;
    case Phase::restarting:
      return Condition::restarting;
    default:
      return Condition::stopping;
  }
}

// A gateway that has ended leaves its note.
bool may_have_engines(const ClusterSummary& cluster) {
  return cluster.state.phase != Phase::ended && (cluster.condition != Condition::dead || warden_alive(cluster.state));
}

}  // namespace

std::string condition_text(Condition condition) {
  constexpr std::array<const char*, 7> texts{"starting", "running", "restarting", "stopping",
                                             "ended",    "dead",    "elsewhere"};
  return texts[static_cast<std::size_t>(condition)];
}

std::string transport_summary(const ClusterState& state) {
  if (state.transport == transport_text(Transport::native)) {
    return "native: what this MPI chooses; the death of a rank may end or stall the whole cluster";
  }
  return state.hosts.empty() ? "resilient: shared memory; the death of a rank costs that rank"
                             : "resilient: shared memory, TCP between hosts; the death of a rank costs that rank";
}

std::string durability_summary(const ClusterState& state) {
  if (state.durability == durability_text(Durability::memory)) return "memory: the tasks are gone with the gateway";
  if (state.durability == durability_text(Durability::disk)) return "disk: the tasks survive the loss of power";
  return "commit: the tasks survive the death of any process";
}

std::string engines_text(const ClusterSummary& cluster) {
  const std::string all = std::to_string(cluster.state.engines);
  return cluster.engines_alive == cluster.state.engines ? all : std::to_string(cluster.engines_alive) + " of " + all;
}

ClusterSummary summary_of(const ClusterDirectory& directory) {
  ClusterSummary summary;
  summary.name = directory.name();
  summary.directory = directory.path().string();
  if (const base::Result<ClusterState> state = read_state(directory.state_file())) {
    summary.state = state.value();
    summary.condition = condition_of(summary.state);
  }
  if (const std::optional<GatewayAddress> gateway = read_gateway_address(directory.gateway_file())) {
    const bool is_version_6 = gateway->address.find(':') != std::string::npos;
    const std::string host = is_version_6 ? "[" + gateway->address + "]" : gateway->address;
    summary.address = host + ":" + std::to_string(gateway->port);
    summary.bells = gateway->bells;
    if (may_have_engines(summary)) {
      summary.engines_alive = gateway->engines;
      summary.journal_trouble = gateway->journal;
    }
  }
  return summary;
}

std::vector<ClusterSummary> summaries_of(const ClusterHome& home) {
  std::vector<ClusterSummary> summaries;
  for (const std::string& name : home.list()) summaries.push_back(summary_of(home.cluster(name)));
  return summaries;
}

}  // namespace gangway::launch
