#include "launch/warden.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "launch/daemon.hpp"
#include "launch/job.hpp"
#include "launch/job_end.hpp"
#include "launch/process.hpp"
#include "launch/scratch.hpp"

namespace gangway::launch {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// mpirun itself needs twice the two seconds that it was told to leave between its own steps.
constexpr seconds mpirun_stop_time{6};
// How often it looks for what nobody tells it: another supervisor, and a gateway that is ready.
constexpr milliseconds warden_look_interval{500};

std::string words_of(milliseconds time) {
  const bool is_whole = time.count() % 1000 == 0;
  return is_whole ? std::to_string(time.count() / 1000) + " s" : std::to_string(time.count()) + " ms";
}

}  // namespace

Warden::Warden(const SupervisorOptions& options, CommandLine mpirun)
    : options_{options},
      command_{std::move(mpirun)},
      home_{options.home},
      directory_{home_.cluster(options.profile.name)} {}

base::Status Warden::run() {
  if (base::Status started = start(); !started) return started;
  while (!wait_status_) wait_for_events();
  clean_up();
  return base::Done{};
}

base::Status Warden::start() {
  const base::Result<ClusterState> state = read_state(directory_.state_file());
  if (!state) return state.fault();
  cookie_ = state.value().cookie;
  supervisor_ = os::open_process(state.value().supervisor);
  orphan_since_ = Clock::now();
  base::Result<RotatingLog> log =
      RotatingLog::open(directory_.log_file(), RotatingLog::default_file_bytes_max, "warden");
  if (!log) return log.fault();
  log_ = std::move(log).value();
  if (base::Status adopting = adopt_orphans(); !adopting) return adopting;
  if (base::Status watched = watch_signals(); !watched) return watched;
  base::Result<RunningJob> job = start_job(command_, Errors::apart);
  if (!job) return job.fault();
  output_ = std::move(job.value().output);
  errors_ = std::move(job.value().errors);
  mpirun_ = os::process_with_pid(job.value().pid).value_or(ProcessKey{job.value().pid, 0});
  return tell_of_mpirun(mpirun_);
}

base::Status Warden::watch_signals() {
  for (const int ignored : {SIGPIPE, SIGHUP, SIGINT}) std::signal(ignored, SIG_IGN);
  sigset_t watched;
  ::sigemptyset(&watched);
  ::sigaddset(&watched, SIGTERM);
  ::sigaddset(&watched, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &watched, nullptr);
  signals_ = os::Descriptor{::signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK)};
  if (!signals_) return os::system_fault("cannot watch signals");
  return base::Done{};
}

// Nobody may read it: then the supervisor is gone, and another one finds this process by the cookie.
base::Status Warden::tell_of_mpirun(const ProcessKey& mpirun) {
  const std::string line = std::to_string(mpirun.pid) + " " + std::to_string(mpirun.start_ticks) + "\n";
  static_cast<void>(::write(STDOUT_FILENO, line.data(), line.size()));
  const os::Descriptor nothing{::open("/dev/null", O_RDWR | O_CLOEXEC)};
  if (!nothing) return os::system_fault("cannot open /dev/null");
  ::dup2(nothing.get(), STDOUT_FILENO);
  ::dup2(log_->descriptor(), STDERR_FILENO);
  return base::Done{};
}

void Warden::wait_for_events() {
  std::array<pollfd, 4> events{{{signals_.get(), POLLIN, 0},
                                {output_.get(), POLLIN, 0},
                                {errors_.get(), POLLIN, 0},
                                {supervisor_.get(), POLLIN, 0}}};
  if (::poll(events.data(), events.size(), wait_ms()) < 0) return;
  if (events[1].revents != 0) read_stream(output_);
  if (events[2].revents != 0) read_stream(errors_);
  if (events[3].revents != 0) {
    supervisor_.reset();
    orphan_since_ = Clock::now();
    log_->warning("the supervisor is gone; the job goes on until another one comes");
  }
  if (events[0].revents != 0) on_signals();
  if (!supervisor_) look_at_orphanage();
  std::error_code error;
  // While the cluster starts, the start fails for it, or the engines are ready all the same and it is ended then.
  if (host_lost_ && std::filesystem::exists(directory_.gateway_file(), error)) {
    end_job("the connection to one of its hosts was lost");
  }
  if (kill_at_ && Clock::now() >= *kill_at_ && !wait_status_) {
    log_->warning("sending SIGKILL to mpirun");
    ::kill(mpirun_.pid, SIGKILL);
    kill_at_.reset();
  }
}

int Warden::wait_ms() const {
  const bool looks = !is_ending_ && (!supervisor_ || host_lost_);
  if (looks) return static_cast<int>(warden_look_interval.count());
  if (!kill_at_) return -1;
  const auto left = std::chrono::ceil<milliseconds>(*kill_at_ - Clock::now());
  return static_cast<int>(std::max<std::int64_t>(left.count(), 0));
}

void Warden::on_signals() {
  signalfd_siginfo info{};
  while (::read(signals_.get(), &info, sizeof(info)) == static_cast<ssize_t>(sizeof(info))) {
    if (info.ssi_signo == SIGTERM) end_job("");
  }
  // Orphans of the job are collected too: nobody asks how they ended.
  int status = 0;
  for (pid_t pid = ::waitpid(-1, &status, WNOHANG); pid > 0; pid = ::waitpid(-1, &status, WNOHANG)) {
    if (pid == mpirun_.pid) wait_status_ = status;
  }
}

// All that can be read now.
void Warden::read_stream(os::Descriptor& stream) {
  std::array<char, 16384> piece{};
  for (;;) {
    const ssize_t count = ::read(stream.get(), piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count == 0) stream.reset();
    if (count <= 0) return;
    const std::string_view text{piece.data(), static_cast<std::size_t>(count)};
    log_->append(text);
    if (&stream == &errors_) watch_hosts(text);
  }
}

// The ranks of a lost host answer nobody and are not known to be dead: a cluster without them would wait for ever.
void Warden::watch_hosts(std::string_view errors) {
  if (options_.profile.hosts.empty() || host_lost_) return;
  recent_errors_ += errors;
  host_lost_ = tells_of_lost_host(recent_errors_);
  constexpr std::size_t mark_bytes_max = 128;
  if (recent_errors_.size() > mark_bytes_max) recent_errors_.erase(0, recent_errors_.size() - mark_bytes_max);
}

void Warden::look_at_orphanage() {
  const base::Result<ClusterState> state = read_state(directory_.state_file());
  if (state && supervisor_alive(state.value())) {
    supervisor_ = os::open_process(state.value().supervisor);
    log_->info("another supervisor has come");
    return;
  }
  if (is_ending_) return;
  if (const auto reason = reason_to_give_up(state)) end_job(*reason);
}

std::optional<std::string> Warden::reason_to_give_up(const base::Result<ClusterState>& state) const {
  if (!state && !home_.has_cluster(directory_.name())) return "its supervisor was killed, and its directory is gone";
  if (state && !needs_supervisor(state.value())) {
    return "its supervisor was killed while it was " + phase_text(state.value().phase);
  }
  const bool has_owner = options_.owner.pid != 0;
  if (has_owner && !is_alive(options_.owner)) return "its supervisor was killed, and the program that owned it ended";
  if (Clock::now() - orphan_since_ < options_.profile.orphan_timeout) return std::nullopt;
  return "its supervisor was killed, and nobody gave it another one within " +
         words_of(options_.profile.orphan_timeout);
}

void Warden::end_job(const std::string& reason) {
  if (is_ending_) return;
  is_ending_ = true;
  reason_ = reason;
  log_->info("sending SIGTERM to mpirun" + (reason.empty() ? "" : ": " + reason));
  ::kill(mpirun_.pid, SIGTERM);
  // One that is stopped heeds that when it goes on; one that runs would pass SIGCONT on to its ranks.
  const std::optional<os::ProcessView> mpirun = os::view_process(mpirun_.pid);
  if (mpirun && mpirun->state == 'T') ::kill(mpirun_.pid, SIGCONT);
  kill_at_ = Clock::now() + mpirun_stop_time;
}

void Warden::clean_up() {
  const std::vector<ProcessKey> left = kill_leftovers(cookie_);
  if (!left.empty()) log_->error(std::to_string(left.size()) + " processes could not be killed");
  // What was written before the end may not have been read yet.
  for (os::Descriptor* stream : {&output_, &errors_}) {
    if (*stream) read_stream(*stream);
  }
  const JobEnd end{cookie_, *wait_status_, reason_, log_->excerpt()};
  if (base::Status written = write_job_end(directory_.job_end_file(), end); !written) {
    log_->error(written.fault().text);
  }
  if (os::wait_until_gone(supervisor_, milliseconds{0})) settle();
}

// Without a supervisor: what it would have done. A job that ended by itself is started again by the next one.
void Warden::settle() {
  const base::Result<os::Descriptor> lock = lock_cluster(directory_);
  base::Result<ClusterState> read = read_state(directory_.state_file());
  if (!lock || !read || supervisor_alive(read.value())) return;
  ClusterState& state = read.value();
  if (base::Status removed = remove_scratch(state.scratch_dir); !removed) log_->error(removed.fault().text);
  const bool owner_gone = options_.owner.pid != 0 && !is_alive(options_.owner);
  if (owner_gone || state.phase == Phase::stopping) {
    if (base::Status removed = home_.remove_cluster(directory_.name()); !removed) log_->error(removed.fault().text);
    return;
  }
  if (reason_.empty() || !needs_supervisor(state)) return;
  state.phase = Phase::ended;
  state.reason = reason_;
  std::error_code ignored;
  std::filesystem::remove(directory_.connection_file(), ignored);
  if (base::Status written = write_state(directory_.state_file(), state); !written) {
    log_->error(written.fault().text);
  }
  log_->error("the cluster has ended: " + reason_);
}

}  // namespace gangway::launch
