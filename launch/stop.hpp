// Stopping a cluster from another process than its supervisor.
#pragma once

#include <string>

#include "base/result.hpp"
#include "launch/cluster_directory.hpp"

namespace gangway::launch {

/// Ends a cluster and returns when no process, shared memory or file of it is left on this host. If its supervisor is
/// alive it is told to, and waited for; if it is dead, hangs or left something, the caller does the work. None of
/// that name is fine. Takes a second as a rule, half a minute at most. A fault says what could not be removed, or on
/// which host the cluster must be stopped.
base::Status stop_cluster(const ClusterHome& home, const std::string& name);

}  // namespace gangway::launch
