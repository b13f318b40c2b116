#include "launch/stop.hpp"

#include <chrono>
#include <csignal>
#include <thread>
#include <vector>

#include "launch/process.hpp"
#include "launch/scratch.hpp"
#include "os/host_name.hpp"

namespace gangway::launch {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

// More than all the time limits of a supervisor's own stop together.
constexpr seconds supervisor_stop_time{20};
// Without its supervisor mpirun gets SIGTERM by itself, and then takes up to four seconds.
constexpr seconds job_end_time{5};
constexpr seconds kill_time{5};
constexpr milliseconds look_interval{20};

std::vector<ProcessKey> processes_of(const ClusterState& state) {
  std::vector<ProcessKey> processes = processes_with_cookie(state.cookie);
  if (is_alive(state.mpirun)) processes.push_back(state.mpirun);
  return processes;
}

// True when two looks in a row found none. Whoever was to end in order has done so when mpirun has.
bool kill_all(const ClusterState& state) {
  const auto deadline = steady_clock::now() + kill_time;
  bool none_before = false;
  for (;;) {
    const std::vector<ProcessKey> left = processes_of(state);
    if (left.empty() && none_before) return true;
    if (!left.empty() && steady_clock::now() >= deadline) return false;
    none_before = left.empty();
    for (const ProcessKey& process : left) send_signal(process, SIGKILL);
    std::this_thread::sleep_for(look_interval);
  }
}

base::Status end_job(const ClusterState& state) {
  send_signal(state.mpirun, SIGTERM);
  wait_until_gone(state.mpirun, job_end_time);
  if (kill_all(state)) return base::Done{};
  std::string pids;
  for (const ProcessKey& process : processes_of(state)) pids += " " + std::to_string(process.pid);
  return base::Fault{"these processes of the cluster could not be killed:" + pids};
}

}  // namespace

base::Status stop_cluster(const ClusterHome& home, const std::string& name) {
  const ClusterDirectory directory = home.cluster(name);
  if (!home.has_cluster(name)) return base::Done{};
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
  const bool is_told = send_signal(supervisor, SIGTERM) && send_signal(supervisor, SIGCONT);  // it may be stopped
  if (is_told && !wait_until_gone(supervisor, supervisor_stop_time)) {
    send_signal(supervisor, SIGKILL);
    wait_until_gone(supervisor, kill_time);
  }
  if (!home.has_cluster(name)) return base::Done{};

  // The supervisor is dead and its work is not done. Its last state knows more than the one read above.
  const base::Result<ClusterState> last = read_state(directory.state_file());
  const ClusterState& known = last ? last.value() : state.value();
  if (base::Status ended = end_job(known); !ended) return ended;
  if (base::Status removed = remove_scratch(known.scratch_dir); !removed) return removed;
  return home.remove_cluster(name);
}

}  // namespace gangway::launch
