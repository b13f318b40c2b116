#include "launch/mpirun.hpp"

#include <unistd.h>

#include <charconv>
#include <chrono>
#include <string_view>
#include <system_error>

#include "launch/job.hpp"

extern char** environ;

namespace gangway::launch {
namespace {

using Environment = std::map<std::string, std::string>;

constexpr int oldest_version = 4;

// Variables by which a rank of an outer MPI job knows its place; with them, mpirun would take itself for a part of
// that job. Settings of the user (OMPI_MCA_..., and so on) are not among them, but for those that describe the outer
// job.
bool belongs_to_outer_job(std::string_view name) {
  for (const std::string_view prefix : {"OMPI_MCA_orte_", "OMPI_MCA_ess_", "OMPI_MCA_pmix_"}) {
    if (name.starts_with(prefix)) return true;
  }
  for (const std::string_view kept : {"OMPI_MCA_", "PMIX_MCA_", "PRTE_MCA_", "OMPI_ALLOW_", "OMPI_PREFIX"}) {
    if (name.starts_with(kept)) return false;
  }
  for (const std::string_view prefix : {"OMPI_", "PMIX_", "PRTE_", "ORTE_", "PMI_"}) {
    if (name.starts_with(prefix)) return true;
  }
  return false;
}

Environment settings_of_4(const JobSettings& job) {
  const std::string scratch = job.scratch_dir.string();
  Environment settings{{"OMPI_MCA_orte_enable_recovery", "1"},
                       {"OMPI_MCA_hwloc_base_binding_policy", "none"},
                       {"OMPI_MCA_orte_tmpdir_base", scratch},
                       {"OMPI_MCA_btl_vader_backing_directory", scratch},
                       {"OMPI_MCA_odls_base_sigkill_timeout", "2"}};
  if (job.transport == Transport::resilient) {
    settings["OMPI_MCA_btl"] = job.hosts.empty() ? "self,vader" : "self,vader,tcp";
  }
  if (job.hosts.empty()) settings["OMPI_MCA_oob_tcp_if_include"] = "lo";
  if (!job.agent.empty()) {
    settings["OMPI_MCA_plm"] = "rsh";
    settings["OMPI_MCA_plm_rsh_agent"] = job.agent;
  }
  return settings;
}

Environment settings_of_5(const JobSettings& job) {
  const std::string scratch = job.scratch_dir.string();
  Environment settings{{"PRTE_MCA_prte_tmpdir_base", scratch},
                       {"OMPI_MCA_btl_sm_backing_directory", scratch},
                       {"PRTE_MCA_odls_base_sigkill_timeout", "2"}};
  if (job.transport == Transport::resilient) settings["OMPI_MCA_btl"] = job.hosts.empty() ? "self,sm" : "self,sm,tcp";
  if (job.hosts.empty()) settings["PMIX_MCA_ptl_base_if_include"] = "lo";
  if (!job.agent.empty()) {
    settings["PRTE_MCA_plm"] = "ssh";
    settings["PRTE_MCA_plm_ssh_agent"] = job.agent;
  }
  return settings;
}

// When a silent connection between hosts is given up, unless the user has said so.
void add_keepalive(Environment& environment, bool version_4) {
  const std::string prefix = version_4 ? "OMPI_MCA_oob_tcp_keepalive_" : "PRTE_MCA_oob_tcp_keepalive_";
  environment.emplace(prefix + "time", "10");
  environment.emplace(prefix + "intvl", "5");
  environment.emplace(prefix + "probes", "4");
}

std::vector<std::string> keeper_command(const JobSettings& job) {
  std::vector<std::string> command{job.keeper_program.string(),
                                   "--cluster",
                                   job.cluster,
                                   "--cluster-dir",
                                   job.cluster_dir.string(),
                                   "--scratch-dir",
                                   job.scratch_dir.string(),
                                   "--cookie",
                                   job.cookie,
                                   "--gateways",
                                   std::to_string(job.gateways),
                                   "--engines",
                                   std::to_string(job.engines),
                                   "--bind",
                                   job.bind_address,
                                   "--ports",
                                   std::to_string(job.port_low) + "-" + std::to_string(job.port_high),
                                   "--first-port",
                                   std::to_string(job.first_port),
                                   "--durability",
                                   job.durability,
                                   "--environment-bytes-max",
                                   std::to_string(job.environment_bytes_max),
                                   "--keeping",
                                   job.keeping,
                                   "--stall-ms",
                                   std::to_string(job.stall_timeout.count()),
                                   "--arena-bytes",
                                   std::to_string(job.arena_bytes)};
  for (const std::string& module : job.modules) command.insert(command.end(), {"--module", module});
  return command;
}

void append(std::vector<std::string>& arguments, const std::vector<std::string>& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
}

// "node1:3,node2:2": the ranks of each host. A gateway takes one more place on its host, the first one on the first.
std::string slots_text(const JobSettings& job) {
  std::string text;
  for (std::size_t i = 0; i < job.hosts.size(); ++i) {
    const std::uint32_t gateways = i == 0 ? job.gateways : 0;
    if (i > 0) text += ',';
    text += job.hosts[i].name + ":" + std::to_string(job.hosts[i].engines + gateways);
  }
  return text;
}

// Other hosts begin with an environment of their own. What the loader needs there is what it needs here.
void append_hosts(std::vector<std::string>& arguments, const JobSettings& job, const Environment& environment) {
  append(arguments, {"--host", slots_text(job)});
  for (const char* name : {"GANGWAY_COOKIE", "LD_LIBRARY_PATH"}) {
    if (environment.contains(name)) append(arguments, {"-x", name});
  }
}

}  // namespace

base::Result<Mpirun> mpirun_from_version_text(const std::filesystem::path& program, const std::string& text) {
  constexpr std::string_view mark = "(Open MPI) ";
  const std::size_t place = text.find(mark);
  Mpirun mpirun{program, 0};
  if (place != std::string::npos) {
    const char* number = text.data() + place + mark.size();
    std::from_chars(number, text.data() + text.size(), mpirun.major_version);
  }
  if (mpirun.major_version >= oldest_version) return mpirun;
  const std::string first_line = text.substr(0, text.find('\n'));
  return base::Fault{program.string() + " is not the mpirun of Open MPI " + std::to_string(oldest_version) +
                     " or later (it says: '" + first_line +
                     "'); put that one first in PATH, or install it with: apt install openmpi-bin"};
}

base::Result<Mpirun> find_mpirun(const std::string& search_path) {
  std::size_t begin = 0;
  while (begin <= search_path.size()) {
    const std::size_t end = std::min(search_path.find(':', begin), search_path.size());
    const std::filesystem::path program = std::filesystem::path{search_path.substr(begin, end - begin)} / "mpirun";
    begin = end + 1;
    std::error_code error;
    if (program.has_parent_path() && std::filesystem::is_regular_file(program, error) &&
        ::access(program.c_str(), X_OK) == 0) {
      base::Result<std::string> version = output_of({program.string(), "--version"}, std::chrono::seconds(20));
      if (!version) return version.fault();
      return mpirun_from_version_text(program, version.value());
    }
  }
  return base::Fault{
      "there is no mpirun in PATH; install Open MPI with: apt install openmpi-bin (or load your site's "
      "module for it)"};
}

CommandLine mpirun_command(const Mpirun& mpirun, const JobSettings& job, const Environment& environment) {
  const bool version_4 = mpirun.major_version == 4;
  CommandLine command;
  for (const auto& [name, value] : environment) {
    if (!belongs_to_outer_job(name)) command.environment[name] = value;
  }
  Environment settings = version_4 ? settings_of_4(job) : settings_of_5(job);
  if (job.transport == Transport::resilient) settings["OMPI_MCA_pml"] = "ob1";
  settings["OMPI_MCA_mpi_yield_when_idle"] = "1";
  settings["OMPI_MCA_btl_base_warn_component_unused"] = "0";
  settings["GANGWAY_COOKIE"] = job.cookie;
  for (const auto& [name, value] : settings) command.environment[name] = value;

  const bool one_host = job.hosts.empty();
  if (!one_host) add_keepalive(command.environment, version_4);

  command.arguments.push_back(mpirun.program.string());
  if (job.as_root) command.arguments.emplace_back("--allow-run-as-root");
  if (version_4) {
    if (one_host) command.arguments.emplace_back("--oversubscribe");
    if (!one_host) append(command.arguments, {"--map-by", "slot"});
  } else {
    append(command.arguments, {"--enable-recovery", "--map-by", one_host ? ":OVERSUBSCRIBE" : "slot:OVERSUBSCRIBE",
                               "--bind-to", "none"});
  }
  if (!one_host) append_hosts(command.arguments, job, command.environment);
  append(command.arguments, {"-n", std::to_string(job.gateways + job.engines)});
  append(command.arguments, keeper_command(job));
  if (!one_host) append(command.arguments, {"--hosts", std::to_string(job.hosts.size())});
  return command;
}

bool tells_of_lost_host(std::string_view own_words) {
  // Under recovery the job goes on without that host's ranks, and this is all that is heard of it.
  for (const std::string_view mark :
       {"was unable to reliably start one or more daemons", "lost communication with a remote daemon"}) {
    if (own_words.find(mark) != std::string_view::npos) return true;
  }
  return false;
}

Environment own_environment() {
  Environment variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::size_t equals = text.find('=');
    if (equals != std::string_view::npos) variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

}  // namespace gangway::launch
