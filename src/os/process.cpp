#include "os/process.hpp"

#include <unistd.h>

#include <sstream>
#include <string>

#include "os/file.hpp"

namespace gangway::os {

// The fields of /proc/<pid>/stat from the state on; the name before them is in brackets and may hold anything.
std::optional<ProcessEntry> process_entry(pid_t pid) {
  const base::Result<std::string> stat = read_file("/proc/" + std::to_string(pid) + "/stat");
  if (!stat) return std::nullopt;
  const std::size_t name_end = stat.value().rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream fields{stat.value().substr(name_end + 1)};
  char state = 0;
  ProcessEntry entry;
  entry.key.pid = pid;
  fields >> state >> entry.parent;
  constexpr int fields_before_start = 17;
  std::string skipped;
  for (int i = 0; i < fields_before_start; ++i) fields >> skipped;
  fields >> entry.key.start_ticks;
  const bool gone = state == 'Z' || state == 'X';
  if (!fields || gone) return std::nullopt;
  return entry;
}

std::optional<ProcessKey> process_with_pid(pid_t pid) {
  const std::optional<ProcessEntry> entry = process_entry(pid);
  if (!entry) return std::nullopt;
  return entry->key;
}

ProcessKey this_process() {
  return process_with_pid(::getpid()).value_or(ProcessKey{});
}

bool is_alive(const ProcessKey& process) {
  return process.pid > 0 && process_with_pid(process.pid) == process;
}

std::string boot_id() {
  const base::Result<std::string> id = read_file("/proc/sys/kernel/random/boot_id");
  return id ? id.value().substr(0, id.value().find('\n')) : std::string{};
}

}  // namespace gangway::os
