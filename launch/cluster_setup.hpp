// All that is made before a cluster's first process starts: directory, certificates, scratch directory, command line.
#pragma once

#include "base/result.hpp"
#include "launch/cluster_directory.hpp"
#include "launch/mpirun.hpp"
#include "launch/state_file.hpp"
#include "launch/supervisor_options.hpp"
#include "tls/certificate.hpp"

namespace gangway::launch {

struct ClusterSetup {
  ClusterDirectory directory;
  ClusterState state;        // as it is in the directory
  tls::Identity administer;  // for the connection file and for the supervisor itself
  CommandLine mpirun;
};

/// Makes everything for a cluster whose supervisor is the calling process. A fault says what was in the way; nothing
/// is left of the attempt then.
base::Result<ClusterSetup> set_up_cluster(const ClusterHome& home, const Profile& profile);

}  // namespace gangway::launch
