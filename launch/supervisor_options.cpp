#include "launch/supervisor_options.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <random>
#include <string_view>
#include <system_error>

#include <boost/program_options.hpp>

#include "base/limits.hpp"
#include "launch/cluster_directory.hpp"
#include "launch/ports.hpp"
#include "launch/setting_values.hpp"
#include "os/descriptor.hpp"

namespace gangway::launch {
namespace {

namespace po = boost::program_options;

constexpr std::uint64_t arena_bytes_default_max = 64 * 1024 * base::mib;

std::uint64_t memory_bytes() {
  const long pages = ::sysconf(_SC_PHYS_PAGES);
  const long page_bytes = ::sysconf(_SC_PAGESIZE);
  if (pages <= 0 || page_bytes <= 0) return arena_bytes_default_max;
  return static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page_bytes);
}

std::string made_up_name() {
  std::array<char, 48> name{};
  std::snprintf(name.data(), name.size(), "run-%d-%08x", static_cast<int>(::getpid()), std::random_device{}());
  return name.data();
}

// Every host gets its number of engines: the one that is written behind it, or a fair share.
base::Status place_engines(Profile& profile) {
  if (profile.hosts.empty()) return base::Done{};
  // By way of the text: a program's hosts have to be what a profile's can be.
  base::Result<std::vector<Host>> hosts = parse_hosts(hosts_text(profile.hosts));
  if (!hosts) return base::Fault{"the list of hosts " + hosts.fault().text};
  profile.hosts = std::move(hosts).value();
  std::uint32_t counted = 0;
  for (const Host& host : profile.hosts) counted += host.engines;
  const auto places = static_cast<std::uint32_t>(profile.hosts.size());
  if (counted == 0 && profile.engines < places) {
    return base::Fault{std::to_string(profile.engines) + " engines cannot be dealt to " + std::to_string(places) +
                       " hosts; name fewer hosts"};
  }
  if (counted == 0) {
    for (std::uint32_t i = 0; i < places; ++i) {
      profile.hosts[i].engines = profile.engines / places + (i < profile.engines % places ? 1 : 0);
    }
  } else if (counted != profile.engines) {
    return base::Fault{"the hosts are given " + std::to_string(counted) + " engines, the cluster " +
                       std::to_string(profile.engines) +
                       "; leave out the numbers behind the hosts, or make them fit"};
  }
  return base::Done{};
}

base::Status check_module(const std::string& path) {
  const os::Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  constexpr std::string_view mark =
      "\x7f"
      "ELF";
  std::array<char, mark.size()> head{};
  const ssize_t count = file ? ::read(file.get(), head.data(), head.size()) : -1;
  if (count < 0) {
    return base::Fault{os::system_fault("cannot read the module " + path).text +
                       "; give the path of a library that this host has"};
  }
  if (std::string_view{head.data(), static_cast<std::size_t>(count)} == mark) return base::Done{};
  return base::Fault{"the module " + path + " is no shared library; gangway_add_library() in CMake builds one"};
}

// A start that has to fail fails here, before every engine says so in its own words. What other hosts have is not
// seen from here.
base::Status check_modules(const Profile& profile) {
  if (profile.modules.empty()) return base::Done{};
  const auto is_here = [](const Host& host) { return is_this_host(host.name); };
  if (!profile.hosts.empty() && std::ranges::none_of(profile.hosts, is_here)) return base::Done{};
  for (const std::string& module : profile.modules) {
    if (base::Status good = check_module(module); !good) return good;
  }
  return base::Done{};
}

}  // namespace

std::vector<std::string> to_arguments(const SupervisorOptions& options) {
  const Profile& profile = options.profile;
  std::vector<std::string> arguments{"--home",
                                     options.home,
                                     "--name",
                                     profile.name,
                                     "--engines",
                                     std::to_string(profile.engines),
                                     "--gateways",
                                     std::to_string(profile.gateways),
                                     "--bind",
                                     profile.bind_address,
                                     "--port-low",
                                     std::to_string(profile.ports.low),
                                     "--port-high",
                                     std::to_string(profile.ports.high),
                                     "--durability",
                                     durability_text(profile.durability),
                                     "--environment-bytes-max",
                                     std::to_string(profile.environment_bytes_max),
                                     "--keeping",
                                     keeping_text(profile.keeping),
                                     "--restarts",
                                     std::to_string(profile.restarts),
                                     "--arena-bytes",
                                     std::to_string(profile.arena_bytes),
                                     "--start-timeout-ms",
                                     std::to_string(profile.start_timeout.count()),
                                     "--stall-timeout-ms",
                                     std::to_string(profile.stall_timeout.count()),
                                     "--hosts",
                                     hosts_text(profile.hosts),
                                     "--transport",
                                     transport_text(profile.transport),
                                     "--agent",
                                     profile.agent,
                                     "--report-fd",
                                     std::to_string(options.report_fd),
                                     "--owner-pid",
                                     std::to_string(options.owner.pid),
                                     "--owner-start-ticks",
                                     std::to_string(options.owner.start_ticks),
                                     "--orphan-timeout-ms",
                                     std::to_string(profile.orphan_timeout.count())};
  if (options.beginning == Beginning::adopt) arguments.emplace_back("--adopt");
  if (options.beginning == Beginning::revive) arguments.emplace_back("--revive");
  for (const std::string& module : profile.modules) arguments.insert(arguments.end(), {"--module", module});
  return arguments;
}

base::Result<SupervisorOptions> parse_supervisor_options(int argc, const char* const* argv) {
  SupervisorOptions options;
  Profile& profile = options.profile;
  std::int64_t start_timeout_ms = 0;
  std::int64_t stall_timeout_ms = 0;
  std::int64_t orphan_timeout_ms = 0;
  bool adopts = false;
  bool revives = false;
  std::string hosts;
  std::string transport;
  std::string durability;
  std::string keeping;
  po::options_description known;
  known.add_options()("home", po::value(&options.home)->required())("name", po::value(&profile.name)->required())(
      "engines", po::value(&profile.engines)->required())("gateways", po::value(&profile.gateways)->required())(
      "bind", po::value(&profile.bind_address)->required())("port-low", po::value(&profile.ports.low)->required())(
      "port-high", po::value(&profile.ports.high)->required())(
      "arena-bytes", po::value(&profile.arena_bytes)->required())("start-timeout-ms",
                                                                  po::value(&start_timeout_ms)->required())(
      "stall-timeout-ms", po::value(&stall_timeout_ms)->required())("hosts", po::value(&hosts)->required())(
      "transport", po::value(&transport)->required())("durability", po::value(&durability)->required())(
      "environment-bytes-max", po::value(&profile.environment_bytes_max)->required())(
      "keeping", po::value(&keeping)->required())("restarts", po::value(&profile.restarts)->required())(
      "agent", po::value(&profile.agent)->required())("module", po::value(&profile.modules))(
      "report-fd", po::value(&options.report_fd)->required())("owner-pid", po::value(&options.owner.pid)->required())(
      "owner-start-ticks", po::value(&options.owner.start_ticks)->required())(
      "orphan-timeout-ms", po::value(&orphan_timeout_ms)->required())("adopt", po::bool_switch(&adopts))(
      "revive", po::bool_switch(&revives));
  try {
    po::variables_map values;
    po::store(po::command_line_parser(argc, argv).options(known).run(), values);
    po::notify(values);
  } catch (const po::error& error) {
    return base::Fault{std::string{"gangway-supervisor is started by `gangway start`, not by hand: "} + error.what()};
  }
  profile.start_timeout = std::chrono::milliseconds{start_timeout_ms};
  profile.stall_timeout = std::chrono::milliseconds{stall_timeout_ms};
  profile.orphan_timeout = std::chrono::milliseconds{orphan_timeout_ms};
  if (adopts) options.beginning = Beginning::adopt;
  if (revives) options.beginning = Beginning::revive;
  const base::Result<Transport> known_transport = parse_transport(transport);
  if (!known_transport) return base::Fault{"--transport " + known_transport.fault().text};
  profile.transport = known_transport.value();
  const base::Result<Durability> known_durability = parse_durability(durability);
  if (!known_durability) return base::Fault{"--durability " + known_durability.fault().text};
  profile.durability = known_durability.value();
  const base::Result<Keeping> known_keeping = parse_keeping(keeping);
  if (!known_keeping) return base::Fault{"--keeping " + known_keeping.fault().text};
  profile.keeping = known_keeping.value();
  if (!hosts.empty()) {
    base::Result<std::vector<Host>> known_hosts = parse_hosts(hosts);
    if (!known_hosts) return base::Fault{"--hosts " + known_hosts.fault().text};
    profile.hosts = std::move(known_hosts).value();
  }
  return options;
}

base::Result<Profile> resolve(Profile profile) {
  if (profile.name.empty()) profile.name = made_up_name();
  if (base::Status good = check_cluster_name(profile.name); !good) return good.fault();
  if (profile.engines < 1 || profile.engines > engines_max) {
    return base::Fault{"a cluster has 1 to " + std::to_string(engines_max) + " engines, not " +
                       std::to_string(profile.engines)};
  }
  if (base::Status placed = place_engines(profile); !placed) return placed.fault();
  if (profile.gateways != 1) {
    return base::Fault{"a cluster has one gateway, not " + std::to_string(profile.gateways)};
  }
  if (profile.start_timeout <= std::chrono::milliseconds{0}) {
    return base::Fault{"the time a cluster has to start must be more than nothing"};
  }
  if (profile.stall_timeout < std::chrono::seconds{1}) {
    return base::Fault{"a process that is stopped or hangs is waited for a second at least, not " +
                       std::to_string(profile.stall_timeout.count()) + " ms"};
  }
  if (profile.orphan_timeout <= std::chrono::milliseconds{0}) {
    return base::Fault{"the time a cluster works on without its supervisor must be more than nothing"};
  }
  if (profile.restarts > restarts_max) {
    return base::Fault{"a cluster is started again " + std::to_string(restarts_max) +
                       " times in ten minutes at most, not " + std::to_string(profile.restarts)};
  }
  if (profile.arena_bytes == 0) {
    // Of several hosts the fullest counts; they are taken to be alike.
    std::uint32_t neighbours = profile.hosts.empty() ? profile.engines : 1;
    for (const Host& host : profile.hosts) neighbours = std::max(neighbours, host.engines);
    profile.arena_bytes = std::min(memory_bytes() / neighbours, arena_bytes_default_max);
    profile.arena_bytes = std::max(profile.arena_bytes, arena_bytes_min);
  }
  if (profile.arena_bytes < arena_bytes_min) {
    return base::Fault{"an engine needs an arena of at least 16 MiB, not " + std::to_string(profile.arena_bytes) +
                       " bytes"};
  }
  if (profile.arena_bytes > arena_bytes_max) {
    return base::Fault{"an engine has addresses for an arena of at most 32 TiB, not for " +
                       std::to_string(profile.arena_bytes) + " bytes"};
  }
  for (std::string& module : profile.modules) {
    std::error_code error;
    module = std::filesystem::absolute(module, error).string();  // engines have another working directory
  }
  if (base::Status there = check_modules(profile); !there) return there.fault();
  return profile;
}

}  // namespace gangway::launch
