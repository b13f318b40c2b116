#include "launch/process.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <map>
#include <optional>
#include <string_view>
#include <system_error>
#include <thread>

#include "launch/private_file.hpp"
#include "os/file.hpp"

namespace gangway::launch {
namespace {

std::vector<pid_t> all_pids() {
  std::vector<pid_t> pids;
  std::error_code error;
  for (std::filesystem::directory_iterator entry{"/proc", error}, end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    pid_t pid = 0;
    const auto [rest, problem] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (problem == std::errc{} && rest == name.data() + name.size()) pids.push_back(pid);
  }
  return pids;
}

// True if one of the texts, each ended by a zero byte, is `wanted`.
bool holds_text(const std::string& texts, const std::string& wanted) {
  std::size_t begin = 0;
  while (begin < texts.size()) {
    const std::size_t end = std::min(texts.find('\0', begin), texts.size());
    if (std::string_view{texts}.substr(begin, end - begin) == wanted) return true;
    begin = end + 1;
  }
  return false;
}

bool has_cookie(pid_t pid, const std::string& cookie) {
  const std::string directory = "/proc/" + std::to_string(pid);
  constexpr std::size_t bytes_max = 16 * base::mib;
  const base::Result<std::string> variables = os::read_file(directory + "/environ", bytes_max);
  if (variables && holds_text(variables.value(), std::string{cookie_variable} + "=" + cookie)) return true;
  const base::Result<std::string> arguments = os::read_file(directory + "/cmdline", bytes_max);
  return arguments && holds_text(arguments.value(), cookie);
}

bool is_ours(pid_t pid) {
  struct stat status {};
  return ::stat(("/proc/" + std::to_string(pid)).c_str(), &status) == 0 && status.st_uid == ::geteuid();
}

}  // namespace

std::vector<ProcessKey> descendants_of(pid_t ancestor) {
  std::multimap<pid_t, ProcessKey> children;
  for (const pid_t pid : all_pids()) {
    if (const std::optional<os::ProcessView> view = os::view_process(pid)) children.emplace(view->parent, view->key);
  }
  std::vector<ProcessKey> found;
  std::vector<pid_t> parents{ancestor};
  while (!parents.empty()) {
    const auto [first, last] = children.equal_range(parents.back());
    parents.pop_back();
    for (auto child = first; child != last; ++child) {
      found.push_back(child->second);
      parents.push_back(child->second.pid);
    }
  }
  return found;
}

std::vector<ProcessKey> processes_with_cookie(const std::string& cookie) {
  std::vector<ProcessKey> found;
  if (cookie.empty()) return found;
  for (const pid_t pid : all_pids()) {
    if (pid == ::getpid() || !is_ours(pid)) continue;
    const std::optional<ProcessKey> process = os::process_with_pid(pid);
    if (process && has_cookie(pid, cookie)) found.push_back(*process);
  }
  return found;
}

std::vector<ProcessKey> kill_all(const std::function<std::vector<ProcessKey>()>& list) {
  constexpr std::chrono::seconds kill_time{5};
  constexpr std::chrono::milliseconds look_interval{20};
  const auto deadline = std::chrono::steady_clock::now() + kill_time;
  bool none_before = false;
  for (;;) {
    std::vector<ProcessKey> left = list();
    if (left.empty() && none_before) return left;
    if (!left.empty() && std::chrono::steady_clock::now() >= deadline) return left;
    none_before = left.empty();
    for (const ProcessKey& process : left) send_signal(process, SIGKILL);
    std::this_thread::sleep_for(look_interval);
  }
}

std::vector<ProcessKey> kill_leftovers(const std::string& cookie) {
  return kill_all([&] {
    std::vector<ProcessKey> left = descendants_of(::getpid());
    std::erase_if(left, is_sweeper);
    for (const ProcessKey& process : processes_with_cookie(cookie)) left.push_back(process);
    return left;
  });
}

bool is_sweeper(const ProcessKey& process) {
  const base::Result<std::string> arguments = os::read_file("/proc/" + std::to_string(process.pid) + "/cmdline");
  return arguments && holds_text(arguments.value(), "--sweep");
}

}  // namespace gangway::launch
