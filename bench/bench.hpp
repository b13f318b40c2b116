// What the benchmarks share: how much they measure, their clock, and their list.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>

#include <gangway/client.hpp>
#include <gangway/profile.hpp>
#include <gangway/view.hpp>

#include "figure.hpp"
#include "statistics.hpp"

namespace gangway::bench {

/// What every benchmark is given.
struct Settings {
  bool quick = false;   // enough to see that it works, in seconds
  bool urgent = false;  // prefer what is measured to what else the machine does, where the kernel allows it
  std::filesystem::path programs;  // the directory of the reference programs
  std::filesystem::path scratch;   // a directory of this run alone, in memory; removed by main()

  /// `full`, or `less` of it when quick.
  [[nodiscard]] int amount(int full, int less) const { return quick ? less : full; }
};

using Print = std::function<void(const Figure&)>;

// One for each name that bench/run knows. Each prints its figures, starts what it needs and ends it again; throws
// std::exception with a sentence.
void measure_start(const Settings& settings, const Print& print);
void measure_idle(const Settings& settings, const Print& print);
void measure_latency(const Settings& settings, const Print& print);
void measure_throughput(const Settings& settings, const Print& print);
void measure_load(const Settings& settings, const Print& print);
void measure_journal(const Settings& settings, const Print& print);
void measure_peers(const Settings& settings, const Print& print);

/// How many no-op tasks pass in a second, submitted one by one and then waited for.
[[nodiscard]] double tasks_per_second(const BalancedView& any, int tasks);

/// If the run is urgent, has the kernel prefer the cluster's processes.
void prefer_cluster(const Settings& settings, const Client& client);

/// Four engines here whose tasks stand in no journal: what is beside them writes none either.
[[nodiscard]] inline Profile forgetful_profile() {
  Profile profile = Profile::local(4);
  profile.durability = Durability::memory;
  return profile;
}

/// Since the call of the constructor.
class Stopwatch {
 public:
  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }
  [[nodiscard]] double microseconds() const { return seconds() * 1e6; }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// What engines are asked to do when only the way there and back counts.
void no_op();

}  // namespace gangway::bench
