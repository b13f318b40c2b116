#include "launch/state_file.hpp"

#include <unistd.h>

#include <array>
#include <optional>
#include <sstream>
#include <vector>

#include <boost/property_tree/json_parser.hpp>
#include <boost/property_tree/ptree.hpp>

#include "launch/json.hpp"
#include "launch/private_file.hpp"
#include "os/file.hpp"
#include "os/host_name.hpp"

namespace gangway::launch {
namespace {

constexpr std::array<const char*, 5> phase_texts{"starting", "running", "restarting", "stopping", "ended"};

std::optional<Phase> phase_from_text(const std::string& text) {
  for (std::size_t i = 0; i < phase_texts.size(); ++i) {
    if (text == phase_texts[i]) return static_cast<Phase>(i);
  }
  return std::nullopt;
}

std::string process_json(const ProcessKey& process) {
  return JsonObject{}.number("pid", process.pid).number("start_ticks", process.start_ticks).to_string();
}

ProcessKey process_from(const boost::property_tree::ptree& tree, const std::string& name) {
  return {tree.get<pid_t>(name + ".pid"), tree.get<std::uint64_t>(name + ".start_ticks")};
}

bool may_live(const ClusterState& state) {
  return state.host == os::host_name() && state.boot_id == os::boot_id();
}

}  // namespace

std::string phase_text(Phase phase) {
  return phase_texts[static_cast<std::size_t>(phase)];
}

base::Status write_state(const std::filesystem::path& file, const ClusterState& state) {
  std::vector<std::string> times;
  for (const std::int64_t time : state.restarted_at_ms) times.push_back(std::to_string(time));
  JsonObject json;
  json.text("phase", phase_text(state.phase))
      .text("host", state.host)
      .raw("supervisor", process_json(state.supervisor))
      .text("boot_id", state.boot_id)
      .raw("warden", process_json(state.warden))
      .raw("mpirun", process_json(state.mpirun))
      .text("scratch_dir", state.scratch_dir)
      .text("cookie", state.cookie)
      .number("engines", state.engines)
      .number("gateways", state.gateways)
      .text("hosts", state.hosts)
      .text("transport", state.transport)
      .text("durability", state.durability)
      .number("restarts", state.restarts)
      .raw("restarted_at_ms", json_list(times))
      .number("port", state.port)
      .number("started_unix_s", state.started_unix_s)
      .text("reason", state.reason);
  return write_private_file(file, json.to_string() + "\n");
}

base::Result<ClusterState> read_state(const std::filesystem::path& file) {
  base::Result<std::string> content = os::read_file(file);
  if (!content) return content.fault();
  try {
    boost::property_tree::ptree tree;
    std::istringstream stream{content.value()};
    boost::property_tree::read_json(stream, tree);
    const std::optional<Phase> phase = phase_from_text(tree.get<std::string>("phase"));
    if (!phase) return base::Fault{file.string() + " names no phase that is known here"};
    ClusterState state;
    state.phase = *phase;
    state.host = tree.get<std::string>("host");
    state.supervisor = process_from(tree, "supervisor");
    state.boot_id = tree.get<std::string>("boot_id");
    state.warden = process_from(tree, "warden");
    state.mpirun = process_from(tree, "mpirun");
    state.scratch_dir = tree.get<std::string>("scratch_dir");
    state.cookie = tree.get<std::string>("cookie");
    state.engines = tree.get<std::uint32_t>("engines");
    state.gateways = tree.get<std::uint32_t>("gateways");
    state.hosts = tree.get<std::string>("hosts");
    state.transport = tree.get<std::string>("transport");
    state.durability = tree.get<std::string>("durability");
    state.restarts = tree.get<std::uint32_t>("restarts");
    for (const auto& [none, time] : tree.get_child("restarted_at_ms")) {
      state.restarted_at_ms.push_back(time.get_value<std::int64_t>());
    }
    state.port = tree.get<std::uint16_t>("port");
    state.started_unix_s = tree.get<std::int64_t>("started_unix_s");
    state.reason = tree.get<std::string>("reason");
    return state;
  } catch (const boost::property_tree::ptree_error& error) {
    return base::Fault{file.string() + " is not a cluster's state: " + error.what()};
  }
}

bool supervisor_alive(const ClusterState& state) {
  return may_live(state) && is_alive(state.supervisor);
}

bool warden_alive(const ClusterState& state) {
  return may_live(state) && is_alive(state.warden);
}

// One that was starting has told its starter that it failed, and one that was stopping has but to be removed.
bool needs_supervisor(const ClusterState& state) {
  const bool is_wanted = state.phase == Phase::running || state.phase == Phase::restarting;
  return is_wanted && state.host == os::host_name() && !supervisor_alive(state);
}

bool can_be_revived(const ClusterState& state) {
  return state.phase == Phase::ended && state.host == os::host_name() && !supervisor_alive(state);
}

}  // namespace gangway::launch
