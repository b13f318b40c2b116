// The supervisor: the process that owns a cluster. It starts mpirun, tells whoever started it when the cluster is
// ready, and stays until the cluster is to end or ends by itself; then it sees to it that nothing is left.
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
// before it is ready. First the gateway is asked to end the cluster in order, then mpirun gets SIGTERM, then SIGKILL;
// each step has a time limit. The supervisor takes in all orphans of the job, so that it can kill what mpirun leaves
// behind.
#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include "launch/cluster_setup.hpp"
#include "launch/connection_file.hpp"
#include "launch/process.hpp"
#include "launch/restart_limit.hpp"
#include "launch/rotating_log.hpp"
#include "launch/shutdown_request.hpp"
#include "launch/supervisor_options.hpp"

namespace gangway::launch {

/// One object, one cluster, one run; a process with one thread that has no other children.
class Supervisor {
 public:
  /// Takes over the descriptors in `options`.
  Supervisor(ClusterHome home, const SupervisorOptions& options);

  /// Starts the cluster and returns when it has ended.
  void run();

 private:
  base::Status start();
  base::Status launch();
  void await_ready();
  void became_ready(const GatewayAddress& gateway);
  void give_up_start(const std::string& reason);

  bool plan_restart();
  void restart();
  void end_job(const std::string& reason);

  void watch_signals();
  void watch_starter();
  void watch_owner();
  void read_output();
  void read_errors();
  void drain(boost::asio::posix::stream_descriptor& stream);
  void watch_hosts(std::string_view errors);
  void end_without_host();
  void watch_gateway();
  void gateway_gone();
  void collect_children();

  void stop(const std::string& reason);
  void ask_gateway_to_stop();
  void terminate_mpirun();
  void kill_mpirun();
  void mpirun_ended(int status);
  [[nodiscard]] std::string reason_of_end(int status);
  void kill_leftovers();
  void finish();
  void leave_nothing();

  void set_phase(Phase phase);
  void report(const std::string& line);
  void after(std::chrono::milliseconds time, void (Supervisor::*step)());

  ClusterHome home_;
  Profile profile_;
  boost::asio::io_context io_;
  boost::asio::posix::stream_descriptor starter_;
  boost::asio::posix::stream_descriptor owner_;
  boost::asio::posix::stream_descriptor output_;  // what mpirun passes on of its ranks and their workers
  boost::asio::posix::stream_descriptor errors_;  // what mpirun says itself: see gangway_keeper.cpp
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
  bool mpirun_runs_ = false;
  bool waits_to_restart_ = false;
  bool ended_by_client_ = false;  // by one with the right to do so: it is not started again
  bool stop_wanted_ = false;
  std::string verdict_;  // why the supervisor itself has ended the job that is to be restarted
  std::string recent_errors_;
  bool host_lost_ = false;  // mpirun has said so of this job
  std::chrono::steady_clock::time_point start_deadline_;
  std::chrono::steady_clock::time_point leftovers_deadline_;
  bool none_left_ = false;  // at the last look
  std::array<char, 16384> output_buffer_{};
  std::array<char, 4096> errors_buffer_{};
  std::array<char, 16> owner_buffer_{};
};

}  // namespace gangway::launch
