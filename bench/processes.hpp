// What /proc says about processes.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace gangway::bench {

/// A process and where it stands.
struct Process {
  pid_t pid = 0;
  pid_t parent = 0;
  std::string program;  // the name of its executable's file
};

/// All processes of a cluster, found from the process of one of its ranks: its supervisor and what descends from it.
/// Empty if the rank is gone.
[[nodiscard]] std::vector<Process> processes_of_cluster(pid_t rank);

/// A process and what descends from it.
[[nodiscard]] std::vector<Process> with_descendants(pid_t root);

/// CPU time of all threads so far, in seconds. 0 if the process is gone.
[[nodiscard]] double cpu_seconds(pid_t pid);
[[nodiscard]] double cpu_seconds(const std::vector<Process>& processes);

/// Memory in MiB: resident (each process counts what it shares in full), and proportional (what n processes share
/// counts 1/n for each). Without the engine's arena, which holds the user's data.
struct Memory {
  double resident_mib = 0;
  double proportional_mib = 0;

  Memory& operator+=(const Memory& other);
};
[[nodiscard]] Memory memory_of(pid_t pid);

/// Memory in MiB of one process: its own part of what is resident, and its share of shared memory, arena included.
struct Footprint {
  double private_mib = 0;
  double shared_mib = 0;
};
[[nodiscard]] Footprint footprint_of(pid_t pid);

/// Open descriptors and threads.
[[nodiscard]] std::uint64_t descriptors_of(pid_t pid);
[[nodiscard]] std::uint64_t threads_of(pid_t pid);

/// Has the kernel prefer these processes, all of their session, to what else runs, if it divides the CPU among
/// sessions and this process may. Does nothing otherwise.
void prefer(const std::vector<Process>& processes);

}  // namespace gangway::bench
