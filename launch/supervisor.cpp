#include "launch/supervisor.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <deque>
#include <sstream>
#include <utility>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>

#include "base/printable.hpp"
#include "launch/daemon.hpp"
#include "launch/job.hpp"
#include "launch/ports.hpp"
#include "launch/warden.hpp"
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
// A warden has nothing to do before it answers but to start mpirun.
constexpr seconds warden_start_time{20};

}  // namespace

Supervisor::Supervisor(ClusterHome home, const SupervisorOptions& options)
    : home_{std::move(home)},
      options_{options},
      profile_{options.profile},
      starter_{io_},
      owner_{io_},
      warden_{io_},
      gateway_process_{io_},
      signals_{io_, SIGTERM, SIGINT, SIGCHLD},
      step_timer_{io_},
      ready_timer_{io_},
      restart_limit_{options.profile.restarts} {
  if (options.report_fd >= 0) starter_.assign(options.report_fd);
}

void Supervisor::run() {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGHUP, SIG_IGN);
  const base::Status begun = begin();
  if (!begun && options_.beginning != Beginning::start) {
    // What was there stays as it was.
    report("error " + base::printable(begun.fault().text));
    return;
  }
  if (!begun) {
    give_up_start(begun.fault().text);
    if (!job_runs_) finish();
  }
  io_.run();
}

base::Status Supervisor::begin() {
  if (base::Status adopting = adopt_orphans(); !adopting) return adopting;
  base::Result<ClusterSetup> setup =
      options_.beginning == Beginning::start ? set_up_cluster(home_, options_) : take_over_cluster(home_, options_);
  if (!setup) return setup.fault();
  setup_ = std::move(setup).value();
  std::deque<RestartLimit::Time> granted;
  for (const std::int64_t time : setup_->state.restarted_at_ms) granted.emplace_back(milliseconds{time});
  restart_limit_ = RestartLimit{profile_.restarts, std::move(granted)};
  base::Result<RotatingLog> log = RotatingLog::open(setup_->directory.log_file());
  if (!log) return log.fault();
  log_ = std::move(log).value();
  static_cast<void>(::dup2(log_->descriptor(), STDERR_FILENO));
  if (options_.beginning == Beginning::start) return start();
  return options_.beginning == Beginning::adopt ? adopt() : revive();
}

base::Status Supervisor::start() {
  if (base::Status launched = launch(); !launched) return launched;
  watch_signals();
  watch_starter();
  watch_owner();
  await_ready();
  return base::Done{};
}

base::Status Supervisor::adopt() {
  log_->warning("the supervisor of this cluster was killed; this one, process " + std::to_string(::getpid()) +
                ", has taken its place");
  watch_signals();
  report("ready");
  gateway_ = read_gateway_address(setup_->directory.gateway_file());
  start_deadline_ = steady_clock::now() + profile_.start_timeout;
  watch_job();
  watch_owner();
  if (!job_runs_) return base::Done{};
  if (setup_->state.phase == Phase::running && gateway_) watch_gateway();
  await_ready();
  return base::Done{};
}

// Its end or failure is that of a job which was started again: the directory stays, and with it the journal.
base::Status Supervisor::revive() {
  log_->info("the cluster is started again by a user");
  watch_signals();
  watch_owner();
  restart();
  return base::Done{};
}

// Starts a warden, which starts mpirun. The phase, starting or restarting, stays as it is.
base::Status Supervisor::launch() {
  CommandLine command = setup_->mpirun;
  std::vector<std::string> arguments = to_arguments(options_);
  arguments.insert(arguments.begin(), (setup_->job.keeper_program.parent_path() / "gangway-warden").string());
  arguments.emplace_back("--");
  command.arguments.insert(command.arguments.begin(), arguments.begin(), arguments.end());
  const base::Result<RunningJob> job = start_job(command, Errors::with_output, Orphan::goes_on);
  if (!job) return job.fault();
  verdict_.clear();
  ClusterState& state = setup_->state;
  state.warden = os::process_with_pid(job.value().pid).value_or(ProcessKey{job.value().pid, 0});
  const std::string answer = read_line(job.value().output, warden_start_time).value_or("nothing");
  state.mpirun = {};
  std::istringstream{answer} >> state.mpirun.pid >> state.mpirun.start_ticks;
  if (state.mpirun.pid == 0) {
    send_signal(state.warden, SIGKILL);
    return base::Fault{"mpirun could not be started; its warden says: " + answer};
  }
  log_->info("started mpirun, process " + std::to_string(state.mpirun.pid));
  start_deadline_ = steady_clock::now() + profile_.start_timeout;
  set_phase(state.phase);
  watch_job();
  return base::Done{};
}

// That it is gone already is told like its end.
void Supervisor::watch_job() {
  os::Descriptor handle = warden_alive(setup_->state) ? open_process(setup_->state.warden) : os::Descriptor{};
  job_runs_ = static_cast<bool>(handle);
  if (!handle) return boost::asio::post(io_, [this] { job_ended(); });
  warden_.assign(handle.release());
  warden_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                     [this](const boost::system::error_code& error) {
                       if (!error) job_ended();
                     });
}

void Supervisor::await_ready() {
  const bool is_awaited = setup_->state.phase == Phase::starting || setup_->state.phase == Phase::restarting;
  if (!is_awaited || !job_runs_ || !verdict_.empty()) return;
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
  setup_->state.port = gateway.port;
  set_phase(Phase::running);
  log_->info("the cluster is ready; its gateway is " + gateway.address + " port " + std::to_string(gateway.port));
  report("ready");
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
  if (options_.owner.pid == 0) return;
  os::Descriptor handle = open_process(options_.owner);
  if (!handle) return stop("the program that owned it has ended");
  owner_.assign(handle.release());
  owner_.async_wait(boost::asio::posix::stream_descriptor::wait_read, [this](const boost::system::error_code& error) {
    if (error) return;
    owner_.close();
    stop("the program that owned it ended");
  });
}

// An engine that is stopped, or a death that nobody could tell of, would keep a job without a gateway for ever. On
// another host the gateway's keeper sees to it.
void Supervisor::watch_gateway() {
  if (gateway_->host != os::host_name() || gateway_->pid == 0) return;
  for (const ProcessKey& process : processes_with_cookie(setup_->state.cookie)) {
    os::Descriptor handle = process.pid == gateway_->pid ? open_process(process) : os::Descriptor{};
    if (!handle) continue;
    gateway_process_.assign(handle.release());
    gateway_process_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                                [this](const boost::system::error_code& error) {
                                  if (!error && job_runs_ && !stop_wanted_ && verdict_.empty())
                                    after(without_gateway_time, &Supervisor::gateway_gone);
                                });
    return;
  }
  after(without_gateway_time, &Supervisor::gateway_gone);
}

void Supervisor::gateway_gone() {
  if (job_runs_ && !stop_wanted_) end_job("its gateway was lost");
}

// The warden's end is seen by its descriptor. Of one that was killed the children come here.
void Supervisor::collect_children() {
  while (::waitpid(-1, nullptr, WNOHANG) > 0) {
  }
}

void Supervisor::stop(const std::string& reason) {
  if (stop_wanted_) return;
  stop_wanted_ = true;
  if (!setup_) return;
  if (log_) log_->info("stopping the cluster: " + reason);
  if (!job_runs_) {
    // Else the job's end is about to be seen, and finish() follows.
    if (setup_->state.phase == Phase::ended || waits_to_restart_) leave_nothing();
    return;
  }
  if (setup_->state.phase == Phase::starting && start_failure_.empty())
    start_failure_ = "the start was stopped: " + reason;
  const bool in_order = setup_->state.phase == Phase::running && gateway_;
  set_phase(Phase::stopping);
  if (in_order) {
    ask_gateway_to_stop();
  } else {
    terminate_job();
  }
}

void Supervisor::ask_gateway_to_stop() {
  after(orderly_stop_time, &Supervisor::terminate_job);
  shutdown_ = ShutdownRequest::send(io_, gateway_->address, gateway_->port, setup_->administer,
                                    [this](const std::string& reason) {
                                      log_->warning("the gateway could not be asked to stop: " + reason);
                                      terminate_job();
                                    });
}

// What the warden does then: see Warden::end_job().
void Supervisor::terminate_job() {
  if (!job_runs_) return;
  const ProcessKey& warden = setup_->state.warden;
  send_signal(warden, SIGTERM);
  send_signal(warden, SIGCONT);  // it may be stopped
  after(warden_stop_time, &Supervisor::kill_warden);
}

void Supervisor::kill_warden() {
  if (!job_runs_) return;
  log_->warning("sending SIGKILL to the warden");
  send_signal(setup_->state.warden, SIGKILL);
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
