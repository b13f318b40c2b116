// Processes named so that a number that was given away again is never mistaken for them.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "os/descriptor.hpp"

namespace gangway::os {

/// A process of this host: its pid and when it was started, in clock ticks since the host's start.
struct ProcessKey {
  pid_t pid = 0;
  std::uint64_t start_ticks = 0;

  friend bool operator==(const ProcessKey&, const ProcessKey&) = default;
};

/// What the kernel tells about a process at one moment.
struct ProcessView {
  ProcessKey key;
  pid_t parent = 0;
  /// Of its first thread, as proc(5) has it: R runs or could, S sleeps, D waits for a device, T is stopped, t is held
  /// by a debugger.
  char state = 0;
  /// The CPU time of all its threads so far.
  std::chrono::milliseconds cpu_time{0};
};

/// The process that has this pid now, if it exists and is no zombie.
std::optional<ProcessView> view_process(pid_t pid);
std::optional<ProcessKey> process_with_pid(pid_t pid);

/// True if one of its threads waits for a device (D).
bool waits_for_device(pid_t pid);

/// The calling process.
ProcessKey this_process();

/// True while this very process exists and is no zombie.
bool is_alive(const ProcessKey& process);

/// A descriptor of this very process, which is readable when it is gone; none if it is gone already.
Descriptor open_process(const ProcessKey& process);

/// Sends a signal to this very process, and to no later one with its pid. False if it is gone.
bool send_signal(const ProcessKey& process, int signal);
/// The same by a descriptor of open_process().
bool send_signal(const Descriptor& process, int signal);

/// Waits until the process is gone, at most `time`. False if it is still there.
bool wait_until_gone(const ProcessKey& process, std::chrono::milliseconds time);
/// The same by a descriptor of open_process().
bool wait_until_gone(const Descriptor& process, std::chrono::milliseconds time);

/// Which start of this host's kernel it is, so that a ProcessKey of another one is known; empty if the system does
/// not tell.
std::string boot_id();

}  // namespace gangway::os
