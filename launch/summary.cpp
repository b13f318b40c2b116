#include "launch/summary.hpp"

#include <array>
#include <optional>

#include "launch/connection_file.hpp"

namespace gangway::launch {
namespace {

Condition condition_of(const ClusterState& state) {
  if (state.host != host_name()) return Condition::elsewhere;
  if (state.phase == Phase::ended) return Condition::ended;
  if (!supervisor_alive(state)) return Condition::dead;
  switch (state.phase) {
    case Phase::starting:
      return Condition::starting;
    case Phase::running:
      return Condition::running;
    default:
      return Condition::stopping;
  }
}

}  // namespace

std::string condition_text(Condition condition) {
  constexpr std::array<const char*, 6> texts{"starting", "running", "stopping", "ended", "dead", "elsewhere"};
  return texts[static_cast<std::size_t>(condition)];
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
  }
  return summary;
}

std::vector<ClusterSummary> summaries_of(const ClusterHome& home) {
  std::vector<ClusterSummary> summaries;
  for (const std::string& name : home.list()) summaries.push_back(summary_of(home.cluster(name)));
  return summaries;
}

}  // namespace gangway::launch
