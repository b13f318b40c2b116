// gangway-rank: the MPI program. Its keeper tells it by arguments whether it is a gateway or an engine.
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <boost/program_options.hpp>

#include "app/stderr_log.hpp"
#include "core/store.hpp"
#include "engine/rank.hpp"
#include "gateway/gateway.hpp"
#include "gateway/obituaries.hpp"
#include "journal/journal.hpp"
#include "keeper/arena.hpp"
#include "keeper/keeper_link.hpp"
#include "keeper/own_death.hpp"
#include "mpi/doorbell.hpp"
#include "mpi/world.hpp"
#include "os/file.hpp"
#include "os/host_name.hpp"
#include "os/wake_up.hpp"
#include "tls/digest.hpp"

namespace gangway::app {
namespace {

namespace options = boost::program_options;

struct Arguments {
  std::string role;
  std::string cluster;
  std::string cluster_directory;
  std::string scratch_directory;
  std::uint32_t gateways = 1;
  std::uint32_t engines = 0;
  std::string bind;
  std::string ports;
  std::uint16_t first_port = 0;
  std::string durability;
  std::uint64_t environment_bytes_max = 0;
  std::string keeping;
  std::int64_t stall_ms = 0;
  std::uint64_t arena_bytes = 0;
  std::vector<std::string> modules;
  int keeper_fd = -1;
  int arena_fd = -1;
  std::uint64_t arena_base = 0;
};

Arguments parse(int argc, char** argv) {
  Arguments a;
  options::options_description described;
  auto add = described.add_options();
  add("role", options::value(&a.role)->required());
  add("cluster", options::value(&a.cluster)->required());
  add("cluster-dir", options::value(&a.cluster_directory)->required());
  add("scratch-dir", options::value(&a.scratch_directory)->required());
  add("gateways", options::value(&a.gateways)->required());
  add("engines", options::value(&a.engines)->required());
  add("bind", options::value(&a.bind)->required());
  add("ports", options::value(&a.ports)->required());
  add("first-port", options::value(&a.first_port)->required());
  add("durability", options::value(&a.durability)->required());
  add("environment-bytes-max", options::value(&a.environment_bytes_max)->required());
  add("keeping", options::value(&a.keeping)->required());
  add("stall-ms", options::value(&a.stall_ms)->required());
  add("arena-bytes", options::value(&a.arena_bytes));
  add("module", options::value(&a.modules));
  add("keeper-fd", options::value(&a.keeper_fd)->required());
  add("arena-fd", options::value(&a.arena_fd));
  add("arena-base", options::value(&a.arena_base));
  options::variables_map map;
  options::store(options::parse_command_line(argc, argv, described), map);
  options::notify(map);
  return a;
}

base::Result<tls::Identity> gateway_identity(const std::string& directory) {
  tls::Identity identity;
  const std::pair<const char*, std::string*> files[] = {{"/gateway.pem", &identity.certificate_pem},
                                                        {"/gateway-key.pem", &identity.key_pem},
                                                        {"/authority.pem", &identity.authority_pem}};
  for (const auto& [name, text] : files) {
    base::Result<std::string> content = os::read_file(directory + name);
    if (!content) return content.fault();
    *text = std::move(content).value();
  }
  return identity;
}

/// "LOW-HIGH", as the supervisor gives it.
base::Status parse_ports(const std::string& text, tls::ListenerOptions& listener) {
  char dash = 0;
  std::istringstream in{text};
  if (in >> listener.port_low >> dash >> listener.port_high && dash == '-') return base::Done{};
  return base::Fault{"--ports " + text + " is not a range LOW-HIGH"};
}

/// How long is kept what nobody uses.
struct Keeping {
  journal::Retention history;
  base::Duration session_linger;
  base::Duration named_session_linger;
};

/// "AGE_MS,TASKS,BYTES,LINGER_MS,NAMED_LINGER_MS", as the supervisor gives it.
base::Status parse_keeping(const std::string& text, Keeping& keeping) {
  std::int64_t age_ms = 0;
  std::int64_t linger_ms = 0;
  std::int64_t named_linger_ms = 0;
  char comma = 0;
  std::istringstream in{text};
  in >> age_ms >> comma >> keeping.history.tasks_max >> comma >> keeping.history.bytes_max >> comma >> linger_ms >>
      comma >> named_linger_ms;
  if (!in) return base::Fault{"--keeping " + text + " is not five numbers"};
  keeping.history.age_max = base::milliseconds(age_ms);
  keeping.session_linger = base::milliseconds(linger_ms);
  keeping.named_session_linger = base::milliseconds(named_linger_ms);
  return base::Done{};
}

/// Which engine a rank is: engines follow the gateways, and are dealt to them in turn.
EngineId engine_of(int rank, std::uint32_t gateways) {
  return EngineId{static_cast<std::uint32_t>(rank) - gateways};
}

/// By then a keeper has noticed three times over that a rank stands still.
base::Duration far_silence_max(const Arguments& a) {
  return base::milliseconds(4 * a.stall_ms);
}

/// Every client takes a descriptor, and the usual soft limit is there for programs that use select().
void allow_many_descriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);  // without it fewer clients get in, and the log says why
}

/// The store of a gateway, with what it needs.
struct GatewayStore {
  os::WakeUp moved;                           // the journal rings it until its end
  std::unique_ptr<journal::Journal> journal;  // none: in memory
  core::MemoryStore memory;

  [[nodiscard]] gateway::StoreAccess access() {
    if (!journal) return {memory};
    return {*journal, &moved, [this] { return journal->trouble(); }};
  }
};

base::Status open_store(GatewayStore& store, const Arguments& a, const journal::Retention& history,
                        std::uint16_t number) {
  if (a.durability == "memory") return base::Done{};
  journal::JournalSettings settings;
  settings.file = a.cluster_directory + "/journal-" + std::to_string(number) + ".sqlite";
  settings.durability = a.durability == "disk" ? journal::Durability::disk : journal::Durability::commit;
  settings.hash = tls::sha256;
  settings.retention = history;
  settings.moved = [&store] { store.moved.ring(); };
  auto journal = journal::Journal::open(settings);
  if (!journal) return journal.fault();
  store.journal = std::move(journal).value();
  return base::Done{};
}

/// What was appended and not written yet has been told to nobody.
void close_store(GatewayStore& store, base::Log& log) {
  if (!store.journal) return;
  if (const base::Status closed = store.journal->close(); !closed) log.error(closed.fault().text);
  store.journal.reset();
}

/// The end of a gateway that cannot begin; the engines see it and end too.
[[noreturn]] void give_up(mpi::World& world, base::Log& log, const base::Fault& fault) {
  log.error(fault.text);
  world.leave(true, EXIT_FAILURE);
  std::abort();  // not reached
}

int run_gateway(const Arguments& a, mpi::World& world, const mpi::Doorbell& doorbell) {
  const auto number = static_cast<std::uint16_t>(world.rank());
  StderrLog log{"gateway " + std::to_string(number)};
  allow_many_descriptors();
  base::Result<tls::Identity> identity = gateway_identity(a.cluster_directory);
  if (!identity) give_up(world, log, identity.fault());
  gateway::GatewaySettings settings;
  settings.cluster = a.cluster;
  settings.number = number;
  settings.cluster_directory = a.cluster_directory;
  settings.scratch_directory = a.scratch_directory;
  settings.host = os::host_name();
  settings.far_silence_max = far_silence_max(a);
  settings.identity = std::move(identity).value();
  settings.listener.address = a.bind;
  if (const base::Status ports = parse_ports(a.ports, settings.listener); !ports) give_up(world, log, ports.fault());
  settings.listener.first_port = a.first_port;
  // Without a journal there is no spool either, and the values would be in memory, to be lost with it.
  settings.limits.environment_bytes_max = a.durability == "memory" ? 0 : a.environment_bytes_max;
  Keeping keeping;
  if (const base::Status kept = parse_keeping(a.keeping, keeping); !kept) give_up(world, log, kept.fault());
  settings.limits.session_linger = keeping.session_linger;
  settings.limits.named_session_linger = keeping.named_session_linger;
  for (std::uint32_t engine = number; engine < a.engines; engine += a.gateways) {
    settings.engine_ranks.emplace(EngineId{engine}, static_cast<int>(a.gateways + engine));
  }
  log.info("MPI grants " + std::string{world.thread_level()});
  base::Result<os::WakeUp> moved = os::WakeUp::open();
  if (!moved) give_up(world, log, moved.fault());
  GatewayStore store{std::move(moved).value(), {}, {}};
  if (const base::Status opened = open_store(store, a, keeping.history, number); !opened)
    give_up(world, log, opened.fault());
  const gateway::GatewayEnd end = gateway::run_gateway(settings, world, doorbell, store.access(), log);
  close_store(store, log);
  const int status = end.in_order ? EXIT_SUCCESS : EXIT_FAILURE;
  world.leave(end.anybody_died || !end.in_order, status);
  return status;
}

int run_engine(const Arguments& a, mpi::World& world, const mpi::Doorbell& doorbell) {
  engine::RankSettings settings;
  settings.self = {engine_of(world.rank(), a.gateways), 1, os::host_name(), ::getpid()};
  settings.gateway_rank = static_cast<int>(settings.self.id.value() % a.gateways);
  settings.module_directory = a.scratch_directory + "/modules";
  settings.modules = a.modules;
  StderrLog log{"engine " + std::to_string(settings.self.id.value())};

  base::Result<keeper::Arena> arena = keeper::Arena::map(a.arena_fd, a.arena_base);
  if (!arena) {
    log.error(arena.fault().text);
    return EXIT_FAILURE;
  }
  keeper::LinkToKeeper keeper_link{os::Descriptor{a.keeper_fd}};
  const engine::RankEnd end =
      engine::run_rank(settings, world, doorbell, arena.value(), keeper_link, tls::sha256, log);
  const int status = end.in_order ? EXIT_SUCCESS : EXIT_FAILURE;
  // Of deaths on other nodes only the gateway is told in time.
  const bool died_afar =
      !world.one_node() && !gateway::read_obituaries(a.cluster_directory, a.scratch_directory).empty();
  world.leave(end.anybody_died || died_afar || !end.in_order, status);
  return status;
}

int run(int argc, char** argv) {
  const Arguments a = parse(argc, argv);
  mpi::World world;
  base::Result<mpi::Doorbell> doorbell =
      mpi::Doorbell::open(world, a.scratch_directory, static_cast<int>(a.gateways));
  if (!doorbell) {
    StderrLog{"rank " + std::to_string(world.rank())}.error(doorbell.fault().text);
    world.leave(true, EXIT_FAILURE);
  }
  if (const base::Status marks = keeper::mark_own_death(doorbell.value().page(), world.rank()); !marks) {
    StderrLog{"rank " + std::to_string(world.rank())}.error(marks.fault().text);
    world.leave(true, EXIT_FAILURE);
  }
  return a.role == "gateway" ? run_gateway(a, world, doorbell.value()) : run_engine(a, world, doorbell.value());
}

}  // namespace
}  // namespace gangway::app

int main(int argc, char** argv) {
  try {
    return gangway::app::run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "gangway-rank: " << error.what() << "; this program is started by gangway start\n";
    return EXIT_FAILURE;
  }
}
