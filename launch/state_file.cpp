#include "launch/state_file.hpp"

#include <unistd.h>

#include <array>
#include <optional>
#include <sstream>

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

}  // namespace

std::string phase_text(Phase phase) {
  return phase_texts[static_cast<std::size_t>(phase)];
}

base::Status write_state(const std::filesystem::path& file, const ClusterState& state) {
  JsonObject json;
  json.text("phase", phase_text(state.phase))
      .text("host", state.host)
      .raw("supervisor", process_json(state.supervisor))
      .raw("mpirun", process_json(state.mpirun))
      .text("scratch_dir", state.scratch_dir)
      .text("cookie", state.cookie)
      .number("engines", state.engines)
      .number("gateways", state.gateways)
      .text("hosts", state.hosts)
      .text("transport", state.transport)
      .text("durability", state.durability)
      .number("restarts", state.restarts)
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
    state.mpirun = process_from(tree, "mpirun");
    state.scratch_dir = tree.get<std::string>("scratch_dir");
    state.cookie = tree.get<std::string>("cookie");
    state.engines = tree.get<std::uint32_t>("engines");
    state.gateways = tree.get<std::uint32_t>("gateways");
    state.hosts = tree.get<std::string>("hosts");
    state.transport = tree.get<std::string>("transport");
    state.durability = tree.get<std::string>("durability", "memory");
    state.restarts = tree.get<std::uint32_t>("restarts", 0);
    state.started_unix_s = tree.get<std::int64_t>("started_unix_s");
    state.reason = tree.get<std::string>("reason");
    return state;
  } catch (const boost::property_tree::ptree_error& error) {
    return base::Fault{file.string() + " is not a cluster's state: " + error.what()};
  }
}

bool supervisor_alive(const ClusterState& state) {
  return state.host == os::host_name() && is_alive(state.supervisor);
}

}  // namespace gangway::launch
