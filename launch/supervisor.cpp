#include "launch/supervisor.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <utility>

#include <boost/asio/buffer.hpp>

#include "base/printable.hpp"
#include "launch/daemon.hpp"
#include "launch/job.hpp"
#include "launch/ports.hpp"
#include "launch/private_file.hpp"
#include "launch/scratch.hpp"
#include "os/host_name.hpp"

namespace gangway::launch {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr milliseconds ready_interval{20};
constexpr milliseconds leftovers_interval{20};
constexpr seconds orderly_stop_time{5};
// mpirun itself needs twice the two seconds that it was told to leave between its own steps.
constexpr seconds mpirun_stop_time{6};
constexpr seconds leftovers_time{5};

// What to look at when mpirun fails with several hosts, of which it says much and little.
std::string advice_on_hosts(const Profile& profile) {
  if (profile.hosts.empty()) return {};
  const std::string agent = profile.agent.empty() ? "ssh" : profile.agent;
  std::string names;
  for (const Host& host : profile.hosts) names += (names.empty() ? "" : ", ") + host.name;
  return " on " + names + " (`" + agent + " HOST true` must work for each from here, without a question)";
}

}  // namespace

Supervisor::Supervisor(ClusterHome home, const SupervisorOptions& options)
    : home_{std::move(home)},
      profile_{options.profile},
      starter_{io_},
      owner_{io_},
      output_{io_},
      errors_{io_},
      signals_{io_, SIGTERM, SIGINT, SIGCHLD},
      step_timer_{io_},
      ready_timer_{io_} {
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

  base::Result<RunningJob> job = start_job(setup_->mpirun, Errors::apart);
  if (!job) return job.fault();
  mpirun_runs_ = true;
  output_.assign(job.value().output.release());
  errors_.assign(job.value().errors.release());
  setup_->state.mpirun = process_with_pid(job.value().pid).value_or(ProcessKey{job.value().pid, 0});
  log_->info("started mpirun, process " + std::to_string(job.value().pid));
  start_deadline_ = steady_clock::now() + profile_.start_timeout;
  set_phase(Phase::starting);
  watch_signals();
  watch_starter();
  watch_owner();
  read_output();
  read_errors();
  await_ready();
  return base::Done{};
}

void Supervisor::await_ready() {
  if (setup_->state.phase != Phase::starting || !mpirun_runs_) return;
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
  set_phase(Phase::running);
  log_->info("the cluster is ready; its gateway is " + gateway.address + " port " + std::to_string(gateway.port));
  report("ready");
}

// What it was is told to the starter when all is cleaned up: see leave_nothing().
void Supervisor::give_up_start(const std::string& reason) {
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
  if (profile_.hosts.empty() || host_lost_ || setup_->state.phase != Phase::running) return;
  recent_errors_ += errors;
  if (tells_of_lost_host(recent_errors_)) {
    host_lost_ = true;
    log_->error("a host is lost; the cluster ends");
    terminate_mpirun();
  }
  constexpr std::size_t mark_bytes_max = 128;
  if (recent_errors_.size() > mark_bytes_max) recent_errors_.erase(0, recent_errors_.size() - mark_bytes_max);
}

// What mpirun wrote before its end may not have been read yet.
void Supervisor::drain(boost::asio::posix::stream_descriptor& stream) {
  std::array<char, 4096> piece{};
  for (;;) {
    const ssize_t count = ::read(stream.native_handle(), piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    log_->append({piece.data(), static_cast<std::size_t>(count)});
  }
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
    if (setup_->state.phase == Phase::ended) leave_nothing();
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
  after(mpirun_stop_time, &Supervisor::kill_mpirun);
}

void Supervisor::kill_mpirun() {
  if (!mpirun_runs_) return;
  log_->warning("sending SIGKILL to mpirun");
  ::kill(setup_->state.mpirun.pid, SIGKILL);
}

void Supervisor::mpirun_ended(int status) {
  mpirun_runs_ = false;
  step_timer_.cancel();
  ready_timer_.cancel();
  if (shutdown_) shutdown_->cancel();
  drain(output_);
  drain(errors_);
  end_reason_ = host_lost_ ? "the connection to one of its hosts was lost" : "mpirun " + wait_status_text(status);
  if (setup_->state.phase == Phase::starting) {
    start_failure_ = end_reason_ + " before the engines were ready" + advice_on_hosts(profile_);
  }
  log_->info(end_reason_);
  leftovers_deadline_ = steady_clock::now() + leftovers_time;
  kill_leftovers();
}

void Supervisor::kill_leftovers() {
  std::vector<ProcessKey> left = descendants_of(::getpid());
  std::erase_if(left, is_sweeper);
  for (const ProcessKey& process : processes_with_cookie(setup_->state.cookie)) left.push_back(process);
  const bool none_before = std::exchange(none_left_, left.empty());
  if ((none_left_ && none_before) || (!none_left_ && steady_clock::now() >= leftovers_deadline_)) {
    if (!left.empty()) log_->error(std::to_string(left.size()) + " processes could not be killed");
    finish();
    return;
  }
  for (const ProcessKey& process : left) send_signal(process, SIGKILL);
  after(leftovers_interval, &Supervisor::kill_leftovers);
}

void Supervisor::finish() {
  if (setup_) {
    if (base::Status removed = remove_scratch(setup_->state.scratch_dir); !removed && log_) {
      log_->error(removed.fault().text);
    }
  }
  if (stop_wanted_ || !start_failure_.empty()) {
    leave_nothing();
    return;
  }
  setup_->state.reason = end_reason_;
  set_phase(Phase::ended);
  log_->error("the cluster ended by itself: " + end_reason_);
  // An owner comes back to remove the directory, or dies; else the directory waits for `gangway stop`.
  if (!owner_.is_open()) io_.stop();
}

void Supervisor::leave_nothing() {
  std::string failure = start_failure_;
  if (!failure.empty() && log_) {
    if (const std::string output = log_->excerpt(); !output.empty()) failure += "; it says: " + output;
    const std::filesystem::path kept = home_.failed_log(profile_.name);
    const base::Status place = make_private_directory(kept.parent_path());
    if (place.ok() && std::rename(setup_->directory.log_file().c_str(), kept.c_str()) == 0) {
      failure += "; all of it is in " + kept.string();
    }
  }
  if (setup_) {
    if (base::Status removed = home_.remove_cluster(profile_.name); !removed && log_) {
      log_->error(removed.fault().text);
    }
  }
  if (!failure.empty()) report("error " + base::printable(failure));
  io_.stop();
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
