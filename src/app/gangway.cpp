// gangway: the command line. It reads the arguments; src/app/commands.cpp does the work.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iostream>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/program_options.hpp>

#include "app/commands.hpp"
#include "app/journal_commands.hpp"
#include "app/parse_words.hpp"
#include "app/task_options.hpp"
#include "app/usage_error.hpp"
#include "launch/profile_file.hpp"
#include "launch/setting_values.hpp"

namespace gangway::app {
namespace {

namespace po = boost::program_options;

constexpr const char* default_name = "default";

constexpr const char* overview = R"(gangway starts and stops clusters of C++ engines, and shows what they do.

  gangway start [NAME] [-n ENGINES]   start a cluster on this host, or as --profile has it
  gangway stop [NAME]                 stop it, or remove what is left of it
  gangway list                        show the clusters of this account
  gangway status [NAME]               show one cluster and what it is doing
  gangway engines [NAME]              show its engines
  gangway tasks [NAME]                list its tasks, also those that are done
  gangway result ID                   tell the result of a task, or why there is none
  gangway resubmit ID                 run a task again
  gangway forget ID...                remove tasks that are done
  gangway build DIR [--cluster NAME]  compile C++ sources on a cluster and load them there
  gangway journal ACTION [NAME]       check, compact or export its journal while it is down
  gangway COMMAND --help              explain one command
  gangway --version                   which gangway this is

NAME is 'default' if it is left out. Clusters keep their files in $GANGWAY_HOME, or
else in ~/.local/state/gangway.

Exit status: 0 done, 1 failed, 2 wrong usage, 3 no cluster of that name, 4 a journal is
damaged.

Examples:
  gangway start -n 4          start the cluster 'default' with four engines
  gangway engines --json      its engines, for programs
  gangway stop                stop it
)";

// One command line after the command's name. What is not given is empty.
struct Line {
  std::string name;
  std::string profile;
  std::optional<std::uint32_t> engines;
  std::string bind;
  std::string ports;
  std::string arena;
  std::optional<double> timeout_s;
  std::vector<std::string> modules;
  std::string directory;
  std::vector<std::string> flags;
  std::string action;
  bool salvage = false;
  bool payloads = false;
  bool json = false;
  bool help = false;
};

po::options_description options_of(const std::string& command, Line& line) {
  po::options_description options{"Options"};
  auto add = options.add_options();
  if (command == "start") {
    add("profile,p", po::value(&line.profile)->value_name("FILE"),
        "the settings of the cluster; a path, or the name of a profile. The options below go before it");
    add("engines,n",
        po::value<std::uint32_t>()->value_name("N")->notifier([&](std::uint32_t n) { line.engines = n; }),
        "how many engines; as many as there are processors if left out");
    add("bind", po::value(&line.bind)->value_name("ADDRESS"),
        "the address the gateway listens on; 127.0.0.1 if left out, 0.0.0.0 for all of its host's");
    add("ports", po::value(&line.ports)->value_name("LOW-HIGH"), "the ports it may take; any free one if left out");
    add("arena", po::value(&line.arena)->value_name("BYTES"),
        "the most memory the arrays of one engine may take; K, M and G are understood");
    add("module", po::value(&line.modules)->value_name("PATH"),
        "a library that the engines load before they are ready; may be given several times");
    add("timeout", po::value<double>()->value_name("SECONDS")->notifier([&](double s) { line.timeout_s = s; }),
        "how long the engines may take to come up; 60 if left out");
  }
  if (command == "build") {
    add("cluster", po::value(&line.name)->value_name("NAME"),
        "the cluster's name, or the path of its connection file; 'default' if left out");
    add("flag", po::value(&line.flags)->value_name("FLAG"),
        "goes to the compiler, as in --flag=-O3; may be given several times");
  }
  if (command == "list" || command == "status" || command == "engines") {
    add("json", po::bool_switch(&line.json), "print JSON, for programs");
  }
  if (command == "journal") {
    add("salvage", po::bool_switch(&line.salvage),
        "check: rescue what can be read of a damaged journal into a new one; the damaged one is kept");
    add("payloads", po::bool_switch(&line.payloads), "export: operations and results too, in base64");
  }
  add("help,h", po::bool_switch(&line.help), "explain this command");
  return options;
}

template <class T>
T value_of(const char* option, base::Result<T> value) {
  if (!value) throw UsageError{std::string{option} + " " + value.fault().text};
  return std::move(value).value();
}

void explain(const std::string& command, const po::options_description& options) {
  const bool takes_name = command != "list" && command != "build";
  const char* const takes = command == "build"     ? " DIR"
                            : command == "journal" ? " ACTION [NAME]"
                            : takes_name           ? " [NAME]"
                                                   : "";
  std::cout << "gangway " << command << takes << " [OPTION...]\n\n" << options << '\n';
  if (command == "build") {
    std::cout
        << "Compiles the C++ sources in DIR into one library and loads it at all engines. Its functions that\n"
           "GANGWAY_REGISTER() names can then be called from programs of any build.\n\n"
           "Examples:\n  gangway build solver\n  gangway build solver --cluster big --flag=-O3 --flag=-lfftw3\n";
  } else if (command == "journal") {
    std::cout << "NAME is a cluster that is down, or the path of its directory or of a journal. ACTION is one of\n"
                 "  check    tell whether the journal is good; exit status 4 if it is damaged, 1 if it cannot be\n"
                 "           opened or a cluster uses it\n"
                 "  compact  give back the room that removed tasks have left\n"
                 "  export   write sessions, modules and tasks, one JSON object a line; of times only differences\n"
                 "           count\n\n"
                 "Examples:\n  gangway journal check big\n  gangway journal check big --salvage\n"
                 "  gangway journal export big > tasks.jsonl\n";
  } else if (command == "start") {
    std::cout << "Examples:\n  gangway start -n 4\n  gangway start big -n 16 --bind 0.0.0.0 --ports 7000-7010\n"
              << "  gangway start --profile big.ini\n";
  } else if (command == "stop") {
    std::cout << "Examples:\n  gangway stop\n  gangway stop big\n";
  } else {
    std::cout << "Examples:\n  gangway " << command << "\n  gangway " << command << (takes_name ? " big" : "")
              << " --json\n";
  }
}

void check_journal_line(const Line& line) {
  if (line.action != "check" && line.action != "compact" && line.action != "export") {
    throw UsageError{"journal needs check, compact or export" +
                     (line.action.empty() ? std::string{} : ", not '" + line.action + "'")};
  }
  if (line.salvage && line.action != "check") throw UsageError{"--salvage goes with check"};
  if (line.payloads && line.action != "export") throw UsageError{"--payloads goes with export"};
}

// Nothing if the command was explained and is not to be carried out.
std::optional<Line> read_line(const std::string& command, const std::vector<std::string>& arguments) {
  Line line;
  const po::options_description visible = options_of(command, line);
  po::options_description all;
  all.add(visible);
  po::positional_options_description positional;
  if (command == "build") {
    all.add_options()("directory", po::value(&line.directory));
    positional.add("directory", 1);
  } else if (command != "list") {
    if (command == "journal") {
      all.add_options()("action", po::value(&line.action));
      positional.add("action", 1);
    }
    all.add_options()("name", po::value(&line.name));
    positional.add("name", 1);
  }
  parse_words(arguments, all, positional);
  if (line.help) {
    explain(command, visible);
    return std::nullopt;
  }
  if (command == "build" && line.directory.empty()) throw UsageError{"build needs the directory of the sources"};
  if (command == "journal") check_journal_line(line);
  constexpr double timeout_s_max = 24 * 3600;
  if (line.timeout_s && !(*line.timeout_s > 0 && *line.timeout_s <= timeout_s_max)) {
    throw UsageError{"--timeout takes seconds, at most a day"};
  }
  return line;
}

// The profile of the line's file, if it names one, with what the line says otherwise. A fault is the file's; what is
// wrong with the line is thrown.
base::Result<Profile> profile_of(const Line& line) {
  Profile profile = Profile::local(std::max(std::thread::hardware_concurrency(), 1U));
  profile.name = default_name;
  if (!line.profile.empty()) {
    base::Result<Profile> loaded = launch::load_profile(line.profile);
    if (!loaded) return loaded.fault();
    profile = std::move(loaded).value();
    if (!line.name.empty()) {
      profile.name = line.name;
    } else if (profile.name.empty()) {
      profile.name = std::filesystem::path{line.profile}.stem().string();
      if (!launch::check_cluster_name(profile.name)) {
        return base::Fault{
            line.profile +
            ": the file's name cannot be a cluster's; write 'name = ...' in [cluster], or give a name: "
            "gangway start NAME --profile FILE"};
      }
    }
  } else if (!line.name.empty()) {
    profile.name = line.name;
  }
  if (!line.modules.empty()) profile.modules = line.modules;
  if (line.engines) profile.engines = *line.engines;
  if (!line.bind.empty()) profile.bind_address = line.bind;
  if (!line.ports.empty()) profile.ports = value_of("--ports", launch::parse_ports(line.ports));
  if (!line.arena.empty()) profile.arena_bytes = value_of("--arena", launch::parse_arena(line.arena));
  if (line.timeout_s) {
    profile.start_timeout = std::chrono::milliseconds{static_cast<std::int64_t>(*line.timeout_s * 1000)};
  }
  return profile;
}

ExitCode start_as(const launch::ClusterHome& home, const Line& line) {
  const base::Result<Profile> profile = profile_of(line);
  if (profile) return start(home, profile.value());
  complain(profile.fault().text);
  return exit_failure;
}

ExitCode journal_as(const launch::ClusterHome& home, const std::string& name, const Line& line) {
  if (line.action == "check") return journal_check(home, name, line.salvage ? Damage::rescue : Damage::tell);
  if (line.action == "compact") return journal_compact(home, name);
  return journal_export(home, name, line.payloads ? Payloads::include : Payloads::leave_out);
}

ExitCode carry_out(const std::string& command, const Line& line) {
  const base::Result<launch::ClusterHome> home = launch::ClusterHome::of_account();
  if (!home) {
    complain(home.fault().text);
    return exit_failure;
  }
  const Output output = line.json ? Output::json : Output::table;
  const std::string name = line.name.empty() ? default_name : line.name;
  if (command == "start") return start_as(home.value(), line);
  if (command == "stop") return stop(home.value(), name);
  if (command == "build") return build(home.value(), name, line.directory, line.flags);
  if (command == "journal") return journal_as(home.value(), name, line);
  if (command == "list") return list(home.value(), output);
  if (command == "status") return status(home.value(), name, output);
  return engines(home.value(), name, output);
}

ExitCode task_command(const std::string& command, const std::vector<std::string>& arguments) {
  const base::Result<launch::ClusterHome> home = launch::ClusterHome::of_account();
  if (home) return run_task_command(home.value(), command, arguments);
  complain(home.fault().text);
  return exit_failure;
}

ExitCode run(std::vector<std::string> arguments) {
  const std::string command = arguments.empty() ? "" : arguments.front();
  if (command == "--help" || command == "-h" || command == "help") {
    std::cout << overview;
    return exit_ok;
  }
  if (command == "--version") {
    std::cout << "gangway " GANGWAY_VERSION "\n";
    return exit_ok;
  }
  if (command.empty())
    throw UsageError{
        "say what to do: start, stop, list, status, engines, tasks, result, resubmit, forget, "
        "build or journal"};
  if (is_task_command(command)) return task_command(command, {arguments.begin() + 1, arguments.end()});
  constexpr std::array known{"start", "stop", "list", "status", "engines", "build", "journal"};
  if (std::find(known.begin(), known.end(), command) == known.end())
    throw UsageError{"there is no command '" + command + "'"};
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
