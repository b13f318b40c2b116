#include "launch/adopt.hpp"

#include <chrono>
#include <thread>

#include "launch/spawn_supervisor.hpp"

namespace gangway::launch {
namespace {

using std::chrono::steady_clock;

// How long one that was faster may take between its lock and its entry in the state.
constexpr std::chrono::seconds other_time{5};
constexpr std::chrono::milliseconds orphan_look_interval{20};

bool is_orphan(const ClusterDirectory& directory) {
  const base::Result<ClusterState> state = read_state(directory.state_file());
  return state && needs_supervisor(state.value());
}

}  // namespace

base::Status adopt_cluster(const ClusterHome& home, const std::string& name) {
  const ClusterDirectory directory = home.cluster(name);
  if (!is_orphan(directory)) return base::Done{};
  base::Result<LaunchRecord> record = read_launch_record(directory.launch_file());
  base::Status adopted = record ? base::Status{base::Done{}} : base::Status{record.fault()};
  if (record) {
    record.value().arguments.emplace_back("--adopt");
    adopted =
        run_supervisor(record.value(), supervisor_time, "it ended or hung; see " + directory.log_file().string());
  }
  const auto deadline = steady_clock::now() + other_time;
  while (!adopted && is_orphan(directory)) {
    if (steady_clock::now() >= deadline) {
      return base::Fault{"the supervisor of the cluster " + name +
                         " is gone, and no other one could take its place: " + adopted.fault().text +
                         "; mend that, or end the cluster with `gangway stop " + name + "`"};
    }
    std::this_thread::sleep_for(orphan_look_interval);
  }
  return base::Done{};
}

}  // namespace gangway::launch
