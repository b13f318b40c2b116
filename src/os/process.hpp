// Processes named so that a number that was given away again is never mistaken for them.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

namespace gangway::os {

/// A process of this host: its pid and when it was started, in clock ticks since the host's start.
struct ProcessKey {
  pid_t pid = 0;
  std::uint64_t start_ticks = 0;

  friend bool operator==(const ProcessKey&, const ProcessKey&) = default;
};

/// A process and who started it.
struct ProcessEntry {
  ProcessKey key;
  pid_t parent = 0;
};

/// The process that has this pid now, if it exists and is no zombie.
std::optional<ProcessEntry> process_entry(pid_t pid);
std::optional<ProcessKey> process_with_pid(pid_t pid);

/// The calling process.
ProcessKey this_process();

/// True while this very process exists and is no zombie.
bool is_alive(const ProcessKey& process);

/// Which start of this host's kernel it is, so that a ProcessKey of another one is known; empty if the system does
/// not tell.
std::string boot_id();

}  // namespace gangway::os
