#include "e2e/support/traces.hpp"

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <thread>

#include <boost/property_tree/json_parser.hpp>
#include <boost/property_tree/ptree.hpp>

namespace gangway::e2e {
namespace {

// What can be read of a file: that of a process may vanish meanwhile.
std::string content_of(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\0', begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

bool is_zombie_or_gone(const std::string& directory) {
  const std::string stat = content_of(directory + "/stat");
  const std::size_t name_end = stat.rfind(')');
  return name_end == std::string::npos || stat.size() < name_end + 3 || stat[name_end + 2] == 'Z' ||
         stat[name_end + 2] == 'X';
}

std::optional<pid_t> number_of(const std::string& text) {
  pid_t number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && rest == text.data() + text.size() ? std::optional{number} : std::nullopt;
}

void send(pid_t pid, int signal) {
  if (::kill(pid, signal) != 0) throw std::runtime_error{"process " + std::to_string(pid) + " was gone already"};
}

}  // namespace

std::string Process::program() const {
  return arguments.empty() ? "" : std::filesystem::path{arguments.front()}.filename().string();
}

Traces Traces::of(const std::string& cluster) {
  Traces traces;
  traces.directory = std::string{std::getenv("GANGWAY_HOME")} + "/clusters/" + cluster;
  boost::property_tree::ptree state;
  boost::property_tree::read_json(traces.directory + "/state.json", state);
  traces.scratch_dir = state.get<std::string>("scratch_dir");
  traces.cookie = state.get<std::string>("cookie");
  traces.supervisor = state.get<pid_t>("supervisor.pid");
  traces.warden = state.get<pid_t>("warden.pid");
  traces.mpirun = state.get<pid_t>("mpirun.pid");
  return traces;
}

std::vector<Process> processes_with(const std::vector<std::string>& texts) {
  std::vector<Process> found;
  for (const auto& entry : std::filesystem::directory_iterator{"/proc"}) {
    const std::optional<pid_t> pid = number_of(entry.path().filename().string());
    if (!pid || is_zombie_or_gone(entry.path().string())) continue;
    const std::string arguments = content_of(entry.path().string() + "/cmdline");
    const std::string told = arguments + content_of(entry.path().string() + "/environ");
    const bool holds_one = std::any_of(texts.begin(), texts.end(),
                                       [&](const std::string& text) { return told.find(text) != std::string::npos; });
    if (holds_one) found.push_back({*pid, split(arguments)});
  }
  return found;
}

std::vector<Process> Traces::processes() const {
  std::vector<Process> found = processes_with({cookie, scratch_dir, directory});
  // The supervisor is known by its number alone; it is asked for last, when it may have ended.
  const std::string own = "/proc/" + std::to_string(supervisor);
  const std::vector<std::string> arguments = split(content_of(own + "/cmdline"));
  const Process keeper_of_all{supervisor, arguments};
  if (!is_zombie_or_gone(own) && keeper_of_all.program() == "gangway-supervisor") found.push_back(keeper_of_all);
  return found;
}

std::vector<pid_t> Traces::pids_of(const std::string& program, const std::string& argument) const {
  std::vector<pid_t> pids;
  for (const Process& process : processes()) {
    const auto& arguments = process.arguments;
    if (process.program() == program && std::find(arguments.begin(), arguments.end(), argument) != arguments.end()) {
      pids.push_back(process.pid);
    }
  }
  if (pids.empty()) throw std::runtime_error{"no process " + program + " " + argument};
  return pids;
}

std::vector<std::string> Traces::remains() const {
  std::vector<std::string> lines;
  for (const Process& process : processes()) {
    lines.push_back("process " + std::to_string(process.pid) + " " + process.program());
  }
  for (const std::string& path : {directory, scratch_dir}) {
    if (std::filesystem::exists(path)) lines.push_back("directory " + path);
  }
  std::ifstream sockets{"/proc/net/unix"};
  for (std::string line; std::getline(sockets, line);) {
    if (line.find(scratch_dir) != std::string::npos) lines.push_back("socket " + line);
  }
  return lines;
}

testing::AssertionResult nothing_remains(const Traces& traces) {
  if (eventually([&] { return traces.remains().empty(); })) return testing::AssertionSuccess();
  testing::AssertionResult failure = testing::AssertionFailure();
  for (const std::string& line : traces.remains()) failure << "still there: " << line << '\n';
  return failure;
}

bool eventually(const std::function<bool()>& condition, std::chrono::seconds time) {
  const auto deadline = std::chrono::steady_clock::now() + time;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  return true;
}

pid_t parent_of(pid_t pid) {
  const std::string stat = content_of("/proc/" + std::to_string(pid) + "/stat");
  std::istringstream fields{stat.substr(std::min(stat.rfind(')') + 1, stat.size()))};
  std::string state;
  pid_t parent = 0;
  if (!(fields >> state >> parent)) throw std::runtime_error{"no process " + std::to_string(pid)};
  return parent;
}

void kill_at_once(pid_t pid) {
  send(pid, SIGKILL);
}

void stop_at_once(pid_t pid) {
  send(pid, SIGSTOP);
}

}  // namespace gangway::e2e
