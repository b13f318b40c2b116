// The warden: the process between the supervisor and mpirun, which holds the job together while there is no
// supervisor. One warden, one job.
//
// It is mpirun's parent: it reads what mpirun passes on into the cluster's log, takes in all orphans of the job, and
// kills what mpirun leaves behind. When it is killed itself, mpirun gets SIGTERM, and the supervisor starts another
// job. So a job has a warden or ends.
//
//   the job runs --> mpirun has ended --> what it left is killed --> job-end.json tells how it ended
//
// A job ends by itself, or because of SIGTERM to its warden, or because a host was lost. Without a supervisor (it was
// killed) the warden waits for another one. It ends the job when none has come within orphan_timeout, when the
// cluster's owner is gone, and when the cluster was starting or stopping; then nobody else will clean up, and it
// does.
#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "launch/cluster_directory.hpp"
#include "launch/mpirun.hpp"
#include "launch/rotating_log.hpp"
#include "launch/supervisor_options.hpp"
#include "os/descriptor.hpp"

namespace gangway::launch {

/// How long a warden may take from SIGTERM to its end: six seconds for mpirun, and five for what that leaves.
inline constexpr std::chrono::seconds warden_stop_time{15};

/// One object, one job; a process with one thread that has no children.
class Warden {
 public:
  /// `options` are the supervisor's, whose child the calling process is; `mpirun` is what to run.
  Warden(const SupervisorOptions& options, CommandLine mpirun);

  /// Starts mpirun, writes its pid and start_ticks to standard output, in one line, and returns when nothing of the
  /// job is left. A fault if it could not be started.
  base::Status run();

 private:
  using Clock = std::chrono::steady_clock;

  base::Status start();
  base::Status watch_signals();
  base::Status tell_of_mpirun(const ProcessKey& mpirun);
  void wait_for_events();
  [[nodiscard]] int wait_ms() const;
  void on_signals();
  void read_stream(os::Descriptor& stream);
  void watch_hosts(std::string_view errors);
  void look_at_orphanage();
  [[nodiscard]] std::optional<std::string> reason_to_give_up(const base::Result<ClusterState>& state) const;
  void end_job(const std::string& reason);
  void clean_up();
  void settle();

  SupervisorOptions options_;
  CommandLine command_;
  ClusterHome home_;
  ClusterDirectory directory_;
  std::optional<RotatingLog> log_;
  std::string cookie_;

  os::Descriptor signals_;
  os::Descriptor output_;      // what mpirun passes on of its ranks and their workers
  os::Descriptor errors_;      // what mpirun says itself: see gangway_keeper.cpp
  os::Descriptor supervisor_;  // none: it is gone
  ProcessKey mpirun_;
  std::optional<int> wait_status_;  // mpirun's

  std::string recent_errors_;
  bool host_lost_ = false;
  bool is_ending_ = false;
  std::string reason_;  // why the job was ended from here
  std::optional<Clock::time_point> kill_at_;
  Clock::time_point orphan_since_;
};

}  // namespace gangway::launch
