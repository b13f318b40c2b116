#include "launch/cluster_setup.hpp"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <random>
#include <string>
#include <system_error>
#include <utility>

#include "launch/installation.hpp"
#include "launch/launch_record.hpp"
#include "launch/ports.hpp"
#include "launch/private_file.hpp"
#include "launch/scratch.hpp"
#include "launch/setting_values.hpp"
#include "os/file.hpp"
#include "os/host_name.hpp"

namespace gangway::launch {
namespace {

// A cluster's certificates cannot be renewed, so they last longer than any job.
constexpr tls::Validity validity{base::seconds(-10 * 60), base::seconds(365LL * 24 * 3600)};

std::string new_cookie() {
  std::random_device random;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%08x%08x", random(), random());
  return text.data();
}

base::Result<tls::Identity> make_certificates(const ClusterDirectory& directory) {
  const base::Result<tls::Authority> authority = tls::Authority::create(directory.name(), validity);
  if (!authority) return authority.fault();
  const base::Result<tls::Identity> gateway = authority.value().issue(tls::Role::gateway, validity);
  if (!gateway) return gateway.fault();
  const base::Result<tls::Identity> client = authority.value().issue(tls::Role::client_administer, validity);
  if (!client) return client.fault();
  const std::pair<std::filesystem::path, const std::string*> files[] = {
      {directory.authority_file(), &authority.value().certificate_pem()},
      {directory.gateway_certificate(), &gateway.value().certificate_pem},
      {directory.gateway_key(), &gateway.value().key_pem},
      {directory.client_certificate(), &client.value().certificate_pem},
      {directory.client_key(), &client.value().key_pem}};
  for (const auto& [file, content] : files) {
    if (base::Status written = write_private_file(file, *content); !written) return written.fault();
  }
  return client.value();
}

base::Result<tls::Identity> read_certificates(const ClusterDirectory& directory) {
  tls::Identity identity;
  const std::pair<std::filesystem::path, std::string*> files[] = {
      {directory.authority_file(), &identity.authority_pem},
      {directory.client_certificate(), &identity.certificate_pem},
      {directory.client_key(), &identity.key_pem}};
  for (const auto& [file, content] : files) {
    base::Result<std::string> read = os::read_file(file);
    if (!read) return read.fault();
    *content = std::move(read).value();
  }
  return identity;
}

// Of another start of the host nothing lives, and its clock counted anew.
void take_charge(ClusterState& state) {
  state.supervisor = os::this_process();
  const std::string boot_id = os::boot_id();
  if (state.boot_id == boot_id) return;
  state.boot_id = boot_id;
  state.warden = {};
  state.mpirun = {};
  state.restarted_at_ms.clear();
}

LaunchRecord own_launch(const SupervisorOptions& options) {
  std::error_code unknown;
  SupervisorOptions first{options};
  first.beginning = Beginning::start;
  return {to_arguments(first), own_environment(), std::filesystem::current_path(unknown).string()};
}

base::Result<Mpirun> find_launcher() {
  const char* search_path = std::getenv("PATH");
  return find_mpirun(search_path == nullptr ? "" : search_path);
}

ClusterState first_state(const Profile& profile) {
  ClusterState state;
  state.host = os::host_name();
  state.supervisor = os::this_process();
  state.boot_id = os::boot_id();
  state.engines = profile.engines;
  state.gateways = profile.gateways;
  state.hosts = hosts_text(profile.hosts);
  state.transport = transport_text(profile.transport);
  state.durability = durability_text(profile.durability);
  state.started_unix_s = std::time(nullptr);
  return state;
}

// Clients look for it where it was.
void begin_anew(ClusterState& state, const Profile& profile) {
  const std::uint16_t port = state.port;
  state = first_state(profile);
  state.phase = Phase::restarting;
  state.port = port;
}

JobSettings job_settings(const Profile& profile, const ClusterDirectory& directory,
                         const std::filesystem::path& libexec) {
  JobSettings job;
  job.keeper_program = libexec / "gangway-keeper";
  job.cluster_dir = directory.path();
  job.cluster = directory.name();
  job.gateways = profile.gateways;
  job.engines = profile.engines;
  job.bind_address = profile.bind_address;
  job.port_low = profile.ports.low;
  job.port_high = profile.ports.high;
  job.durability = durability_text(profile.durability);
  job.environment_bytes_max = profile.environment_bytes_max;
  job.keeping = keeping_text(profile.keeping);
  job.stall_timeout = profile.stall_timeout;
  job.arena_bytes = profile.arena_bytes;
  job.hosts = profile.hosts;
  job.transport = profile.transport;
  job.agent = profile.agent;
  job.modules = profile.modules;
  job.as_root = ::geteuid() == 0;
  return job;
}

// One job's own names.
void name_job(ClusterState& state) {
  state.scratch_dir = new_scratch_path().string();
  state.cookie = new_cookie();
}

void write_command(ClusterSetup& setup) {
  setup.job.scratch_dir = setup.state.scratch_dir;
  setup.job.cookie = setup.state.cookie;
  setup.mpirun = mpirun_command(setup.launcher, setup.job, own_environment());
}

// Where a gateway listened, which ranks were dead, and how the job ended.
base::Status remove_notes(const ClusterDirectory& directory) {
  std::error_code error;
  for (std::filesystem::directory_iterator entry{directory.path(), error}, end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    const bool is_note = name.starts_with("dead-") || name == directory.job_end_file().filename() ||
                         (name.starts_with("gateway-") && name.ends_with(".json"));
    if (!is_note) continue;
    std::error_code kept;
    std::filesystem::remove(entry->path(), kept);
    if (kept) return base::Fault{"cannot remove " + entry->path().string() + ": " + kept.message()};
  }
  if (error) return base::Fault{"cannot read " + directory.path().string() + ": " + error.message()};
  return base::Done{};
}

// The gateway is on the first host: whether it finds a port can be seen here only if that is this one.
base::Status check_gateway_place(const Profile& profile) {
  const bool is_here = profile.hosts.empty() || is_this_host(profile.hosts.front().name);
  if (is_here) return check_ports(profile.bind_address, profile.ports.low, profile.ports.high);
  if (!is_loopback_address(profile.bind_address)) return base::Done{};
  return base::Fault{"the gateway would run on " + profile.hosts.front().name + " and listen on " +
                     profile.bind_address + ", where nobody on this host can reach it; name this host, " +
                     os::host_name() + ", first among the hosts, or bind to an address that others can reach"};
}

ClusterSetup assemble(const SupervisorOptions& options, const ClusterDirectory& directory, ClusterState state,
                      tls::Identity administer, const Mpirun& launcher, const std::filesystem::path& libexec,
                      os::Descriptor lock) {
  ClusterSetup setup{
      directory, std::move(state), std::move(administer), launcher, job_settings(options.profile, directory, libexec),
      {},        std::move(lock)};
  write_command(setup);
  return setup;
}

}  // namespace

base::Result<ClusterSetup> set_up_cluster(const ClusterHome& home, const SupervisorOptions& options) {
  const Profile& profile = options.profile;
  const base::Result<std::filesystem::path> libexec = libexec_directory();
  if (!libexec) return libexec.fault();
  const base::Result<Mpirun> mpirun = find_launcher();
  if (!mpirun) return mpirun.fault();
  if (base::Status fits = check_gateway_place(profile); !fits) return fits.fault();

  ClusterState state = first_state(profile);
  name_job(state);
  base::Result<ClusterDirectory> directory = home.create_cluster(profile.name, state);
  if (!directory) return directory.fault();
  base::Result<tls::Identity> administer = make_certificates(directory.value());
  base::Status made = administer ? make_scratch(state.scratch_dir) : base::Status{administer.fault()};
  if (made) made = write_launch_record(directory.value().launch_file(), own_launch(options));
  if (!made) {
    static_cast<void>(remove_scratch(state.scratch_dir));
    static_cast<void>(home.remove_cluster(profile.name));
    return made.fault();
  }
  base::Result<os::Descriptor> lock = lock_cluster(directory.value());
  return assemble(options, directory.value(), std::move(state), std::move(administer).value(), mpirun.value(),
                  libexec.value(), lock ? std::move(lock).value() : os::Descriptor{});
}

base::Result<ClusterSetup> take_over_cluster(const ClusterHome& home, const SupervisorOptions& options) {
  const ClusterDirectory directory = home.cluster(options.profile.name);
  base::Result<os::Descriptor> lock = lock_cluster(directory);
  if (!lock) return lock.fault();
  base::Result<ClusterState> state = read_state(directory.state_file());
  if (!state) return state.fault();
  const bool revives = options.beginning == Beginning::revive;
  if (revives ? !can_be_revived(state.value()) : !needs_supervisor(state.value())) {
    return base::Fault{"the cluster " + directory.name() + " needs no other supervisor any more"};
  }
  base::Status taken = revives ? check_gateway_place(options.profile) : base::Done{};
  if (revives) {
    begin_anew(state.value(), options.profile);
    if (taken) taken = write_launch_record(directory.launch_file(), own_launch(options));
  } else {
    take_charge(state.value());
    taken = write_state(directory.state_file(), state.value());
  }
  if (!taken) return taken.fault();

  const base::Result<std::filesystem::path> libexec = libexec_directory();
  if (!libexec) return libexec.fault();
  const base::Result<Mpirun> mpirun = find_launcher();
  if (!mpirun) return mpirun.fault();
  base::Result<tls::Identity> administer = read_certificates(directory);
  if (!administer) return administer.fault();
  return assemble(options, directory, std::move(state).value(), std::move(administer).value(), mpirun.value(),
                  libexec.value(), std::move(lock).value());
}

base::Status renew_job(ClusterSetup& setup, std::uint16_t first_port) {
  name_job(setup.state);
  setup.job.first_port = first_port;
  write_command(setup);
  if (base::Status removed = remove_notes(setup.directory); !removed) return removed;
  // Before anything has these names: whoever has to clean up finds them there.
  if (base::Status written = write_state(setup.directory.state_file(), setup.state); !written) return written;
  return make_scratch(setup.state.scratch_dir);
}

}  // namespace gangway::launch
