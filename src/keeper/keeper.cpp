#include "keeper/keeper.hpp"

#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <utility>

#include "keeper/arena.hpp"
#include "keeper/children.hpp"
#include "keeper/spawn.hpp"
#include "keeper/wait_status.hpp"
#include "os/clock.hpp"

namespace gangway::keeper {
namespace {

/// How long the last cleaning may take; longer only if the kernel cannot end a process.
constexpr base::Duration clean_wait_max = base::seconds(2);

void add_option(std::vector<std::string>& arguments, const char* name, std::uint64_t value) {
  arguments.emplace_back(name);
  arguments.push_back(std::to_string(value));
}

void add_option(std::vector<std::string>& arguments, const char* name, const os::Descriptor& descriptor) {
  add_option(arguments, name, static_cast<std::uint64_t>(descriptor.get()));
}

}  // namespace

Keeper::Keeper(KeeperSettings settings, NodeWatch& watch, std::function<void(int)> rank_died, base::Log& log)
    : settings_{std::move(settings)},
      watch_{watch},
      rank_died_{std::move(rank_died)},
      log_{log},
      pacer_{settings_.worker_start_burst, settings_.worker_start_interval} {}

base::Result<int> Keeper::run() {
  const auto started = start();
  while (started && !rank_status_ && !parent_gone_) wait_for_events();
  watch_.leave();
  // Whoever is still there has lost its purpose: nothing may outlive the keeper.
  if (rank_ != 0 && !rank_status_) ::kill(-rank_, SIGKILL);
  for (const Worker& worker : workers_) ::kill(-worker.pid, SIGKILL);
  kill_all_children(clean_wait_max);
  if (!started) return started.fault();
  return parent_gone_ ? 1 : exit_code_of(*rank_status_);
}

// ---------------------------------------------------------------- start

base::Status Keeper::start() {
  if (auto watched = watch_signals_and_parent(); !watched) return watched;
  if (settings_.role == Role::engine) {
    auto arena = Arena::create(settings_.arena_bytes);
    if (!arena) return arena.fault();
    arena_ = std::move(arena).value();
  }
  if (auto started = start_rank(); !started) return started;
  while (wants_worker()) {
    pacer_.try_start(os::now());
    if (auto started = start_worker(); !started) return started;
  }
  return base::Done{};
}

base::Status Keeper::watch_signals_and_parent() {
  ::signal(SIGPIPE, SIG_IGN);
  // An inherited "ignore" would make the kernel swallow the ends of the children.
  ::signal(SIGCHLD, SIG_DFL);
  sigset_t watched;
  ::sigemptyset(&watched);
  for (const int signal : {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGCONT})
    ::sigaddset(&watched, signal);
  ::sigprocmask(SIG_BLOCK, &watched, &child_mask_);
  // What a worker leaves behind becomes a child of the keeper.
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);

  epoll_ = os::Descriptor{::epoll_create1(EPOLL_CLOEXEC)};
  if (!epoll_) return os::system_fault("cannot make an epoll instance");
  signals_ = os::Descriptor{::signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK)};
  if (!signals_) return os::system_fault("cannot watch signals");
  // Not by PDEATHSIG, which fires when the parent's forking thread ends.
  parent_ = os::Descriptor{static_cast<int>(::syscall(SYS_pidfd_open, ::getppid(), 0))};
  if (!parent_) return os::system_fault("cannot watch the process that started the keeper");
  if (auto added = watch(signals_.get(), EPOLLIN); !added) return added;
  return watch(parent_.get(), EPOLLIN);
}

base::Status Keeper::watch(int fd, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0) return base::Done{};
  if (errno == EEXIST && ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) == 0) return base::Done{};
  return os::system_fault("cannot watch a descriptor");
}

base::Status Keeper::start_rank() {
  SpawnRequest request{.program = settings_.rank_program,
                       .arguments = settings_.rank_arguments,
                       .signal_mask = child_mask_,
                       .ignore_sigpipe = true,
                       .death_signal = SIGTERM};  // see own_death.hpp
  auto made = LinkDescriptors::create();
  if (!made) return made.fault();
  LinkDescriptors link = std::move(made).value();
  add_option(request.arguments, "--keeper-fd", link.rank);
  request.descriptors = {link.rank.get()};
  if (settings_.role == Role::engine) {
    add_option(request.arguments, "--arena-fd", arena_);
    add_option(request.arguments, "--arena-base", arena_base);
    request.descriptors.push_back(arena_.get());
  }
  link_.emplace(std::move(link.keeper));
  if (auto added = watch(link_->fd(), EPOLLIN); !added) return added;
  const auto pid = spawn(request);
  if (!pid) return pid.fault();
  rank_ = pid.value();
  watch_.begin(rank_);
  return base::Done{};
}

bool Keeper::wants_worker() const {
  return settings_.role == Role::engine && link_ && !farewell_ && !kill_rank_at_ && !rank_status_ &&
         workers_.size() < settings_.workers;
}

base::Status Keeper::start_worker() {
  auto channel = ChannelDescriptors::create();
  if (!channel) return channel.fault();
  SpawnRequest request{.program = settings_.worker_program, .signal_mask = child_mask_, .is_worker = true};
  add_option(request.arguments, "--arena-fd", arena_);
  add_option(request.arguments, "--arena-base", arena_base);
  add_option(request.arguments, "--arena-bytes", settings_.arena_bytes);
  add_option(request.arguments, "--channel-fd", channel.value().memory);
  add_option(request.arguments, "--event-fd", channel.value().event);
  request.descriptors = {arena_.get(), channel.value().memory.get(), channel.value().event.get()};
  const auto pid = spawn(request);
  if (!pid) return pid.fault();
  workers_.push_back({.number = ++workers_started_, .pid = pid.value()});
  report(WorkerStarted{workers_.back().number, pid.value(), std::move(channel).value()});
  return base::Done{};
}

void Keeper::start_missing_workers() {
  // While the rank does not read its reports no more are made: so few can be under way at a time.
  while (wants_worker() && unsent_.empty() && pacer_.try_start(os::now())) {
    const auto started = start_worker();
    if (started) continue;
    if (started.fault().text != last_start_fault_) log_.error(started.fault().text);
    last_start_fault_ = started.fault().text;
  }
}

// ---------------------------------------------------------------- events

void Keeper::wait_for_events() {
  std::array<epoll_event, 8> events{};
  const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), wait_ms());
  for (int i = 0; i < count; ++i) {
    const int fd = events[static_cast<std::size_t>(i)].data.fd;
    if (fd == signals_.get()) on_signals();
    if (fd == parent_.get()) parent_gone_ = true;
    if (link_ && fd == link_->fd()) on_link();
  }
  if (kill_rank_at_ && os::now() >= *kill_rank_at_) ::kill(-rank_, SIGKILL);
  if (watch_.look(os::now()) && !rank_status_) {
    rank_stood_still_ = true;
    ::kill(-rank_, SIGKILL);
  }
  start_missing_workers();
}

int Keeper::wait_ms() const {
  base::Instant next = watch_.next_look();
  if (kill_rank_at_) next = std::min(next, *kill_rank_at_);
  if (wants_worker() && unsent_.empty()) next = std::min(next, pacer_.next_start());
  const std::int64_t wait_ns = (next - os::now()).ns;
  // Rounded up, so that it does not wake too early and spin.
  return wait_ns <= 0 ? 1 : static_cast<int>(std::min<std::int64_t>(wait_ns / 1'000'000 + 1, 60'000));
}

void Keeper::on_signals() {
  signalfd_siginfo info{};
  while (::read(signals_.get(), &info, sizeof(info)) == static_cast<ssize_t>(sizeof(info))) {
    const auto signal = static_cast<int>(info.ssi_signo);
    if (signal == SIGTERM || signal == SIGINT || signal == SIGHUP) begin_stop();
  }
  // Several ends can hide behind one SIGCHLD.
  collect_children();
}

void Keeper::begin_stop() {
  if (kill_rank_at_ || rank_status_) return;
  kill_rank_at_ = os::now() + settings_.rank_grace;
  ::kill(rank_, SIGTERM);
}

void Keeper::collect_children() {
  for (;;) {
    siginfo_t ended{};
    // First a look only: as long as the dead leader is not collected, its group's number cannot be given to others.
    if (::waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) != 0 || ended.si_pid == 0) break;
    const pid_t pid = ended.si_pid;
    const auto worker = std::ranges::find(workers_, pid, &Worker::pid);
    if (pid == rank_ || worker != workers_.end()) ::kill(-pid, SIGKILL);
    int wait_status = 0;
    ::waitpid(pid, &wait_status, 0);
    if (pid == rank_) on_rank_ended(wait_status);
    if (worker != workers_.end()) {
      const Worker gone = *worker;
      workers_.erase(worker);
      on_worker_ended(gone, wait_status);
    }
  }
  if (strays_possible_) kill_strays();
}

void Keeper::on_rank_ended(int wait_status) {
  rank_status_ = wait_status;
  if (link_) drop_link();
  // A gateway has no workers, and need not say that it wants no more of them.
  const bool said_farewell = farewell_ || settings_.role == Role::gateway;
  if (wait_status == 0 && said_farewell) return;
  rank_died_(rank_stood_still_ ? wait_status | rank_stood_still : wait_status);
  if (!kill_rank_at_)
    log_.error("the rank " + describe_wait_status(wait_status) +
               (rank_stood_still_ ? ", as it stood still" : " without having been told to leave"));
}

void Keeper::on_worker_ended(const Worker& worker, int wait_status) {
  strays_possible_ = true;
  report(WorkerEnded{worker.number, wait_status});
  if (!farewell_) {
    const char* wanted = worker.unwanted ? ", as its rank had asked" : "";
    log_.warning("worker " + std::to_string(worker.number) + " " + describe_wait_status(wait_status) + wanted);
  }
}

void Keeper::kill_strays() {
  // Children that left the worker's group with setsid(), and their children, which come to the keeper in turn: again
  // at each SIGCHLD until there is none. Groups of those at work are spared.
  std::vector<pid_t> spared{rank_};
  for (const Worker& worker : workers_) spared.push_back(worker.pid);
  strays_possible_ = kill_children_except(spared) > 0;
}

// ---------------------------------------------------------------- link

void Keeper::on_link() {
  if (!read_requests()) {
    drop_link();
  } else {
    send_reports();
  }
}

bool Keeper::read_requests() {
  for (;;) {
    const auto request = link_->receive();
    if (!request) return false;
    if (!request.value()) return true;
    on_request(*request.value());
  }
}

void Keeper::on_request(const RankRequest& request) {
  if (std::holds_alternative<Farewell>(request)) {
    farewell_ = true;
    return;
  }
  const auto worker = std::ranges::find(workers_, std::get<EndWorker>(request).number, &Worker::number);
  // It may have ended by itself in the meantime.
  if (worker == workers_.end()) return;
  worker->unwanted = true;
  ::kill(-worker->pid, SIGKILL);
}

void Keeper::report(KeeperReport report) {
  if (!link_) return;
  unsent_.push_back(std::move(report));
  send_reports();
}

void Keeper::send_reports() {
  while (link_ && !unsent_.empty()) {
    const auto sent = link_->send(unsent_.front());
    if (!sent) {
      drop_link();
      return;
    }
    if (!sent.value()) break;
    unsent_.pop_front();
  }
  if (!link_) return;
  const std::uint32_t writable = unsent_.empty() ? 0U : static_cast<std::uint32_t>(EPOLLOUT);
  if (!watch(link_->fd(), EPOLLIN | writable)) drop_link();
}

void Keeper::drop_link() {
  // The rank ends or has lost its senses; its end is seen as such. What it said before counts.
  read_requests();
  link_.reset();
  unsent_.clear();
}

}  // namespace gangway::keeper
