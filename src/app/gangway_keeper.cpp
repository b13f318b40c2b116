// gangway-keeper: what mpirun starts in every place of a cluster. It takes the arguments of gangway-rank, hands them
// on, and reads for itself:
//
//   --gateways G  --engines E  --arena-bytes N      what to start: the first G ranks are gateways
//   --scratch-dir DIR      what the processes of this node share: where to tell if the rank dies
//   --cookie HEX      the cluster's, by which its processes are known; not handed on
//   --hosts N      on how many hosts the cluster is, if not on one; not handed on
//   --stall-ms N      how long a rank or keeper may stand still before it is killed
//   --rank-program PATH  --worker-program PATH      in place of those beside this one; not handed on
//
// As `gangway-keeper --sweep DIR FD` it is the sweeper of keeper/node_scratch.hpp.
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "app/stderr_log.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "keeper/keeper.hpp"
#include "keeper/node_page.hpp"
#include "keeper/node_scratch.hpp"
#include "keeper/node_watch.hpp"
#include "keeper/obituary.hpp"

namespace gangway {
namespace {

/// What is not handed on.
constexpr std::string_view own_options[] = {"--rank-program", "--worker-program", "--hosts", "--cookie"};

/// The command line: pairs of a name with two dashes and a value.
struct CommandLine {
  std::map<std::string, std::string> options;
  std::vector<std::string> for_rank;

  static base::Result<CommandLine> parse(const std::vector<std::string>& arguments) {
    CommandLine line;
    for (std::size_t i = 0; i < arguments.size(); i += 2) {
      const std::string& name = arguments[i];
      if (!name.starts_with("--") || i + 1 == arguments.size()) {
        return base::Fault{"the argument " + name +
                           " is not an option with a value; this program is started by gangway start"};
      }
      line.options[name] = arguments[i + 1];
      if (std::ranges::find(own_options, name) != std::end(own_options)) continue;
      line.for_rank.insert(line.for_rank.end(), {name, arguments[i + 1]});
    }
    return line;
  }

  [[nodiscard]] std::string text(const std::string& name, const std::string& otherwise = {}) const {
    const auto found = options.find(name);
    return found == options.end() ? otherwise : found->second;
  }

  [[nodiscard]] base::Result<std::uint64_t> number(const std::string& name) const {
    const std::string value = text(name);
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (value.empty() || error != std::errc{} || end != value.data() + value.size()) {
      return base::Fault{"the option " + name + " needs a whole number, not \"" + value + "\""};
    }
    return number;
  }
};

/// The rank's number in the MPI job, which the launcher tells every process that it starts; the keeper links no MPI.
std::optional<int> world_rank() {
  for (const char* name : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"}) {
    const char* const value = std::getenv(name);
    if (value == nullptr) continue;
    const std::string_view text{value};
    int rank = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), rank);
    const bool whole = error == std::errc{} && end == text.data() + text.size();
    if (whole && rank >= 0 && rank < keeper::node_page_ranks_max) return rank;
  }
  return std::nullopt;
}

base::Result<keeper::Obituary> obituary_of(const CommandLine& line) {
  const auto gateways = line.number("--gateways");
  if (!gateways) return gateways.fault();
  const auto engines = line.number("--engines");
  if (!engines) return engines.fault();
  keeper::ObituarySettings settings;
  settings.gateways = static_cast<int>(gateways.value());
  settings.ranks = static_cast<int>(gateways.value() + engines.value());
  settings.scratch_directory = line.text("--scratch-dir");
  if (line.options.contains("--hosts")) settings.cluster_directory = line.text("--cluster-dir");
  return keeper::Obituary::open(std::move(settings));
}

base::Result<keeper::SilenceLimits> silence_limits_of(const CommandLine& line) {
  if (!line.options.contains("--stall-ms")) return keeper::SilenceLimits{};
  const auto stall = line.number("--stall-ms");
  if (!stall) return stall.fault();
  return keeper::SilenceLimits::with_dead(std::chrono::milliseconds{stall.value()});
}

base::Result<keeper::KeeperSettings> settings_of(const CommandLine& line, int rank) {
  keeper::KeeperSettings settings;
  const auto gateways = line.number("--gateways");
  if (!gateways) return gateways.fault();
  const bool is_gateway = static_cast<std::uint64_t>(rank) < gateways.value();
  settings.role = is_gateway ? keeper::Role::gateway : keeper::Role::engine;
  if (settings.role == keeper::Role::engine) {
    const auto bytes = line.number("--arena-bytes");
    if (!bytes) return bytes.fault();
    if (bytes.value() == 0) return base::Fault{"--arena-bytes is 0; an engine needs memory for its named values"};
    settings.arena_bytes = bytes.value();
  }
  std::error_code failed;
  const auto here = std::filesystem::read_symlink("/proc/self/exe", failed).parent_path();
  settings.rank_program = line.text("--rank-program", (here / "gangway-rank").string());
  settings.worker_program = line.text("--worker-program", (here / "gangway-worker").string());
  settings.rank_arguments = {"--role", is_gateway ? "gateway" : "engine"};
  settings.rank_arguments.insert(settings.rank_arguments.end(), line.for_rank.begin(), line.for_rank.end());
  return settings;
}

base::Result<int> run(const std::vector<std::string>& arguments, std::optional<int> rank, base::Log& log) {
  if (!rank) return base::Fault{"no rank number in the environment: this program is started by mpirun"};
  const auto line = CommandLine::parse(arguments);
  if (!line) return line.fault();
  auto settings = settings_of(line.value(), *rank);
  if (!settings) return settings.fault();
  const std::string scratch = line.value().text("--scratch-dir");
  const auto share = keeper::NodeScratch::join(scratch, line.value().text("--cookie"), {"--sweep", scratch});
  if (!share) return share.fault();
  const auto obituary = obituary_of(line.value());
  if (!obituary) return obituary.fault();
  const auto limits = silence_limits_of(line.value());
  if (!limits) return limits.fault();
  keeper::NodeWatch watch{obituary.value(), *rank, limits.value(), log};
  keeper::Keeper keeper{std::move(settings).value(), watch,
                        [&](int status) { obituary.value().publish(*rank, status); }, log};
  return keeper.run();
}

/// From here on all that this process, its rank and its workers write passes through mpirun's standard output. What
/// comes on its standard error is its own, and the warden goes by it: see tells_of_lost_host().
void leave_standard_error_to_mpirun() {
  ::dup2(STDOUT_FILENO, STDERR_FILENO);
}

/// `arguments` are: --sweep DIR FD
int run_sweeper(const std::vector<std::string>& arguments, base::Log& log) {
  int fd = -1;
  const std::string& number = arguments[2];
  std::from_chars(number.data(), number.data() + number.size(), fd);
  auto launcher = os::Descriptor::adopt(fd);
  const base::Status swept =
      launcher ? keeper::sweep(arguments[1], std::move(launcher).value()) : base::Status{launcher.fault()};
  if (swept) return EXIT_SUCCESS;
  log.error(swept.fault().text);
  return EXIT_FAILURE;
}

}  // namespace
}  // namespace gangway

int main(int argc, char** argv) {
  const auto rank = gangway::world_rank();
  gangway::app::StderrLog log{rank ? "keeper of rank " + std::to_string(*rank) : std::string{"keeper"}};
  if (argc == 4 && std::string_view{argv[1]} == "--sweep") {
    return gangway::run_sweeper({argv + 1, argv + argc}, log);
  }
  gangway::leave_standard_error_to_mpirun();
  const auto code = gangway::run({argv + 1, argv + argc}, rank, log);
  if (code) return code.value();
  log.error(code.fault().text);
  return EXIT_FAILURE;
}
