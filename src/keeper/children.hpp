// The children of this process, those included that it never started: as the subreaper it inherits what its workers
// leave behind.
#pragma once

#include <sys/types.h>

#include <span>
#include <vector>

#include "base/instant.hpp"

namespace gangway::keeper {

/// Pids of all children, ended ones that nobody has waited for included. Empty on a kernel that does not list them.
std::vector<pid_t> list_children();

/// Kills the children outside the process groups `spared`, with their groups. Returns how many there were.
int kill_children_except(std::span<const pid_t> spared);

/// Kills and collects all children and what they leave behind, for at most `wait_max`.
void kill_all_children(base::Duration wait_max);

}  // namespace gangway::keeper
