// What follows the end of a supervisor's job: cleaning up, and then another job or the cluster's end.
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
using std::chrono::steady_clock;

// What to look at when mpirun fails with several hosts, of which it says much and little.
std::string advice_on_hosts(const Profile& profile) {
  if (profile.hosts.empty()) return {};
  const std::string agent = profile.agent.empty() ? "ssh" : profile.agent;
  std::string names;
  for (const Host& host : profile.hosts) names += (names.empty() ? "" : ", ") + host.name;
  return " on " + names + " (`" + agent + " HOST true` must work for each from here, without a question)";
}

}  // namespace

void Supervisor::job_ended() {
  job_runs_ = false;
  step_timer_.cancel();
  ready_timer_.cancel();
  if (shutdown_) shutdown_->cancel();
  warden_.close();
  gateway_process_.close();
  const std::optional<JobEnd> end = read_job_end(setup_->directory.job_end_file(), setup_->state.cookie);
  excerpt_ = end ? end->excerpt : "";
  end_reason_ = reason_of_end(end);
  if (setup_->state.phase == Phase::starting) {
    start_failure_ = end_reason_ + " before the engines were ready" + advice_on_hosts(profile_);
  }
  if (setup_->state.phase == Phase::restarting) {
    if (verdict_.empty()) end_reason_ += " before the engines were ready" + advice_on_hosts(profile_);
    if (!excerpt_.empty()) end_reason_ += "; it says: " + excerpt_;
  }
  log_->info(end_reason_);
  // A warden has done that, unless it was killed.
  const std::vector<ProcessKey> left = kill_leftovers(setup_->state.cookie);
  if (!left.empty()) log_->error(std::to_string(left.size()) + " processes could not be killed");
  finish();
}

// Under recovery mpirun ends well whatever has become of its ranks: a gateway that was lost leaves its note, see
// gateway/address_file.hpp.
std::string Supervisor::reason_of_end(const std::optional<JobEnd>& end) {
  const bool was_running = setup_->state.phase == Phase::running;
  std::error_code error;
  const bool has_note = std::filesystem::exists(setup_->directory.gateway_file(), error);
  ended_by_client_ = was_running && !has_note;
  if (!verdict_.empty()) return verdict_;
  if (end && !end->reason.empty()) return end->reason;
  if (ended_by_client_ && (!end || end->wait_status == 0)) return "a client ended it";
  if (!end) return "the warden of mpirun was killed";
  if (was_running && end->wait_status == 0) return "its gateway was lost";
  return "mpirun " + wait_status_text(end->wait_status);
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
  report("error " + base::printable(end_reason_));
  // An owner comes back to remove the directory, or dies; else the directory waits for `gangway stop`.
  if (options_.owner.pid == 0) io_.stop();
}

bool Supervisor::plan_restart() {
  // Who waits for the start is told at once that it has failed.
  if (ended_by_client_ || starter_.is_open()) return false;
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
  setup_->state.restarted_at_ms.clear();
  for (const steady_clock::time_point time : restart_limit_.granted()) {
    setup_->state.restarted_at_ms.push_back(
        std::chrono::duration_cast<milliseconds>(time.time_since_epoch()).count());
  }
  setup_->state.reason = end_reason_;
  set_phase(Phase::restarting);
  log_->warning("the cluster is started again in " + std::to_string(wait->count()) + " ms: " + end_reason_);
  waits_to_restart_ = true;
  after(*wait, &Supervisor::restart);
  return true;
}

void Supervisor::restart() {
  waits_to_restart_ = false;
  base::Status begun = renew_job(*setup_, setup_->state.port);
  if (begun) begun = launch();
  if (begun) return await_ready();
  end_reason_ = begun.fault().text;
  finish();
}

// Of a job that cannot go on: what comes next is decided when it has ended.
void Supervisor::end_job(const std::string& reason) {
  verdict_ = reason;
  log_->error("the job ends: " + reason);
  terminate_job();
}

void Supervisor::leave_nothing() {
  std::string failure = start_failure_;
  if (!failure.empty() && log_) {
    if (!excerpt_.empty()) failure += "; it says: " + excerpt_;
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
