#include "launch/start.hpp"

#include <filesystem>
#include <system_error>

#include "launch/spawn_supervisor.hpp"
#include "launch/supervisor_options.hpp"

namespace gangway::launch {

base::Result<StartedCluster> start_cluster(const ClusterHome& home, const Profile& profile, Ownership ownership) {
  const base::Result<Profile> resolved = resolve(profile);
  if (!resolved) return resolved.fault();
  SupervisorOptions options{home.path().string(), resolved.value(), supervisor_report_fd, {}};
  if (ownership == Ownership::owned) options.owner = os::this_process();
  const ClusterDirectory directory = home.cluster(options.profile.name);
  const base::Result<ClusterState> state = read_state(directory.state_file());
  const bool revives = state && can_be_revived(state.value());
  if (revives) options.beginning = Beginning::revive;
  std::error_code unknown;
  const LaunchRecord record{to_arguments(options), own_environment(),
                            std::filesystem::current_path(unknown).string()};
  const base::Status ready = run_supervisor(
      record, options.profile.start_timeout + supervisor_time,
      "the supervisor of the cluster " + directory.name() + " ended or hung while it started; see " +
          directory.log_file().string() + " and remove what is left with `gangway stop " + directory.name() + "`");
  if (!ready) return ready.fault();
  return StartedCluster{directory.name(), directory.path(), directory.connection_file(), revives};
}

}  // namespace gangway::launch
