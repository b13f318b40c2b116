// Kills and stops processes of one cluster, at random.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "e2e/support/traces.hpp"
#include "os/process.hpp"

namespace gangway::e2e::chaos {

/// Who can be met.
enum class Victim { worker, engine, engine_keeper, gateway, gateway_keeper, client, mpirun, warden, supervisor };

const char* name_of(Victim victim);

class Killer {
 public:
  using Clock = std::chrono::steady_clock;

  /// `stall_timeout` is the cluster's: who is stopped for longer is lost.
  Killer(std::uint64_t seed, std::string cluster, std::chrono::milliseconds stall_timeout)
      : random_{seed}, cluster_{std::move(cluster)}, stall_timeout_{stall_timeout} {}

  /// Kills or stops one process, `clients` being some more to choose from. What it did, in words; nothing if there
  /// was nobody to do it to: the cluster may just be started again.
  std::optional<std::string> strike(const std::vector<pid_t>& clients);

  /// Lets those go on whose time has come; all of them if `at_once`. To be called often.
  void release(bool at_once);

  /// A random time in the given bounds.
  std::chrono::milliseconds time(std::chrono::milliseconds least, std::chrono::milliseconds most);

  /// How often each was met.
  [[nodiscard]] const std::map<Victim, int>& strikes() const { return strikes_; }

  /// All jobs that were seen: each has a scratch directory and a cookie of its own.
  [[nodiscard]] const std::vector<Traces>& jobs() const { return jobs_; }
  void note_job();

 private:
  struct Stopped {
    os::ProcessKey process;
    Clock::time_point until;
  };

  Victim choose_victim();
  std::vector<pid_t> candidates(Victim victim, const std::vector<pid_t>& clients) const;
  std::vector<pid_t> living_engines() const;
  std::string hurt(Victim victim, const os::ProcessKey& process);

  std::mt19937_64 random_;
  std::string cluster_;
  std::chrono::milliseconds stall_timeout_;
  std::vector<Traces> jobs_;
  std::vector<Stopped> stopped_;
  std::set<pid_t> doomed_;  // engines' ranks that will not live, whatever happens
  std::map<Victim, int> strikes_;
};

}  // namespace gangway::e2e::chaos
