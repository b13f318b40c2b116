// Starting a cluster from a program.
#pragma once

#include <filesystem>
#include <string>

#include <gangway/profile.hpp>

#include "base/result.hpp"
#include "launch/cluster_directory.hpp"

namespace gangway::launch {

/// Who ends a cluster.
enum class Ownership {
  owned,    ///< it ends with the calling process, or before
  detached  ///< it runs until it is stopped
};

/// A cluster that is ready.
struct StartedCluster {
  std::string name;
  std::filesystem::path directory;
  std::filesystem::path connection_file;
  bool revived = false;
};

/// Starts a cluster by way of a supervisor of its own, and waits until its engines are ready. A fault says in one
/// sentence what was in the way; nothing of the cluster is left then. When the calling process ends meanwhile, the
/// start is given up. One of that name that has ended is revived: it is as the profile has it, with its certificates
/// and its journal; then these stay whatever happens.
base::Result<StartedCluster> start_cluster(const ClusterHome& home, const Profile& profile, Ownership ownership);

}  // namespace gangway::launch
