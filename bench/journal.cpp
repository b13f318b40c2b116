// What the journal costs, and that neither tasks that have finished nor tasks that wait take memory.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gangway/gangway.hpp>

#include "bench.hpp"
#include "processes.hpp"
#include "reference.hpp"

namespace gangway::bench {

namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

// ---------------------------------------------------------------- what runs on the engines

std::string echo(std::string text) {
  return text;
}

/// Keeps its engine until the file is there.
void wait_for(std::string file) {
  while (!fs::exists(file)) std::this_thread::sleep_for(std::chrono::milliseconds{20});
}

// ---------------------------------------------------------------- the clusters

/// Clusters whose directories lie on a disk, not in memory as those of the other benchmarks.
class OnDisk {
 public:
  OnDisk() {
    const char* const before = std::getenv("GANGWAY_HOME");
    if (before != nullptr) before_ = before;
    std::string name = (fs::temp_directory_path() / "gangway-bench-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error{"no directory can be made: " + name};
    path_ = name;
    ::setenv("GANGWAY_HOME", name.c_str(), 1);
  }
  OnDisk(const OnDisk&) = delete;
  OnDisk& operator=(const OnDisk&) = delete;
  ~OnDisk() {
    ::setenv("GANGWAY_HOME", before_.c_str(), 1);
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  std::string before_;
  fs::path path_;
};

/// The gateway's process; after a restart as soon as the client has come back.
pid_t gateway_of(const Client& client) {
  static_cast<void>(client.status());
  const std::vector<EngineInfo> engines = client.engines();
  for (const Process& process : processes_of_cluster(static_cast<pid_t>(engines.front().pid))) {
    const bool is_engine = std::any_of(engines.begin(), engines.end(), [&](const EngineInfo& engine) {
      return static_cast<pid_t>(engine.pid) == process.pid;
    });
    if (process.program == "gangway-rank" && !is_engine) return process.pid;
  }
  throw std::runtime_error{"the gateway's process is not found"};
}

double resident_mib(const Client& client) {
  return memory_of(gateway_of(client)).resident_mib;
}

// ---------------------------------------------------------------- how fast

void measure_rates(const Settings& settings, const Print& print) {
  const Cluster durable{Profile::local(4)};
  const Cluster forgetful{forgetful_profile()};
  const Client durable_client = durable.connect();
  const Client forgetful_client = forgetful.connect();
  for (const Client* client : {&durable_client, &forgetful_client}) {
    prefer_cluster(settings, *client);
    client->all().apply(fn<no_op>).get();
  }
  const int tasks = settings.amount(20'000, 2'000);
  std::vector<double> rates;
  std::vector<double> rates_in_memory;
  for (int round = 0; round < settings.amount(9, 2); ++round) {
    rates.push_back(tasks_per_second(durable_client.balanced(), tasks));
    rates_in_memory.push_back(tasks_per_second(forgetful_client.balanced(), tasks));
  }
  const char* const metric = "durable (commit) no-op tasks, one submission each";
  print({metric, median(rates), "tasks/s", "the same with durability = memory", median(rates_in_memory),
         ratio_at_least(0.6)});
  print({metric, median(rates), "tasks/s", {}, 0, value_at_least(30'000)});
}

void measure_journal_alone(const Settings& settings, const fs::path& directory, const Print& print) {
  Reference reference{{(settings.programs / "journal_alone").string()}};
  if (settings.urgent) prefer(with_descendants(reference.pid()));
  const int tasks = settings.amount(100'000, 10'000);
  const std::string where = " " + (directory / "alone").string() + " " + std::to_string(tasks);
  std::vector<double> journal;
  std::vector<double> bare;
  for (int round = 0; round < settings.amount(9, 2); ++round) {
    journal.push_back(tasks / reference.ask("journal" + where).front());
    bare.push_back(tasks / reference.ask("bare" + where).front());
  }
  print({"tasks through the journal alone, 4 records and 400 bytes each", median(journal), "tasks/s",
         "bare SQLite writing the same records in batches of 256", median(bare), ratio_at_least(0.5)});
}

// Round trips while one is begun each millisecond, whatever became of the others.
void measure_spread(const Settings& settings, const Print& print) {
  const Cluster cluster{Profile::local(4)};
  const Client client = cluster.connect();
  prefer_cluster(settings, client);
  client.all().apply(fn<no_op>).get();
  const BalancedView any = client.balanced();
  std::vector<double> times_ms;
  const int tasks = settings.amount(30'000, 1'000);
  struct Begun {
    Clock::time_point at;
    Future<void> future;
  };
  std::deque<Begun> begun;
  Clock::time_point next = Clock::now();
  while (static_cast<int>(times_ms.size()) < tasks) {
    if (Clock::now() >= next) {
      begun.push_back({next, any.apply(fn<no_op>)});
      next += std::chrono::milliseconds{1};
    }
    const auto patience = std::chrono::duration_cast<std::chrono::microseconds>(next - Clock::now());
    if (begun.empty() || !begun.front().future.wait_for(std::max(patience, std::chrono::microseconds{0}))) continue;
    times_ms.push_back(std::chrono::duration<double, std::milli>(Clock::now() - begun.front().at).count());
    begun.pop_front();
  }
  std::sort(times_ms.begin(), times_ms.end());
  print({"p99 of a durable no-op round trip, 1,000 tasks/s", times_ms[times_ms.size() * 99 / 100], "ms",
         "their median", median(times_ms), ratio_at_most(5)});
}

// ---------------------------------------------------------------- how much memory

void finish_tasks(const Client& client, int tasks) {
  const std::string text(200, 'x');
  const BalancedView any = client.balanced();
  std::deque<Future<std::string>> futures;
  for (int i = 0; i < tasks; ++i) {
    futures.push_back(any.apply(fn<echo>, text));
    if (futures.size() < 10'000) continue;
    futures.front().get();
    futures.pop_front();
  }
  for (const Future<std::string>& future : futures) future.get();
}

/// Tasks that wait, of so many clients that each has credit for its share.
class Queue {
 public:
  Queue(const Cluster& cluster, std::size_t tasks_max) {
    for (std::size_t i = 0; i <= tasks_max / session_tasks; ++i) clients_.push_back(cluster.connect());
  }

  void grow_to(std::size_t tasks) {
    const std::string text(200, 'x');
    while (futures_.size() < tasks) {
      const Client& client = clients_[futures_.size() % clients_.size()];
      futures_.push_back(client.balanced().apply(fn<echo>, text));
    }
    // All have arrived when the gateway says so.
    while (clients_.front().status().tasks_waiting < tasks)
      std::this_thread::sleep_for(std::chrono::milliseconds{50});
  }

 private:
  static constexpr std::size_t session_tasks = 50'000;

  std::vector<Client> clients_;
  std::vector<Future<std::string>> futures_;
};

/// How long nobody was let in after the gateway was killed.
double seconds_to_come_back(const Cluster& cluster, const Client& client) {
  ::kill(gateway_of(client), SIGKILL);
  const Stopwatch watch;
  for (;;) {
    try {
      const Client guest = cluster.connect();
      return watch.seconds();
    } catch (const Error&) {
      std::this_thread::sleep_for(std::chrono::milliseconds{10});
    }
  }
}

void measure_memory(const Settings& settings, const fs::path& directory, const Print& print) {
  Profile profile = Profile::local(4);
  profile.keeping.history_tasks_max = 10'000'000;  // so that all of them are in the journal at the restart
  profile.keeping.history_bytes_max = std::uint64_t{8} << 30U;
  const Cluster cluster{profile};
  const Client client = cluster.connect();
  prefer_cluster(settings, client);
  const int few = settings.amount(10'000, 2'000);
  const int some = settings.amount(100'000, 5'000);
  const int many = settings.amount(1'000'000, 20'000);
  const auto text_of = [](const std::string& what, int tasks) { return what + std::to_string(tasks); };

  finish_tasks(client, few);
  const double after_few = resident_mib(client);
  finish_tasks(client, many - few);
  print({text_of("gateway's memory after finished tasks: ", many), resident_mib(client), "MiB",
         text_of("after ", few), after_few, ratio_at_most(1.1)});

  const fs::path gate = directory / "gate";
  std::vector<Future<void>> kept;
  for (const EngineInfo& engine : client.engines()) {
    kept.push_back(client.engine(engine.id).apply(fn<wait_for>, gate.string()));
  }
  Queue queue{cluster, static_cast<std::size_t>(many)};
  queue.grow_to(static_cast<std::size_t>(few));
  const double with_few = resident_mib(client);
  queue.grow_to(static_cast<std::size_t>(some));
  print({text_of("back after a kill of the gateway, finished tasks in its journal: ", many) +
             text_of(", tasks that wait: ", some),
         seconds_to_come_back(cluster, client),
         "s",
         {},
         0,
         value_at_most(2)});
  print({text_of("gateway's memory then, tasks that wait: ", some), resident_mib(client), "MiB",
         text_of("before, with ", few), with_few, ratio_at_most(1.1)});
  queue.grow_to(static_cast<std::size_t>(many));
  print({text_of("gateway's memory, tasks that wait: ", many), resident_mib(client), "MiB", text_of("with ", few),
         with_few, ratio_at_most(1.1)});
  std::ofstream{gate};
}

}  // namespace

void measure_journal(const Settings& settings, const Print& print) {
  const OnDisk disk;
  measure_rates(settings, print);
  measure_journal_alone(settings, disk.path(), print);
  measure_spread(settings, print);
  measure_memory(settings, disk.path(), print);
}

}  // namespace gangway::bench
