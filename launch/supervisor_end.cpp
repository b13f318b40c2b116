// What follows the end of a supervisor's job: cleaning up, and then another job or the cluster's end.
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "base/printable.hpp"
#include "launch/job.hpp"
#include "launch/private_file.hpp"
#include "launch/scratch.hpp"
#include "launch/supervisor.hpp"

namespace gangway::launch {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr milliseconds leftovers_interval{20};
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

void Supervisor::mpirun_ended(int status) {
  mpirun_runs_ = false;
  step_timer_.cancel();
  ready_timer_.cancel();
  if (shutdown_) shutdown_->cancel();
  drain(output_);
  drain(errors_);
  output_.close();
  errors_.close();
  gateway_process_.close();
  end_reason_ = reason_of_end(status);
  if (setup_->state.phase == Phase::starting) {
    start_failure_ = end_reason_ + " before the engines were ready" + advice_on_hosts(profile_);
  }
  if (setup_->state.phase == Phase::restarting) {
    if (verdict_.empty()) end_reason_ += " before the engines were ready" + advice_on_hosts(profile_);
    if (const std::string output = log_->excerpt(); !output.empty()) end_reason_ += "; it says: " + output;
  }
  log_->info(end_reason_);
  leftovers_deadline_ = steady_clock::now() + leftovers_time;
  kill_leftovers();
}

// Under recovery mpirun ends well whatever has become of its ranks: a gateway that was lost leaves its note, see
// gateway/address_file.hpp.
std::string Supervisor::reason_of_end(int status) {
  const bool was_running = setup_->state.phase == Phase::running;
  std::error_code error;
  const bool has_note = std::filesystem::exists(setup_->directory.gateway_file(), error);
  ended_by_client_ = was_running && !has_note;
  if (!verdict_.empty()) return verdict_;
  if (was_running && status == 0) return has_note ? "its gateway was lost" : "a client ended it";
  return "mpirun " + wait_status_text(status);
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
  if (plan_restart()) return;
  setup_->state.reason = end_reason_;
  // Clients that wait for the cluster to come back look for it, and give up.
  std::error_code ignored;
  std::filesystem::remove(setup_->directory.connection_file(), ignored);
  set_phase(Phase::ended);
  log_->error("the cluster ended by itself: " + end_reason_);
  // An owner comes back to remove the directory, or dies; else the directory waits for `gangway stop`.
  if (!owner_.is_open()) io_.stop();
}

bool Supervisor::plan_restart() {
  if (ended_by_client_) return false;
  const std::optional<milliseconds> wait = restart_limit_.grant(steady_clock::now());
  if (!wait) {
    const std::uint32_t restarts = setup_->state.restarts;
    if (restarts > 0) {
      end_reason_ += "; it had been started again " +
                     (restarts == 1 ? std::string{"once"} : std::to_string(restarts) + " times");
    }
    return false;
  }
  ++setup_->state.restarts;
  setup_->state.reason = end_reason_;
  set_phase(Phase::restarting);
  log_->warning("the cluster is started again in " + std::to_string(wait->count()) + " ms: " + end_reason_);
  waits_to_restart_ = true;
  after(*wait, &Supervisor::restart);
  return true;
}

void Supervisor::restart() {
  waits_to_restart_ = false;
  base::Status begun = renew_job(*setup_, gateway_->port);
  if (begun) begun = launch();
  if (begun) return await_ready();
  end_reason_ = begun.fault().text;
  finish();
}

// Of a job that cannot go on: what comes next is decided when mpirun has ended.
void Supervisor::end_job(const std::string& reason) {
  verdict_ = reason;
  log_->error("the job ends: " + reason);
  terminate_mpirun();
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

}  // namespace gangway::launch
