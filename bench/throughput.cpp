// How many no-op tasks and calls pass in a second.
#include <string>
#include <vector>

#include <gangway/gangway.hpp>

#include "bench.hpp"
#include "processes.hpp"
#include "reference.hpp"

namespace gangway::bench {

namespace {

double twice(double x) {
  return 2 * x;
}

double calls_per_second(const BalancedView& any, const std::vector<double>& elements) {
  const Stopwatch watch;
  const std::size_t results = any.map(fn<twice>, elements).get().size();
  return static_cast<double>(results) / watch.seconds();
}

}  // namespace

double tasks_per_second(const BalancedView& any, int tasks) {
  std::vector<Future<void>> futures;
  futures.reserve(static_cast<std::size_t>(tasks));
  const Stopwatch watch;
  for (int i = 0; i < tasks; ++i) futures.push_back(any.apply(fn<no_op>));
  for (const Future<void>& future : futures) future.get();
  return tasks / watch.seconds();
}

void measure_throughput(const Settings& settings, const Print& print) {
  const Cluster cluster{forgetful_profile()};
  const Client client = cluster.connect();
  const BalancedView any = client.balanced();
  const MpiCommand mpi = messages_command(5, settings.programs, settings.scratch);
  Reference ranks{mpi.command, mpi.environment};
  Reference tls{{(settings.programs / "echo_tls").string()}};
  prefer_cluster(settings, client);
  if (settings.urgent) {
    for (const Reference* reference : {&ranks, &tls}) prefer(with_descendants(reference->pid()));
  }

  const int tasks = settings.amount(20'000, 2'000);
  const std::vector<double> elements(static_cast<std::size_t>(settings.amount(1'000'000, 100'000)), 1.5);
  const int blocks = 16;
  const std::string farm = "farm " + std::to_string(tasks) + " 16";
  const std::string stream = "stream " + std::to_string(blocks) + " " + std::to_string(elements.size() / blocks);
  std::vector<double> task_rates;
  std::vector<double> farm_rates;
  std::vector<double> call_rates;
  std::vector<double> stream_rates;
  client.all().apply(fn<no_op>).get();  // every engine has the code
  for (int round = 0; round < settings.amount(9, 2); ++round) {
    task_rates.push_back(tasks_per_second(any, tasks));
    farm_rates.push_back(tasks / ranks.ask(farm).front());
    call_rates.push_back(calls_per_second(any, elements));
    stream_rates.push_back(static_cast<double>(elements.size()) / tls.ask(stream).front());
  }
  print({"balanced no-op tasks, one submission each", median(task_rates), "tasks/s",
         "their messages between ranks alone, no TLS, no worker", median(farm_rates), value_at_least(30'000)});
  print({"calls by map", median(call_rates), "calls/s", "their elements and results through raw TLS alone",
         median(stream_rates), value_at_least(300'000)});
}

}  // namespace gangway::bench
