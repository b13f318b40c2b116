// What a cluster costs that has nothing to do.
#include <chrono>
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

// The processes that share a keeper: a rank, and its workers if it has any.
Memory memory_of_place(const std::vector<Process>& cluster, pid_t rank) {
  Memory memory;
  for (const Process& process : cluster) {
    if (process.pid != rank) continue;
    for (const Process& of_place : with_descendants(process.parent)) memory += memory_of(of_place.pid);
  }
  return memory;
}

pid_t gateway_rank(const std::vector<Process>& cluster, const std::vector<EngineInfo>& engines) {
  for (const Process& process : cluster) {
    bool is_gateway = process.program == "gangway-rank";
    for (const EngineInfo& engine : engines) is_gateway = is_gateway && process.pid != engine.pid;
    if (is_gateway) return process.pid;
  }
  throw std::runtime_error{"the cluster has no gateway"};
}

double percent_of_a_core(const std::vector<Process>& processes, double seconds) {
  const double before = cpu_seconds(processes);
  const Stopwatch watch;
  std::this_thread::sleep_for(std::chrono::duration<double>{seconds});
  return 100 * (cpu_seconds(processes) - before) / watch.seconds();
}

double resident_mib_of_rank(const std::vector<Process>& job) {
  for (const Process& process : job) {
    if (process.program == "bare_mpi") return memory_of(process.pid).resident_mib;
  }
  throw std::runtime_error{"the bare MPI job has no rank"};
}

void print_memory(const Memory& gateway, const std::vector<Memory>& engines, double bare_rank_mib,
                  const Print& print) {
  const std::string reference = "one rank of a bare mpirun";
  std::vector<double> resident;
  std::vector<double> proportional;
  for (const Memory& engine : engines) {
    resident.push_back(engine.resident_mib);
    proportional.push_back(engine.proportional_mib);
  }
  print({"gateway and its keeper, RSS", gateway.resident_mib, "MiB", reference, bare_rank_mib, value_at_most(40)});
  print({"gateway and its keeper, PSS", gateway.proportional_mib, "MiB", {}, 0, {}});
  print({"engine with keeper, worker and standby, RSS", median(resident), "MiB", reference, bare_rank_mib,
         value_at_most(60)});
  print({"engine with keeper, worker and standby, PSS", median(proportional), "MiB", {}, 0, {}});
}

}  // namespace

void measure_idle(const Settings& settings, const Print& print) {
  const Cluster cluster{Profile::local(4)};
  const Client client = cluster.connect();
  client.all().apply(fn<no_op>).get();  // every engine has the code
  const std::vector<EngineInfo> engines = client.engines();
  const std::vector<Process> processes = processes_of_cluster(static_cast<pid_t>(engines.front().pid));
  if (processes.empty()) throw std::runtime_error{"the processes of the cluster are not to be seen in /proc"};
  const MpiCommand mpi = mpi_command(5, settings.programs / "bare_mpi", {"sleep"}, settings.scratch);
  Reference bare{mpi.command, mpi.environment};
  bare.first_line();
  const std::vector<Process> bare_processes = with_descendants(bare.pid());

  std::this_thread::sleep_for(std::chrono::seconds{1});  // what was begun comes to its end
  std::vector<double> busy;
  std::vector<double> bare_busy;
  for (int round = 0; round < settings.amount(5, 2); ++round) {
    busy.push_back(percent_of_a_core(processes, settings.quick ? 1 : 3));
    bare_busy.push_back(percent_of_a_core(bare_processes, settings.quick ? 1 : 3));
  }
  print({"CPU of an idle cluster of 1 + 4, all processes", median(busy), "% of a core",
         "a bare mpirun of five ranks that sleep", median(bare_busy), value_at_most(1)});

  std::vector<Memory> of_engines;
  for (const EngineInfo& engine : engines) {
    of_engines.push_back(memory_of_place(processes, static_cast<pid_t>(engine.pid)));
  }
  print_memory(memory_of_place(processes, gateway_rank(processes, engines)), of_engines,
               resident_mib_of_rank(bare_processes), print);
}

}  // namespace gangway::bench
