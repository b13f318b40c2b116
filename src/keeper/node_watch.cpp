#include "keeper/node_watch.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <string>
#include <utility>

#include "keeper/wait_status.hpp"

namespace gangway::keeper {
namespace {

using std::chrono::milliseconds;

// The kernel takes a moment to end a process, longer if it gives much memory back.
constexpr milliseconds fence_look_interval{20};

base::Duration duration_of(milliseconds time) {
  return base::milliseconds(time.count());
}

std::optional<os::ProcessView> view_with_threads(pid_t pid) {
  std::optional<os::ProcessView> view = os::view_process(pid);
  // Its first thread may wait for one that waits for a disk.
  if (view && view->state == 'S' && os::waits_for_device(pid)) view->state = 'D';
  return view;
}

std::uint64_t pid_namespace() {
  struct stat status {};
  return ::stat("/proc/self/ns/pid", &status) == 0 ? status.st_ino : 0;
}

std::string text_of(milliseconds time) {
  return std::to_string(time.count()) + " ms";
}

}  // namespace

NodeWatch::NodeWatch(const Obituary& obituary, int own_rank, const SilenceLimits& limits, base::Log& log)
    : obituary_{obituary}, own_rank_{own_rank}, limits_{limits}, log_{log}, rank_silence_{limits} {}

void NodeWatch::begin(pid_t rank) {
  rank_pid_ = rank;
  const os::ProcessKey process = os::process_with_pid(rank).value_or(os::ProcessKey{});
  const os::ProcessKey self = os::this_process();
  NodeSlot& own = slot(own_rank_);
  own.pid_namespace.store(pid_namespace());
  own.rank_pid.store(process.pid);
  own.rank_start_ticks.store(process.start_ticks);
  own.keeper_start_ticks.store(self.start_ticks);
  own.keeper_beats.store(1);
  own.keeper_pid.store(self.pid);  // last: whoever finds it finds the others
}

void NodeWatch::leave() {
  slot(own_rank_).keeper_pid.store(0);
}

bool NodeWatch::look(base::Instant now) {
  if (rank_pid_ == 0) return false;
  if (fenced_) finish_fence();
  next_fence_look_ = now + duration_of(fence_look_interval);
  if (now < next_look_) return false;
  next_look_ = now + duration_of(limits_.look_interval);
  slot(own_rank_).keeper_beats.fetch_add(1);
  if (!fenced_) look_at_neighbour();
  return own_rank_is_dead();
}

base::Instant NodeWatch::next_look() const {
  return fenced_ ? std::min(next_look_, next_fence_look_) : next_look_;
}

bool NodeWatch::own_rank_is_dead() {
  const std::uint64_t rounds = slot(own_rank_).loop_rounds.load();
  switch (rank_silence_.look(rounds, [this] { return view_with_threads(rank_pid_); })) {
    case Silence::Verdict::moving:
      return false;
    case Silence::Verdict::suspect:
      log_.warning("the rank has stood still for " + text_of(rank_silence_.proven()) + "; it is killed at " +
                   text_of(limits_.dead));
      [[fallthrough]];
    case Silence::Verdict::still:
      // So that it cannot be said to have slept.
      obituary_.bells().ring(own_rank_);
      return false;
    case Silence::Verdict::dead:
      return true;
  }
  return false;
}

void NodeWatch::look_at_neighbour() {
  choose_neighbour();
  if (!neighbour_) return;
  NodeSlot& watched = slot(neighbour_->rank);
  if (os::wait_until_gone(neighbour_->process, milliseconds{0})) {
    // It may have left in the meantime.
    if (watched.keeper_pid.load() == neighbour_->keeper.pid) fence(SIGKILL);
    return;
  }
  const pid_t pid = neighbour_->keeper.pid;
  const Silence::Verdict verdict =
      neighbour_->silence.look(watched.keeper_beats.load(), [pid] { return view_with_threads(pid); });
  const std::string whose = "the keeper of rank " + std::to_string(neighbour_->rank) + " has stood still for " +
                            text_of(neighbour_->silence.proven());
  if (verdict == Silence::Verdict::suspect) {
    log_.warning(whose + "; it is killed at " + text_of(limits_.dead) + ", with its rank");
  } else if (verdict == Silence::Verdict::dead) {
    log_.error(whose + " and is killed, with its rank");
    fence(SIGKILL | keeper_stood_still);
  }
}

// The next rank in the order of their numbers that has a keeper on this node.
void NodeWatch::choose_neighbour() {
  for (int step = 1; step < obituary_.ranks(); ++step) {
    const int rank = (own_rank_ + step) % obituary_.ranks();
    const os::ProcessKey keeper{slot(rank).keeper_pid.load(), slot(rank).keeper_start_ticks.load()};
    if (keeper.pid == 0 || slot(rank).pid_namespace.load() != pid_namespace()) continue;
    if (!neighbour_ || neighbour_->rank != rank || neighbour_->keeper != keeper) {
      neighbour_.emplace(Neighbour{rank, keeper, os::open_process(keeper), Silence{limits_}});
    }
    return;
  }
  neighbour_.reset();
}

// The rank first: what its keeper's end would have it say of itself is not the reason.
void NodeWatch::fence(int status) {
  const NodeSlot& fenced = slot(neighbour_->rank);
  os::Descriptor rank = os::open_process({fenced.rank_pid.load(), fenced.rank_start_ticks.load()});
  os::send_signal(rank, SIGKILL);
  os::send_signal(neighbour_->process, SIGKILL);
  fenced_.emplace(
      Fenced{neighbour_->rank, status, neighbour_->keeper.pid, std::move(neighbour_->process), std::move(rank)});
  neighbour_.reset();
}

void NodeWatch::finish_fence() {
  const bool all_gone =
      os::wait_until_gone(fenced_->process, milliseconds{0}) && os::wait_until_gone(fenced_->keeper, milliseconds{0});
  if (!all_gone) return;
  obituary_.publish(fenced_->rank, fenced_->status);
  std::int32_t expected = fenced_->keeper_pid;
  slot(fenced_->rank).keeper_pid.compare_exchange_strong(expected, 0);
  fenced_.reset();
}

}  // namespace gangway::keeper
