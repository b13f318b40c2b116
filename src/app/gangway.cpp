// gangway: the command line. It reads the arguments; src/app/commands.cpp does the work.
#include <charconv>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <boost/program_options.hpp>

#include "app/commands.hpp"

namespace gangway::app {
namespace {

namespace po = boost::program_options;

constexpr const char* default_name = "default";

constexpr const char* overview = R"(gangway starts and stops clusters of C++ engines, and shows what they do.

  gangway start [NAME] [-n ENGINES]   start a cluster on this host
  gangway stop [NAME]                 stop it, or remove what is left of it
  gangway list                        show the clusters of this account
  gangway status [NAME]               show one cluster and what it is doing
  gangway engines [NAME]              show its engines
  gangway COMMAND --help              explain one command

NAME is 'default' if it is left out. Clusters keep their files in $GANGWAY_HOME, or
else in ~/.local/state/gangway.

Exit status: 0 done, 1 failed, 2 wrong usage, 3 no cluster of that name.

Examples:
  gangway start -n 4          start the cluster 'default' with four engines
  gangway engines --json      its engines, for programs
  gangway stop                stop it
)";

struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// One command line after the command's name.
struct Line {
  std::string name = default_name;
  std::string ports;
  std::string arena;
  double timeout_s = 0;
  Profile profile;
  bool json = false;
  bool help = false;
};

po::options_description options_of(const std::string& command, Line& line) {
  po::options_description options{"Options"};
  auto add = options.add_options();
  if (command == "start") {
    const unsigned cores = std::max(std::thread::hardware_concurrency(), 1U);
    add("engines,n", po::value(&line.profile.engines)->default_value(cores)->value_name("N"),
        "how many engines; as many as there are processors if left out");
    add("bind", po::value(&line.profile.bind_address)->default_value("127.0.0.1")->value_name("ADDRESS"),
        "the address the gateway listens on; 0.0.0.0 for all of this host's");
    add("ports", po::value(&line.ports)->value_name("LOW-HIGH"), "the ports it may take; any free one if left out");
    add("arena", po::value(&line.arena)->value_name("BYTES"),
        "the most memory the arrays of one engine may take; K, M and G are understood");
    add("timeout", po::value(&line.timeout_s)->default_value(60)->value_name("SECONDS"),
        "how long the engines may take to come up");
  }
  if (command == "list" || command == "status" || command == "engines") {
    add("json", po::bool_switch(&line.json), "print JSON, for programs");
  }
  add("help,h", po::bool_switch(&line.help), "explain this command");
  return options;
}

PortRange parse_ports(const std::string& text) {
  PortRange range;
  const char* const end = text.data() + text.size();
  const auto low = std::from_chars(text.data(), end, range.low);
  const bool is_range = low.ec == std::errc{} && low.ptr != end && *low.ptr == '-';
  if (is_range) {
    const auto high = std::from_chars(low.ptr + 1, end, range.high);
    if (high.ec == std::errc{} && high.ptr == end) return range;
  }
  throw UsageError{"--ports takes a range such as 7000-7010, not '" + text + "'"};
}

std::uint64_t parse_bytes(const std::string& text) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  const std::string unit{rest, end};
  int shift = -1;
  if (unit.empty()) shift = 0;
  if (unit == "K") shift = 10;
  if (unit == "M") shift = 20;
  if (unit == "G") shift = 30;
  if (error == std::errc{} && shift >= 0 && number <= (std::uint64_t{1} << 63 >> shift)) return number << shift;
  throw UsageError{"--arena takes a number of bytes such as 512M or 16G, not '" + text + "'"};
}

void explain(const std::string& command, const po::options_description& options) {
  const bool takes_name = command != "list";
  std::cout << "gangway " << command << (takes_name ? " [NAME]" : "") << " [OPTION...]\n\n" << options << '\n';
  if (command == "start") {
    std::cout << "Examples:\n  gangway start -n 4\n  gangway start big -n 16 --bind 0.0.0.0 --ports 7000-7010\n";
  } else if (command == "stop") {
    std::cout << "Examples:\n  gangway stop\n  gangway stop big\n";
  } else {
    std::cout << "Examples:\n  gangway " << command << "\n  gangway " << command << (takes_name ? " big" : "")
              << " --json\n";
  }
}

// Nothing if the command was explained and is not to be carried out.
std::optional<Line> read_line(const std::string& command, const std::vector<std::string>& arguments) {
  Line line;
  const po::options_description visible = options_of(command, line);
  po::options_description all;
  all.add(visible);
  po::positional_options_description positional;
  if (command != "list") {
    all.add_options()("name", po::value(&line.name)->default_value(default_name));
    positional.add("name", 1);
  }
  try {
    po::variables_map values;
    po::store(po::command_line_parser(arguments).options(all).positional(positional).run(), values);
    po::notify(values);
  } catch (const po::error& error) {
    throw UsageError{error.what()};
  }
  if (line.help) {
    explain(command, visible);
    return std::nullopt;
  }
  line.profile.name = line.name;
  if (!line.ports.empty()) line.profile.ports = parse_ports(line.ports);
  if (!line.arena.empty()) line.profile.arena_bytes = parse_bytes(line.arena);
  constexpr double timeout_s_max = 24 * 3600;
  if (command == "start" && !(line.timeout_s > 0 && line.timeout_s <= timeout_s_max)) {
    throw UsageError{"--timeout takes seconds, at most a day"};
  }
  line.profile.start_timeout = std::chrono::milliseconds{static_cast<std::int64_t>(line.timeout_s * 1000)};
  return line;
}

ExitCode carry_out(const std::string& command, const Line& line) {
  const base::Result<launch::ClusterHome> home = launch::ClusterHome::of_account();
  if (!home) {
    complain(home.fault().text);
    return exit_failure;
  }
  const Output output = line.json ? Output::json : Output::table;
  if (command == "start") return start(home.value(), line.profile);
  if (command == "stop") return stop(home.value(), line.name);
  if (command == "list") return list(home.value(), output);
  if (command == "status") return status(home.value(), line.name, output);
  return engines(home.value(), line.name, output);
}

ExitCode run(std::vector<std::string> arguments) {
  const std::string command = arguments.empty() ? "" : arguments.front();
  if (command == "--help" || command == "-h" || command == "help") {
    std::cout << overview;
    return exit_ok;
  }
  if (command.empty()) throw UsageError{"say what to do: start, stop, list, status or engines"};
  const bool known =
      command == "start" || command == "stop" || command == "list" || command == "status" || command == "engines";
  if (!known) throw UsageError{"there is no command '" + command + "'"};
  arguments.erase(arguments.begin());
  const std::optional<Line> line = read_line(command, arguments);
  return line ? carry_out(command, *line) : exit_ok;
}

}  // namespace
}  // namespace gangway::app

int main(int argc, char** argv) {
  try {
    return gangway::app::run({argv + 1, argv + argc});
  } catch (const gangway::app::UsageError& error) {
    gangway::app::complain(std::string{error.what()} + "; `gangway --help` explains");
    return gangway::app::exit_usage;
  } catch (const std::exception& error) {
    gangway::app::complain(error.what());
    return gangway::app::exit_failure;
  }
}
