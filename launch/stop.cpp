#include "launch/stop.hpp"

#include <chrono>
#include <csignal>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "launch/process.hpp"
#include "launch/scratch.hpp"
#include "launch/warden.hpp"
#include "os/host_name.hpp"

namespace gangway::launch {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

// More than all the time limits of a supervisor's own stop together.
constexpr seconds supervisor_stop_time{20};
constexpr seconds kill_time{5};
// How long somebody who is just taking it over may take until that can be told from the state.
constexpr seconds lock_time{5};
constexpr milliseconds lock_interval{20};

base::Status end_job(const ClusterState& state) {
  if (warden_alive(state)) {
    send_signal(state.warden, SIGTERM);
    send_signal(state.warden, SIGCONT);  // it may be stopped
    wait_until_gone(state.warden, warden_stop_time);
  }
  const std::vector<ProcessKey> left = kill_all([&] { return processes_with_cookie(state.cookie); });
  if (left.empty()) return base::Done{};
  std::string pids;
  for (const ProcessKey& process : left) pids += " " + std::to_string(process.pid);
  return base::Fault{"these processes of the cluster could not be killed:" + pids};
}

// Of a cluster whose supervisor is not there, or may be by now: somebody may have adopted it meanwhile.
base::Status end_supervisor(const ClusterHome& home, const std::string& name) {
  const ClusterDirectory directory = home.cluster(name);
  const base::Result<ClusterState> state = read_state(directory.state_file());
  if (!state) {
    // The supervisor may just have removed it.
    if (!home.has_cluster(name)) return base::Done{};
    return base::Fault{state.fault().text + "; if nothing of the cluster runs, remove " + directory.path().string()};
  }
  if (state.value().host != os::host_name()) {
    return base::Fault{"the cluster " + name + " was started on the host " + state.value().host +
                       "; run `gangway stop " + name + "` there"};
  }
  const ProcessKey& supervisor = state.value().supervisor;
  if (!supervisor_alive(state.value())) return base::Done{};
  const bool is_told = send_signal(supervisor, SIGTERM) && send_signal(supervisor, SIGCONT);  // it may be stopped
  if (is_told && !wait_until_gone(supervisor, supervisor_stop_time)) {
    send_signal(supervisor, SIGKILL);
    wait_until_gone(supervisor, kill_time);
  }
  return base::Done{};
}

}  // namespace

base::Status stop_cluster(const ClusterHome& home, const std::string& name) {
  const ClusterDirectory directory = home.cluster(name);
  const auto deadline = steady_clock::now() + supervisor_stop_time + lock_time;
  os::Descriptor lock;
  // A file system may have no locks.
  while (!lock && steady_clock::now() < deadline) {
    if (!home.has_cluster(name)) return base::Done{};
    if (base::Status ended = end_supervisor(home, name); !ended) return ended;
    if (!home.has_cluster(name)) return base::Done{};
    base::Result<os::Descriptor> taken = lock_cluster(directory);
    if (taken) lock = std::move(taken).value();
    if (!taken) std::this_thread::sleep_for(lock_interval);
  }

  // The supervisor is dead and its work is not done.
  const base::Result<ClusterState> state = read_state(directory.state_file());
  if (!state) return home.has_cluster(name) ? base::Status{state.fault()} : base::Done{};
  if (base::Status ended = end_job(state.value()); !ended) return ended;
  if (base::Status removed = remove_scratch(state.value().scratch_dir); !removed) return removed;
  return home.remove_cluster(name);
}

}  // namespace gangway::launch
