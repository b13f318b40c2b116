// The figures of other systems for interactive parallel computing, measured on this machine in the same run by the
// script that GANGWAY_PEERS names: a table of tab-separated columns, in which peer, engines, metric and value come
// first.
#include <cstdlib>
#include <functional>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <boost/process.hpp>

#include <gangway/gangway.hpp>

#include "bench.hpp"

namespace gangway::bench {

namespace {

struct PeerRow {
  std::string peer;
  std::string metric;
  double value = 0;
};

std::vector<PeerRow> run_peers(const Settings& settings, const std::string& script) {
  namespace process = boost::process;
  process::environment variables = boost::this_process::environment();
  variables["ENGINES"] = "4";
  variables["REPS"] = "1";
  variables["SCALE"] = settings.quick ? "0.02" : "0.2";
  process::ipstream table;
  process::child child{process::exe = script,
                       process::args = {"mpi4py", "ipyparallel:start,latency", "dask:start,latency"}, variables,
                       process::std_in<process::null, process::std_out> table};
  std::vector<PeerRow> rows;
  for (std::string line; std::getline(table, line);) {
    std::istringstream columns{line};
    PeerRow row;
    std::string engines;
    std::string value;
    std::getline(columns, row.peer, '\t');
    std::getline(columns, engines, '\t');
    std::getline(columns, row.metric, '\t');
    std::getline(columns, value, '\t');
    char* end = nullptr;
    row.value = std::strtod(value.c_str(), &end);
    const bool is_number = end != value.c_str() && *end == '\0';
    if (is_number && engines == "4") rows.push_back(std::move(row));
  }
  child.wait();
  return rows;
}

/// Of this library, what the peers' script calls by the same names.
struct Own {
  double round_trip_ms = 0;
  double tasks_per_second = 0;
  double start_s = 0;
};

Own measure_own(const Settings& settings) {
  const Stopwatch start;
  const Cluster cluster{Profile::local(4)};
  const Client client = cluster.connect();
  Own own;
  own.start_s = start.seconds();
  const BalancedView any = client.balanced();
  client.all().apply(fn<no_op>).get();
  std::vector<double> times;
  for (int i = 0; i < settings.amount(1000, 100); ++i) {
    const Stopwatch watch;
    any.apply(fn<no_op>).get();
    times.push_back(watch.microseconds() / 1e3);
  }
  own.round_trip_ms = median(times);
  const int tasks = settings.amount(10'000, 1'000);
  const Stopwatch watch;
  std::vector<Future<void>> futures;
  for (int i = 0; i < tasks; ++i) futures.push_back(any.apply(fn<no_op>));
  for (const Future<void>& future : futures) future.get();
  own.tasks_per_second = tasks / watch.seconds();
  return own;
}

}  // namespace

void measure_peers(const Settings& settings, const Print& print) {
  const char* const script = std::getenv("GANGWAY_PEERS");
  if (script == nullptr || *script == '\0') {
    throw std::runtime_error{"GANGWAY_PEERS names no script that measures peers"};
  }
  const std::vector<PeerRow> rows = run_peers(settings, script);
  const Own own = measure_own(settings);
  bool any = false;
  for (const PeerRow& row : rows) {
    const bool is_start = row.metric.starts_with("start");
    const bool is_rate = row.metric.starts_with("tasks 1") && row.metric.find("MiB") == std::string::npos;
    if (!is_start && !is_rate && row.metric != "rtt median") continue;
    any = true;
    Figure figure;
    figure.reference = row.peer + ": " + row.metric;
    figure.reference_value = row.value;
    figure.metric = is_start ? "start of 1 + 4" : is_rate ? "no-op tasks, one submission each" : "no-op round trip";
    figure.value = is_start ? own.start_s : is_rate ? own.tasks_per_second : own.round_trip_ms;
    figure.unit = is_start ? "s" : is_rate ? "tasks/s" : "ms";
    print(figure);
  }
  if (!any) throw std::runtime_error{"no peer could be measured; see what " + std::string{script} + " says above"};
}

}  // namespace gangway::bench
