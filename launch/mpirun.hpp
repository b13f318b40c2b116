// How a job is started with Open MPI's mpirun, on this host or on several. Everything that Gangway knows about
// mpirun's options and Open MPI's parameters stands here and nowhere else.
//
// What is set, and why (4 / 5: the two major versions know it by different names, or only one needs it):
//   recovery                   the job runs on when a process dies
//   pml ob1, btl self + shared memory, between hosts tcp: no probing of networks; its behaviour after deaths is
//       known. On one host no rank opens a TCP port. With Transport::native neither is set.
//   no binding, oversubscribe  a worker beside each rank, and clusters larger than the host's cores
//   yield when idle            more ranks than cores must not starve each other
//   session and shared-memory files in the scratch directory: removing it removes all of them
//   grace before SIGKILL       two seconds, so that keepers and gateways can end in order
//   loopback for mpirun's own connections, on one host. Its port for daemons on other hosts, which no setting closes,
//       listens on all interfaces all the same; connections to it have to know the job's secret name.
//   keepalive for them, on several hosts: a host that is lost ends the job after half a minute, not after hours
//   hosts with as many slots as they have ranks, filled one after the other: the gateways are on the first
//
// mpirun of Open MPI 5 crashes when it is given several programs, as Debian and Ubuntu build it (open-mpi/ompi issue
// 13303). So it gets one, and a keeper finds its role by the rank's number.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <gangway/profile.hpp>

#include "base/result.hpp"

namespace gangway::launch {

/// An mpirun that is there.
struct Mpirun {
  std::filesystem::path program;
  int major_version = 0;  // 4 or later

  friend bool operator==(const Mpirun&, const Mpirun&) = default;
};

/// Looks for mpirun in `search_path` (colons between the directories) and asks it for its version. A fault if there
/// is none, or if it is not one of Open MPI 4 or later.
base::Result<Mpirun> find_mpirun(const std::string& search_path);

/// What mpirun --version prints to a version. A fault if it is not Open MPI's.
base::Result<Mpirun> mpirun_from_version_text(const std::filesystem::path& program, const std::string& text);

/// What the keepers of a job are told.
struct JobSettings {
  std::filesystem::path keeper_program;
  std::filesystem::path cluster_dir;
  std::filesystem::path scratch_dir;
  std::string cluster;
  std::string cookie;
  std::uint32_t gateways = 1;
  std::uint32_t engines = 1;
  std::string bind_address;
  std::uint16_t port_low = 0;
  std::uint16_t port_high = 0;
  std::uint16_t first_port = 0;  // of the job before this one; 0: there was none
  std::string durability;        // see durability_text()
  std::uint64_t environment_bytes_max = 0;
  std::string keeping;  // see keeping_text()
  std::chrono::milliseconds stall_timeout{0};
  std::uint64_t arena_bytes = 0;
  std::vector<Host> hosts;  // empty: this one; else each with its engines
  Transport transport = Transport::resilient;
  std::string agent;
  std::vector<std::string> modules;  // absolute paths
  bool as_root = false;
};

/// The program with its arguments, and the environment.
struct CommandLine {
  std::vector<std::string> arguments;  // the first is the program's path
  std::map<std::string, std::string> environment;
};

/// How to start the job. `environment` is what the caller itself runs in: mpirun gets it without what an outer MPI
/// job may have left in it, and with the settings above.
CommandLine mpirun_command(const Mpirun& mpirun, const JobSettings& job,
                           const std::map<std::string, std::string>& environment);

/// True if mpirun says that it has lost the connection to a host. `own_words` is what it writes to standard error;
/// its standard output is what the ranks and workers say.
bool tells_of_lost_host(std::string_view own_words);

/// The environment of the calling process.
std::map<std::string, std::string> own_environment();

}  // namespace gangway::launch
