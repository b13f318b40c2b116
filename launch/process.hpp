// The processes of a job: what started what, and what carries the job's mark.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "os/process.hpp"

namespace gangway::launch {

using os::ProcessKey;

/// All living children of `ancestor`, and theirs, and so on.
std::vector<ProcessKey> descendants_of(pid_t ancestor);

/// The environment variable that marks every process of a job.
inline constexpr const char* cookie_variable = "GANGWAY_COOKIE";

/// All living processes of this user, but for the calling one, that have `cookie` as the value of cookie_variable or
/// as one of their arguments. One that is just executing another program shows neither and may be missed: who must
/// know that none is left looks twice.
std::vector<ProcessKey> processes_with_cookie(const std::string& cookie);

/// Kills what `list` finds, again and again until two looks in a row have found none. What is still there after five
/// seconds.
std::vector<ProcessKey> kill_all(const std::function<std::vector<ProcessKey>()>& list);

/// The same with what is left of a job: descendants of the calling process, but for sweepers, and whatever has the
/// cookie. For who has started the job, or takes in its orphans.
std::vector<ProcessKey> kill_leftovers(const std::string& cookie);

/// True for a sweeper (keeper/node_scratch.hpp): it cleans up after the job on another host, and ends by itself. It
/// is seen from here only if that host is a namespace of this one.
bool is_sweeper(const ProcessKey& process);

}  // namespace gangway::launch
