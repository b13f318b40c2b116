// Processes named so that a number that was given away again is never mistaken for them.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "os/descriptor.hpp"

namespace gangway::launch {

/// A process of this host: its pid and when it was started, in clock ticks since the host's start.
struct ProcessKey {
  pid_t pid = 0;
  std::uint64_t start_ticks = 0;

  friend bool operator==(const ProcessKey&, const ProcessKey&) = default;
};

/// The process that has this pid now, if it exists and is no zombie.
std::optional<ProcessKey> process_with_pid(pid_t pid);

/// The calling process.
ProcessKey this_process();

/// True while this very process exists and is no zombie.
bool is_alive(const ProcessKey& process);

/// A descriptor of this very process, which is readable when it is gone; none if it is gone already.
os::Descriptor open_process(const ProcessKey& process);

/// Sends a signal to this very process, and to no later one with its pid. False if it is gone.
bool send_signal(const ProcessKey& process, int signal);

/// Waits until the process is gone, at most `time`. False if it is still there.
bool wait_until_gone(const ProcessKey& process, std::chrono::milliseconds time);

/// All living children of `ancestor`, and theirs, and so on.
std::vector<ProcessKey> descendants_of(pid_t ancestor);

/// The environment variable that marks every process of a job.
inline constexpr const char* cookie_variable = "GANGWAY_COOKIE";

/// All living processes of this user, but for the calling one, that have `cookie` as the value of cookie_variable or
/// as one of their arguments. One that is just executing another program shows neither and may be missed: who must
/// know that none is left looks twice.
std::vector<ProcessKey> processes_with_cookie(const std::string& cookie);

/// True for a sweeper (keeper/node_scratch.hpp): it cleans up after the job on another host, and ends by itself. It
/// is seen from here only if that host is a namespace of this one.
bool is_sweeper(const ProcessKey& process);

}  // namespace gangway::launch
