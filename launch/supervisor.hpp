// The supervisor: the process that owns a cluster. It starts mpirun, by way of a warden (warden.hpp), tells whoever
// started it when the cluster is ready, and stays until the cluster is to end or ends by itself; then it sees to it
// that nothing is left.
//
//   starting --> running --> stopping --> (everything is gone)
//       |         |    ^
//       |         |    +----------+
//       |         +--> restarting +   mpirun ended by itself, or lost a host
//       |                   |
//       |                   +-- too often --> ended: the directory stays and says why, until `gangway stop`
//       +-- given up: the reason goes to the starter, and everything is removed
//
// A cluster that is started again is a new job in the same directory: with the same name, certificates and journal,
// and with the same port, if that is free. How often that happens says RestartLimit.
//
// A cluster is stopped by SIGTERM or SIGINT to its supervisor, by the end of its owner, and by the end of its starter
// before it is ready. First the gateway is asked to end the cluster in order, then the warden to end mpirun, then the
// warden is killed; each step has a time limit. The supervisor takes in the orphans of a warden that was killed.
//
// When a supervisor is killed, the job works on. Another one adopts it (adopt.hpp): it is in the same phase at once,
// or finds that the job has ended, and does what its predecessor would have done. It watches a warden that is not its
// child, so all that a supervisor must know of a job stands in files of the cluster's directory.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include "launch/cluster_setup.hpp"
#include "launch/connection_file.hpp"
#include "launch/job_end.hpp"
#include "launch/restart_limit.hpp"
#include "launch/rotating_log.hpp"
#include "launch/shutdown_request.hpp"
#include "launch/supervisor_options.hpp"

namespace gangway::launch {

/// One object, one cluster, one run; a process with one thread that has no other children.
class Supervisor {
 public:
  /// Takes over the descriptor in `options`.
  Supervisor(ClusterHome home, const SupervisorOptions& options);

  /// Starts, adopts or revives the cluster and returns when it has ended, or could not be taken over.
  void run();

 private:
  base::Status begin();
  base::Status start();
  base::Status adopt();
  base::Status revive();
  base::Status launch();
  void watch_job();
  void await_ready();
  void became_ready(const GatewayAddress& gateway);
  void give_up_start(const std::string& reason);

  bool plan_restart();
  void restart();
  void end_job(const std::string& reason);

  void watch_signals();
  void watch_starter();
  void watch_owner();
  void watch_gateway();
  void gateway_gone();
  void collect_children();

  void stop(const std::string& reason);
  void ask_gateway_to_stop();
  void terminate_job();
  void kill_warden();
  void job_ended();
  [[nodiscard]] std::string reason_of_end(const std::optional<JobEnd>& end);
  void finish();
  void leave_nothing();

  void set_phase(Phase phase);
  void report(const std::string& line);
  void after(std::chrono::milliseconds time, void (Supervisor::*step)());

  ClusterHome home_;
  SupervisorOptions options_;
  Profile profile_;
  boost::asio::io_context io_;
  boost::asio::posix::stream_descriptor starter_;
  boost::asio::posix::stream_descriptor owner_;
  boost::asio::posix::stream_descriptor warden_;
  boost::asio::posix::stream_descriptor gateway_process_;
  boost::asio::signal_set signals_;
  boost::asio::steady_timer step_timer_;
  boost::asio::steady_timer ready_timer_;

  std::optional<ClusterSetup> setup_;
  std::optional<RotatingLog> log_;
  std::optional<GatewayAddress> gateway_;
  std::shared_ptr<ShutdownRequest> shutdown_;
  std::string start_failure_;
  std::string end_reason_;
  RestartLimit restart_limit_;
  bool job_runs_ = false;
  bool waits_to_restart_ = false;
  bool ended_by_client_ = false;  // by one with the right to do so: it is not started again
  bool stop_wanted_ = false;
  std::string verdict_;  // why the supervisor itself has ended the job that is to be restarted
  std::string excerpt_;  // of what the last job said
  std::chrono::steady_clock::time_point start_deadline_;
};

}  // namespace gangway::launch
