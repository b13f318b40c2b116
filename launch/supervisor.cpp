#include "launch/supervisor.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <utility>

#include <boost/asio/buffer.hpp>

#include "launch/daemon.hpp"
#include "launch/job.hpp"
#include "launch/ports.hpp"
#include "os/host_name.hpp"

namespace gangway::launch {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr milliseconds ready_interval{20};
constexpr seconds orderly_stop_time{5};
// Engines end when their gateway's rank does, and when they have, mpirun does.
constexpr seconds without_gateway_time{5};
// mpirun itself needs twice the two seconds that it was told to leave between its own steps.
constexpr seconds mpirun_stop_time{6};

}  // namespace

Supervisor::Supervisor(ClusterHome home, const SupervisorOptions& options)
    : home_{std::move(home)},
      profile_{options.profile},
      starter_{io_},
      owner_{io_},
      output_{io_},
      errors_{io_},
      gateway_process_{io_},
      signals_{io_, SIGTERM, SIGINT, SIGCHLD},
      step_timer_{io_},
      ready_timer_{io_},
      restart_limit_{options.profile.restarts} {
  if (options.report_fd >= 0) starter_.assign(options.report_fd);
  if (options.owner_fd >= 0) owner_.assign(options.owner_fd);
}

void Supervisor::run() {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGHUP, SIG_IGN);
  if (base::Status started = start(); !started) {
    give_up_start(started.fault().text);
    if (!mpirun_runs_) finish();
  }
  io_.run();
}

base::Status Supervisor::start() {
  if (base::Status adopting = adopt_orphans(); !adopting) return adopting;
  base::Result<ClusterSetup> setup = set_up_cluster(home_, profile_);
  if (!setup) return setup.fault();
  setup_ = std::move(setup).value();
  base::Result<RotatingLog> log = RotatingLog::open(setup_->directory.log_file());
  if (!log) return log.fault();
  log_ = std::move(log).value();
  static_cast<void>(::dup2(log_->descriptor(), STDERR_FILENO));

  if (base::Status launched = launch(); !launched) return launched;
  watch_signals();
  watch_starter();
  watch_owner();
  await_ready();
  return base::Done{};
}

// Starts mpirun. The phase, starting or restarting, stays as it is.
base::Status Supervisor::launch() {
  base::Result<RunningJob> job = start_job(setup_->mpirun, Errors::apart);
  if (!job) return job.fault();
  mpirun_runs_ = true;
  verdict_.clear();
  recent_errors_.clear();
  host_lost_ = false;
  none_left_ = false;
  log_->forget_tail();
  output_.assign(job.value().output.release());
  errors_.assign(job.value().errors.release());
  setup_->state.mpirun = os::process_with_pid(job.value().pid).value_or(ProcessKey{job.value().pid, 0});
  log_->info("started mpirun, process " + std::to_string(job.value().pid));
  start_deadline_ = steady_clock::now() + profile_.start_timeout;
  set_phase(setup_->state.phase);
  read_output();
  read_errors();
  return base::Done{};
}

void Supervisor::await_ready() {
  const bool is_awaited = setup_->state.phase == Phase::starting || setup_->state.phase == Phase::restarting;
  if (!is_awaited || !mpirun_runs_ || !verdict_.empty()) return;
  if (const std::optional<GatewayAddress> gateway = read_gateway_address(setup_->directory.gateway_file())) {
    became_ready(*gateway);
    return;
  }
  if (steady_clock::now() >= start_deadline_) {
    give_up_start("the " + std::to_string(profile_.engines) + " engines were not ready within " +
                  std::to_string(profile_.start_timeout.count()) + " ms; allow more time, or see what they say");
    return;
  }
  ready_timer_.expires_after(ready_interval);
  ready_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) await_ready();
  });
}

void Supervisor::became_ready(const GatewayAddress& gateway) {
  gateway_ = gateway;
  Connection connection{setup_->directory.name(), gateway.address, gateway.port, setup_->administer};
  if (is_any_address(gateway.address)) connection.address = gateway.host.empty() ? os::host_name() : gateway.host;
  if (base::Status written = write_connection(setup_->directory.connection_file(), connection); !written) {
    give_up_start(written.fault().text);
    return;
  }
  watch_gateway();
  set_phase(Phase::running);
  log_->info("the cluster is ready; its gateway is " + gateway.address + " port " + std::to_string(gateway.port));
  report("ready");
  end_without_host();
}

// What it was is told to the starter when all is cleaned up: see leave_nothing(). Of a restart it is that job's end.
void Supervisor::give_up_start(const std::string& reason) {
  if (setup_ && setup_->state.phase == Phase::restarting) return end_job(reason);
  start_failure_ = reason;
  stop("the start is given up: " + reason);
}

void Supervisor::watch_signals() {
  signals_.async_wait([this](const boost::system::error_code& error, int number) {
    if (error) return;
    if (number == SIGCHLD) {
      collect_children();
    } else {
      stop("it was asked to by signal " + std::to_string(number));
    }
    watch_signals();
  });
}

void Supervisor::watch_starter() {
  if (!starter_.is_open()) return;
  starter_.async_wait(boost::asio::posix::stream_descriptor::wait_error,
                      [this](const boost::system::error_code& error) {
                        if (!error) stop("the program that started it ended before it was ready");
                      });
}

void Supervisor::watch_owner() {
  if (!owner_.is_open()) return;
  owner_.async_read_some(boost::asio::buffer(owner_buffer_),
                         [this](const boost::system::error_code& error, std::size_t) {
                           if (error == boost::asio::error::operation_aborted) return;
                           owner_.close();
                           stop("the program that owned it ended");
                         });
}

void Supervisor::read_output() {
  output_.async_read_some(boost::asio::buffer(output_buffer_),
                          [this](const boost::system::error_code& error, std::size_t count) {
                            log_->append({output_buffer_.data(), count});
                            if (!error) read_output();
                          });
}

void Supervisor::read_errors() {
  errors_.async_read_some(boost::asio::buffer(errors_buffer_),
                          [this](const boost::system::error_code& error, std::size_t count) {
                            log_->append({errors_buffer_.data(), count});
                            watch_hosts({errors_buffer_.data(), count});
                            if (!error) read_errors();
                          });
}

// The ranks of a lost host answer nobody and are not known to be dead: a cluster without them would wait for ever.
void Supervisor::watch_hosts(std::string_view errors) {
  if (profile_.hosts.empty() || host_lost_) return;
  recent_errors_ += errors;
  if (tells_of_lost_host(recent_errors_)) {
    host_lost_ = true;
    end_without_host();
  }
  constexpr std::size_t mark_bytes_max = 128;
  if (recent_errors_.size() > mark_bytes_max) recent_errors_.erase(0, recent_errors_.size() - mark_bytes_max);
}

// While the cluster starts, the start fails for it, or the engines are ready all the same and it is ended then.
void Supervisor::end_without_host() {
  if (!host_lost_ || !verdict_.empty() || setup_->state.phase != Phase::running) return;
  end_job("the connection to one of its hosts was lost");
}

// An engine that is stopped, or a death that nobody could tell of, would keep a job without a gateway for ever. On
// another host the gateway's keeper sees to it.
void Supervisor::watch_gateway() {
  if (gateway_->host != os::host_name()) return;
  for (const ProcessKey& process : processes_with_cookie(setup_->state.cookie)) {
    os::Descriptor handle = process.pid == gateway_->pid ? open_process(process) : os::Descriptor{};
    if (!handle) continue;
    gateway_process_.assign(handle.release());
    gateway_process_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                                [this](const boost::system::error_code& error) {
                                  if (!error && mpirun_runs_ && !stop_wanted_ && verdict_.empty())
                                    after(without_gateway_time, &Supervisor::gateway_gone);
                                });
    return;
  }
}

void Supervisor::gateway_gone() {
  if (mpirun_runs_ && !stop_wanted_) end_job("its gateway was lost");
}

// Orphans of the job are collected too: nobody asks how they ended.
void Supervisor::collect_children() {
  for (;;) {
    int status = 0;
    const pid_t pid = ::waitpid(-1, &status, WNOHANG);
    if (pid <= 0) return;
    if (pid == setup_->state.mpirun.pid && mpirun_runs_) mpirun_ended(status);
  }
}

void Supervisor::stop(const std::string& reason) {
  if (stop_wanted_) return;
  stop_wanted_ = true;
  if (!setup_) return;
  if (log_) log_->info("stopping the cluster: " + reason);
  if (!mpirun_runs_) {
    // Else what the job has left is still being killed, and finish() follows.
    if (setup_->state.phase == Phase::ended || waits_to_restart_) leave_nothing();
    return;
  }
  if (setup_->state.phase == Phase::starting && start_failure_.empty())
    start_failure_ = "the start was stopped: " + reason;
  const bool in_order = setup_->state.phase == Phase::running;
  set_phase(Phase::stopping);
  if (in_order) {
    ask_gateway_to_stop();
  } else {
    terminate_mpirun();
  }
}

void Supervisor::ask_gateway_to_stop() {
  after(orderly_stop_time, &Supervisor::terminate_mpirun);
  shutdown_ = ShutdownRequest::send(io_, gateway_->address, gateway_->port, setup_->administer,
                                    [this](const std::string& reason) {
                                      log_->warning("the gateway could not be asked to stop: " + reason);
                                      terminate_mpirun();
                                    });
}

void Supervisor::terminate_mpirun() {
  if (!mpirun_runs_) return;
  log_->info("sending SIGTERM to mpirun");
  ::kill(setup_->state.mpirun.pid, SIGTERM);
  // One that is stopped heeds that when it goes on; one that runs would pass SIGCONT on to its ranks.
  const std::optional<os::ProcessView> mpirun = os::view_process(setup_->state.mpirun.pid);
  if (mpirun && mpirun->state == 'T') ::kill(setup_->state.mpirun.pid, SIGCONT);
  after(mpirun_stop_time, &Supervisor::kill_mpirun);
}

void Supervisor::kill_mpirun() {
  if (!mpirun_runs_) return;
  log_->warning("sending SIGKILL to mpirun");
  ::kill(setup_->state.mpirun.pid, SIGKILL);
}

void Supervisor::set_phase(Phase phase) {
  setup_->state.phase = phase;
  if (base::Status written = write_state(setup_->directory.state_file(), setup_->state); !written) {
    log_->error(written.fault().text);
  }
}

void Supervisor::report(const std::string& line) {
  if (!starter_.is_open()) return;
  const std::string text = line + "\n";
  boost::system::error_code nobody_listens;
  starter_.write_some(boost::asio::buffer(text), nobody_listens);
  starter_.close();
}

void Supervisor::after(milliseconds time, void (Supervisor::*step)()) {
  step_timer_.expires_after(time);
  step_timer_.async_wait([this, step](const boost::system::error_code& error) {
    if (!error) (this->*step)();
  });
}

}  // namespace gangway::launch
