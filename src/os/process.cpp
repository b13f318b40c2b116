#include "os/process.hpp"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <string>
#include <system_error>

#include "os/file.hpp"

namespace gangway::os {
namespace {

// The fields of a stat file from the state on; the name before them is in brackets and may hold anything.
std::optional<std::string> read_stat(const std::string& directory) {
  const base::Result<std::string> stat = read_file(directory + "/stat");
  if (!stat) return std::nullopt;
  const std::size_t name_end = stat.value().rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  return stat.value().substr(name_end + 1);
}

}  // namespace

std::optional<ProcessView> view_process(pid_t pid) {
  const std::optional<std::string> stat = read_stat("/proc/" + std::to_string(pid));
  if (!stat) return std::nullopt;
  std::istringstream fields{*stat};
  ProcessView view;
  view.key.pid = pid;
  fields >> view.state >> view.parent;
  std::string skipped;
  constexpr int fields_before_times = 9;
  for (int i = 0; i < fields_before_times; ++i) fields >> skipped;
  std::int64_t user_ticks = 0;
  std::int64_t system_ticks = 0;
  fields >> user_ticks >> system_ticks;
  view.cpu_time = std::chrono::milliseconds{(user_ticks + system_ticks) * 1000 / ::sysconf(_SC_CLK_TCK)};
  constexpr int fields_before_start = 6;
  for (int i = 0; i < fields_before_start; ++i) fields >> skipped;
  fields >> view.key.start_ticks;
  if (!fields || view.state == 'Z' || view.state == 'X') return std::nullopt;
  return view;
}

std::optional<ProcessKey> process_with_pid(pid_t pid) {
  const std::optional<ProcessView> view = view_process(pid);
  if (!view) return std::nullopt;
  return view->key;
}

bool waits_for_device(pid_t pid) {
  std::error_code error;
  const std::string tasks = "/proc/" + std::to_string(pid) + "/task";
  for (std::filesystem::directory_iterator entry{tasks, error}, end; !error && entry != end; entry.increment(error)) {
    const std::optional<std::string> stat = read_stat(entry->path().string());
    if (stat && stat->starts_with(" D")) return true;
  }
  return false;
}

ProcessKey this_process() {
  return process_with_pid(::getpid()).value_or(ProcessKey{});
}

bool is_alive(const ProcessKey& process) {
  return process.pid > 0 && process_with_pid(process.pid) == process;
}

Descriptor open_process(const ProcessKey& process) {
  if (process.pid <= 0) return Descriptor{};
  Descriptor handle{static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0))};
  // The number may have been given away before the pidfd was open; not afterwards.
  if (!handle || !is_alive(process)) return Descriptor{};
  return handle;
}

bool send_signal(const Descriptor& process, int signal) {
  return process && ::syscall(SYS_pidfd_send_signal, process.get(), signal, nullptr, 0) == 0;
}

bool send_signal(const ProcessKey& process, int signal) {
  return send_signal(open_process(process), signal);
}

bool wait_until_gone(const Descriptor& process, std::chrono::milliseconds time) {
  if (!process) return true;
  pollfd wait{process.get(), POLLIN, 0};
  const auto deadline = std::chrono::steady_clock::now() + time;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (::poll(&wait, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0))) > 0) return true;
    if (left.count() <= 0) return false;
  }
}

bool wait_until_gone(const ProcessKey& process, std::chrono::milliseconds time) {
  return wait_until_gone(open_process(process), time);
}

std::string boot_id() {
  const base::Result<std::string> id = read_file("/proc/sys/kernel/random/boot_id");
  return id ? id.value().substr(0, id.value().find('\n')) : std::string{};
}

}  // namespace gangway::os
