#include "e2e/chaos/killer.hpp"

#include <algorithm>
#include <csignal>
#include <exception>

namespace gangway::e2e::chaos {
namespace {

using std::chrono::milliseconds;

/// How often each is chosen, of a hundred. What ends the job costs ten seconds, so it is rarer.
const std::vector<std::pair<Victim, int>> weights = {
    {Victim::worker, 24}, {Victim::engine, 20},        {Victim::engine_keeper, 14},
    {Victim::gateway, 7}, {Victim::gateway_keeper, 4}, {Victim::client, 13},
    {Victim::mpirun, 5},  {Victim::warden, 4},         {Victim::supervisor, 9}};

bool is_engine(Victim victim) {
  return victim == Victim::engine || victim == Victim::engine_keeper;
}

}  // namespace

const char* name_of(Victim victim) {
  switch (victim) {
    case Victim::worker:
      return "worker";
    case Victim::engine:
      return "engine";
    case Victim::engine_keeper:
      return "keeper of an engine";
    case Victim::gateway:
      return "gateway";
    case Victim::gateway_keeper:
      return "keeper of the gateway";
    case Victim::client:
      return "client";
    case Victim::mpirun:
      return "mpirun";
    case Victim::warden:
      return "warden";
    case Victim::supervisor:
      return "supervisor";
  }
  return "nobody";
}

milliseconds Killer::time(milliseconds least, milliseconds most) {
  return milliseconds{std::uniform_int_distribution<std::int64_t>{least.count(), most.count()}(random_)};
}

void Killer::note_job() {
  try {
    const Traces now = Traces::of(cluster_);
    const bool is_known = !jobs_.empty() && jobs_.back().cookie == now.cookie;
    if (is_known) {
      jobs_.back() = now;
    } else {
      jobs_.push_back(now);
      doomed_.clear();
    }
  } catch (const std::exception&) {
    // It is being written.
  }
}

Victim Killer::choose_victim() {
  int number = std::uniform_int_distribution<int>{0, 99}(random_);
  for (const auto& [victim, weight] : weights) {
    number -= weight;
    if (number < 0) return victim;
  }
  return Victim::worker;
}

std::vector<pid_t> Killer::living_engines() const {
  std::vector<pid_t> ranks = jobs_.back().pids_of("gangway-rank", "engine");
  std::erase_if(ranks, [this](pid_t pid) { return doomed_.contains(pid); });
  return ranks;
}

std::vector<pid_t> Killer::candidates(Victim victim, const std::vector<pid_t>& clients) const {
  const Traces& job = jobs_.back();
  std::vector<pid_t> found;
  switch (victim) {
    case Victim::worker:
      for (const Process& process : job.processes()) {
        if (process.program() == "gangway-worker") found.push_back(process.pid);
      }
      return found;
    case Victim::engine:
    case Victim::engine_keeper:
      return living_engines();
    case Victim::gateway:
    case Victim::gateway_keeper:
      return job.pids_of("gangway-rank", "gateway");
    case Victim::client:
      return clients;
    case Victim::mpirun:
      return {job.mpirun};
    case Victim::warden:
      return {job.warden};
    case Victim::supervisor:
      return {job.supervisor};
  }
  return found;
}

std::optional<std::string> Killer::strike(const std::vector<pid_t>& clients) {
  note_job();
  const Victim victim = choose_victim();
  const std::uint64_t which = random_();  // drawn always, so that a seed gives the same choices
  try {
    const std::vector<pid_t> found = candidates(victim, clients);
    // Without any engine tasks would rightly fail: the last one is left in peace until the cluster begins anew.
    if (found.empty() || (is_engine(victim) && found.size() < 2)) return std::nullopt;
    pid_t pid = found[which % found.size()];
    const pid_t rank = pid;
    if (victim == Victim::engine_keeper || victim == Victim::gateway_keeper) pid = parent_of(pid);
    const std::optional<os::ProcessKey> process = os::process_with_pid(pid);
    if (!process) return std::nullopt;
    const std::string how = hurt(victim, *process);
    const bool is_lost = how != "is stopped for a moment";
    if (is_engine(victim) && is_lost) doomed_.insert(rank);
    ++strikes_[victim];
    return std::string{name_of(victim)} + " " + std::to_string(pid) + " " + how;
  } catch (const std::exception&) {
    return std::nullopt;  // it has just ended
  }
}

std::string Killer::hurt(Victim victim, const os::ProcessKey& process) {
  const auto now = Clock::now();
  const int die = std::uniform_int_distribution<int>{0, 9}(random_);
  const milliseconds short_stop = time(milliseconds{10}, stall_timeout_ / 4);
  const milliseconds long_stop = stall_timeout_ + time(milliseconds{0}, stall_timeout_);
  if (die < 6) {
    os::send_signal(process, SIGKILL);
    return "is killed";
  }
  os::send_signal(process, SIGSTOP);
  // A worker may do what it likes, also stop itself: nobody looks after it. A client would make us wait.
  const bool may_stay =
      is_engine(victim) || victim == Victim::gateway || victim == Victim::gateway_keeper || victim == Victim::mpirun;
  if (may_stay && die == 9) return "is stopped for good";
  if (may_stay && die == 8 && victim != Victim::mpirun) {
    stopped_.push_back({process, now + long_stop});
    return "is stopped for too long";
  }
  stopped_.push_back({process, now + short_stop});
  return "is stopped for a moment";
}

void Killer::release(bool at_once) {
  std::erase_if(stopped_, [&](const Stopped& stopped) {
    if (!at_once && Clock::now() < stopped.until) return false;
    os::send_signal(stopped.process, SIGCONT);
    return true;
  });
}

}  // namespace gangway::e2e::chaos
