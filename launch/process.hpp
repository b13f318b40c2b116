// Processes of this host: found, signalled and waited for.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

#include "os/descriptor.hpp"
#include "os/process.hpp"

namespace gangway::launch {

using os::is_alive;
using os::process_with_pid;
using os::ProcessKey;
using os::this_process;

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
