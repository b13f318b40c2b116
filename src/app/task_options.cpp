#include "app/task_options.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <iostream>
#include <limits>
#include <optional>

#include <boost/program_options.hpp>

#include "app/parse_words.hpp"
#include "app/task_commands.hpp"
#include "app/usage_error.hpp"

namespace gangway::app {
namespace {

namespace po = boost::program_options;

/// What such a line says. What is not given is empty.
struct TaskLine {
  std::string cluster = "default";
  std::vector<std::string> ids;
  std::string state;
  std::string label;
  std::string engine;
  std::string session;
  std::string since;
  std::size_t limit = 100;
  std::optional<double> timeout_s;
  std::string output;
  bool all = false;
  bool json = false;
  bool help = false;
};

template <class Number>
Number number_of(const std::string& what, const std::string& text) {
  Number number{};
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || stop != end) throw UsageError{what + " must be a number, not '" + text + "'"};
  return number;
}

TaskState state_of(const std::string& text) {
  for (const TaskState state :
       {TaskState::waiting, TaskState::running, TaskState::succeeded, TaskState::failed, TaskState::dropped}) {
    if (text == text_of(state)) return state;
  }
  throw UsageError{"--state is waiting, running, succeeded, failed or dropped, not '" + text + "'"};
}

/// "90s", "10m", "3h", "2d": so long ago; else a date with or without a time, by this host's time zone.
TaskRecord::Time time_of(const std::string& text) {
  using std::chrono::seconds;
  const auto digits = static_cast<std::size_t>(
      std::find_if(text.begin(), text.end(), [](char c) { return c < '0' || c > '9'; }) - text.begin());
  constexpr std::array<std::pair<const char*, int>, 4> units{{{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86'400}}};
  for (const auto& [unit, unit_s] : units) {
    constexpr std::size_t digits_max = 9;
    if (digits == 0 || digits > digits_max || text.substr(digits) != unit) continue;
    return std::chrono::system_clock::now() - seconds{std::stoll(text.substr(0, digits)) * unit_s};
  }
  for (const char* const form : {"%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d"}) {
    std::tm fields{};
    fields.tm_isdst = -1;
    const char* const stop = ::strptime(text.c_str(), form, &fields);
    if (stop == nullptr || *stop != '\0') continue;
    return std::chrono::system_clock::from_time_t(std::mktime(&fields));
  }
  throw UsageError{"--since is a time ago, as 90s, 10m, 3h or 2d, or a date as \"2026-11-27 09:30\", not '" + text +
                   "'"};
}

po::options_description options_of(const std::string& command, TaskLine& line) {
  po::options_description options{"Options"};
  auto add = options.add_options();
  if (command == "tasks") {
    add("state", po::value(&line.state)->value_name("STATE"), "waiting, running, succeeded, failed or dropped");
    add("label", po::value(&line.label)->value_name("TEXT"), "those with this in their label, as a function's name");
    add("engine", po::value(&line.engine)->value_name("N"), "those that this engine had last");
    add("session", po::value(&line.session)->value_name("SESSION"), "those of a session, by its number or name");
    add("since", po::value(&line.since)->value_name("TIME"),
        "submitted since then: 90s, 10m, 3h, 2d ago, or a date as \"2026-11-27 09:30\"");
    add("limit", po::value(&line.limit)->value_name("N"), "the most that are shown; 100 if left out");
  } else {
    add("cluster", po::value(&line.cluster)->value_name("NAME"),
        "the cluster's name, or the path of its connection file; 'default' if left out");
  }
  if (command == "result") {
    add("timeout", po::value<double>()->value_name("SECONDS")->notifier([&](double s) { line.timeout_s = s; }),
        "how long to wait for it; until it is there if left out");
    add("output,o", po::value(&line.output)->value_name("FILE"), "write the result there, as it travelled");
  }
  if (command == "forget") add("all", po::bool_switch(&line.all), "all tasks that are done");
  if (command == "tasks" || command == "result") {
    add("json", po::bool_switch(&line.json), "print JSON, for programs");
  }
  add("help,h", po::bool_switch(&line.help), "explain this command");
  return options;
}

void explain(const std::string& command, const po::options_description& options) {
  const char* const takes = command == "tasks" ? " [NAME]" : command == "forget" ? " ID..." : " ID";
  std::cout << "gangway " << command << takes << " [OPTION...]\n\n" << options << '\n';
  if (command == "tasks") {
    std::cout << "Lists the tasks that a cluster knows, newest first: those that wait or run, and those that are\n"
                 "done, as long as its profile has them kept ([controller] history_age and the like).\n\n"
                 "Examples:\n  gangway tasks big --state failed --since 2h\n"
                 "  gangway tasks big --label cost --json\n";
  } else if (command == "result") {
    std::cout << "Waits for a task and tells its result's size, or its failure with the story of its attempts; exit\n"
                 "status 1 if it has none.\n\n"
                 "Examples:\n  gangway result 17 --cluster big\n  gangway result 17 --output result.bin\n";
  } else if (command == "resubmit") {
    std::cout << "Has the cluster run a task again, with the same arguments, as a new task, and waits for it.\n\n"
                 "Example:\n  gangway resubmit 17 --cluster big\n";
  } else {
    std::cout << "Removes tasks that are done, with their arguments and results.\n\n"
                 "Examples:\n  gangway forget 17 18 --cluster big\n  gangway forget --all\n";
  }
}

TaskLine read_line(const std::string& command, const std::vector<std::string>& arguments) {
  TaskLine line;
  const po::options_description visible = options_of(command, line);
  po::options_description all;
  all.add(visible);
  po::positional_options_description positional;
  if (command == "tasks") {
    all.add_options()("name", po::value(&line.cluster));
    positional.add("name", 1);
  } else {
    all.add_options()("id", po::value(&line.ids));
    positional.add("id", command == "forget" ? -1 : 1);
  }
  parse_words(arguments, all, positional);
  if (line.help) {
    explain(command, visible);
    return line;
  }
  if (command != "tasks" && line.ids.empty() == !line.all) {
    throw UsageError{command == "forget" ? "forget needs the numbers of tasks, or --all"
                                         : command + " needs the number of a task"};
  }
  return line;
}

TaskQuery query_of(const TaskLine& line) {
  TaskQuery query;
  if (!line.state.empty()) query.state = state_of(line.state);
  query.label = line.label;
  if (!line.engine.empty()) query.engine = EngineId{number_of<std::uint32_t>("--engine", line.engine)};
  const bool is_number = line.session.find_first_not_of("0123456789") == std::string::npos;
  if (!line.session.empty() && is_number) {
    query.session = SessionId{number_of<std::uint64_t>("--session", line.session)};
  } else {
    query.session_name = line.session;
  }
  if (!line.since.empty()) query.since = time_of(line.since);
  query.limit = line.limit;
  return query;
}

std::chrono::nanoseconds wait_max(const TaskLine& line) {
  constexpr double longest_s = 1e9;
  if (!line.timeout_s) return std::chrono::nanoseconds::max();
  if (!(*line.timeout_s >= 0 && *line.timeout_s <= longest_s)) throw UsageError{"--timeout takes seconds"};
  return std::chrono::milliseconds{static_cast<std::int64_t>(*line.timeout_s * 1000)};
}

}  // namespace

bool is_task_command(const std::string& command) {
  return command == "tasks" || command == "result" || command == "resubmit" || command == "forget";
}

ExitCode run_task_command(const launch::ClusterHome& home, const std::string& command,
                          const std::vector<std::string>& arguments) {
  const TaskLine line = read_line(command, arguments);
  if (line.help) return exit_ok;
  const Output output = line.json ? Output::json : Output::table;
  if (command == "tasks") return list_tasks(home, line.cluster, query_of(line), output);
  std::vector<TaskId> tasks;
  for (const std::string& id : line.ids) tasks.emplace_back(number_of<std::uint64_t>("a task", id));
  if (command == "forget") return forget(home, line.cluster, tasks, line.all);
  if (command == "resubmit") return resubmit(home, line.cluster, tasks.front());
  return show_result(home, line.cluster, tasks.front(), wait_max(line), line.output, output);
}

}  // namespace gangway::app
