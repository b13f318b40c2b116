// Giving a cluster a new supervisor when its own was killed.
//
// The job works on meanwhile: its warden sees to that, see warden.hpp. A new supervisor takes the lock of the cluster
// (lock_cluster()), writes itself into state.json and goes on where the old one was. Of several that try, one gets
// the lock, and the others wait until it has taken over.
#pragma once

#include <string>

#include "base/result.hpp"
#include "launch/cluster_directory.hpp"

namespace gangway::launch {

/// Gives the cluster a new supervisor if it needs one: see needs_supervisor(). If the job has ended meanwhile, that
/// one starts it again. Fine if there is nothing to do, or no such cluster. A fault tells why it was not possible,
/// and what to do.
base::Status adopt_cluster(const ClusterHome& home, const std::string& name);

}  // namespace gangway::launch
