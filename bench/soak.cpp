// gangway_soak [MINUTES]: a cluster of 1 + 4 under a mixed load, looked at again and again: what its processes hold
// must not grow. Ends with status 1 if something does.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <map>
#include <numeric>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gangway/gangway.hpp>

#include "processes.hpp"
#include "scratch.hpp"
#include "trend.hpp"

namespace gangway::bench {
namespace {

using Clock = std::chrono::steady_clock;

// ---------------------------------------------------------------- what runs on the engines

double square(double x) {
  return x * x;
}

double sum_of(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

void double_in_place(std::span<double> values) {
  for (double& value : values) value *= 2;
}

std::string text_of(std::size_t letters) {
  return std::string(letters, 'x');
}

void fail() {
  throw std::runtime_error{"on purpose"};
}

void crash() {
  std::abort();
}

// ---------------------------------------------------------------- the load

void expect(bool good, const char* what) {
  if (!good) throw std::logic_error{std::string{"wrong result: "} + what};
}

template <class Result>
void expect_failure(const Future<Result>& future) {
  try {
    future.get();
  } catch (const RemoteError&) {
    return;
  }
  throw std::logic_error{"a task that must fail did not"};
}

void run_small_tasks(const BalancedView& any) {
  std::vector<Future<double>> futures;
  for (int i = 0; i < 300; ++i) futures.push_back(any.apply(fn<square>, double{1.0 * i}));
  for (int i = 0; i < 300; ++i) expect(futures[static_cast<std::size_t>(i)].get() == 1.0 * i * i, "apply");
  const std::vector<double> xs(20'000, 3.0);
  expect(any.map(fn<square>, xs).get().back() == 9.0, "map");
  double sum = 0;
  for (const auto& [index, value] : any.map(fn<square>, xs).as_completed()) sum += value;
  expect(sum == 9.0 * static_cast<double>(xs.size()), "map as completed");
  expect(any.apply(fn<text_of>, std::size_t{700'000}).get().size() == 700'000, "a large result");
}

void move_data(const DirectView& all, int round) {
  const std::vector<double> values(static_cast<std::size_t>(100'000 + 1'000 * (round % 10)), 1.0);
  all.push("values", values).get();
  all.apply(fn<double_in_place>, named("values")).get();
  for (const double sum : all.apply(fn<sum_of>, named("values")).get()) {
    expect(sum == 2.0 * static_cast<double>(values.size()), "a change in place");
  }
  expect(all.pull<std::vector<double>>("values").get().back().size() == values.size(), "pull");
  all.scatter("parts", values).get();
  expect(all.gather<double>("parts").get() == values, "gather");
  all.push("notes", std::map<std::string, std::string>{{"round", std::to_string(round)}}).get();
}

void fail_and_crash(const Client& client, int round) {
  expect_failure(client.balanced().apply(fn<fail>));
  const std::vector<EngineInfo> engines = client.engines();
  const EngineInfo& victim = engines[static_cast<std::size_t>(round) % engines.size()];
  expect_failure(client.engine(victim.id).apply(fn<crash>));
  expect(client.engine(victim.id).apply(fn<square>, 2.0).get() == 4.0, "a call after a crash");
}

// Others come, and not all of them wait for what they asked.
void come_and_go(const Cluster& cluster, int round) {
  const Client guest = cluster.connect();
  std::vector<Future<double>> futures;
  for (int i = 0; i < 50; ++i) futures.push_back(guest.balanced().apply(fn<square>, 2.0));
  if (round % 2 == 0) expect(futures.back().get() == 4.0, "a guest's task");
  expect(!guest.status().engines.empty(), "status");
}

void run_round(const Cluster& cluster, const Client& client, int round) {
  run_small_tasks(client.balanced());
  move_data(client.all(), round);
  fail_and_crash(client, round);
  come_and_go(cluster, round);
}

// ---------------------------------------------------------------- what is watched

/// What may grow over the time watched for it to pass as flat: so much, or this share of what there is.
struct Tolerance {
  double absolute = 0;
  double share = 0;
};

constexpr Tolerance memory_tolerance{3, 0.03};
constexpr Tolerance count_tolerance{2, 0};

struct Watched {
  std::string unit;
  Tolerance tolerance;
  Series series;
};

std::string group_of(const Process& process) {
  if (process.program == "gangway-worker") return "workers";
  if (process.program == "gangway-rank") return "ranks";
  return "keepers, mpirun, warden and supervisor";
}

/// Keeps series of everything that must be flat.
class Watch {
 public:
  void sample(const Client& client, double minutes) {
    std::map<std::string, double> memory;
    double shared_mib = 0;
    double descriptors = 0;
    double threads = 0;
    const auto processes = processes_of_cluster(static_cast<pid_t>(client.engines().front().pid));
    for (const Process& process : processes) {
      const Footprint footprint = footprint_of(process.pid);
      memory[group_of(process)] += footprint.private_mib;
      shared_mib += footprint.shared_mib;
      descriptors += static_cast<double>(descriptors_of(process.pid));
      threads += static_cast<double>(threads_of(process.pid));
    }
    for (const auto& [group, mib] : memory) add("RSS of " + group, "MiB", memory_tolerance, minutes, mib);
    add("RSS of the client", "MiB", memory_tolerance, minutes, footprint_of(::getpid()).private_mib);
    add("shared memory", "MiB", memory_tolerance, minutes, shared_mib);
    add("descriptors", "", count_tolerance, minutes, descriptors);
    add("descriptors of the client", "", count_tolerance, minutes, static_cast<double>(descriptors_of(::getpid())));
    add("threads", "", count_tolerance, minutes, threads);
    add("threads of the client", "", count_tolerance, minutes, static_cast<double>(threads_of(::getpid())));
    add("processes", "", count_tolerance, minutes, static_cast<double>(processes.size()));
  }

  /// The latest of each, for people who wait.
  void tell(std::ostream& out) const {
    for (const auto& [name, watched] : watched_) out << '\t' << name << ' ' << watched.series.last();
    out << std::endl;
  }

  /// Prints the verdicts; whether everything is flat.
  bool judge(std::ostream& out) const {
    out << "watched\tunit\tfirst\tlast\tgrowth\ttolerance\tflat\n";
    bool all_flat = true;
    for (const auto& [name, watched] : watched_) {
      const Series& series = watched.series;
      const double allowed = std::max(watched.tolerance.absolute, watched.tolerance.share * series.first());
      const double growth = series.growth();
      all_flat = all_flat && growth <= allowed;
      out << name << '\t' << (watched.unit.empty() ? "-" : watched.unit) << '\t' << series.first() << '\t'
          << series.last() << '\t' << growth << '\t' << allowed << '\t' << (growth <= allowed ? "yes" : "no") << '\n';
    }
    return all_flat;
  }

 private:
  void add(const std::string& name, const std::string& unit, Tolerance tolerance, double minutes, double value) {
    watched_.try_emplace(name, Watched{unit, tolerance, {}}).first->second.series.add(minutes, value);
  }

  std::map<std::string, Watched> watched_;
};

// ---------------------------------------------------------------- the run

// Heaps and pools find their size, and each engine has had its first crashes.
constexpr double warm_up_share = 0.25;
constexpr double samples = 60;

bool soak(double minutes) {
  const Scratch scratch;
  const Cluster cluster{Profile::local(4)};
  const Client client = cluster.connect();
  const Clock::time_point start = Clock::now();
  const auto passed = [&] { return std::chrono::duration<double, std::ratio<60>>(Clock::now() - start).count(); };
  const double warm_up = warm_up_share * minutes;
  Watch watch;
  double next_sample = warm_up;
  for (int rounds = 1; passed() < minutes; ++rounds) {
    run_round(cluster, client, rounds);
    const bool is_last = passed() >= minutes;
    if (passed() < next_sample && !is_last) continue;
    std::this_thread::sleep_for(std::chrono::milliseconds{300});  // guests leave, standby workers come
    watch.sample(client, passed());
    std::cerr << "minute " << passed() << ", " << rounds << " rounds";
    watch.tell(std::cerr);
    next_sample = passed() + (minutes - warm_up) / samples;
  }
  return watch.judge(std::cout);
}

}  // namespace
}  // namespace gangway::bench

int main(int argc, char** argv) {
  try {
    const double minutes = argc > 1 ? std::stod(argv[1]) : 30.0;
    if (argc > 2 || !(minutes > 0)) throw std::invalid_argument{"give a number of minutes, or nothing for 30"};
    return gangway::bench::soak(minutes) ? EXIT_SUCCESS : EXIT_FAILURE;
  } catch (const std::exception& error) {
    std::cerr << "bench/soak: " << error.what() << '\n';
    return 2;
  }
}
