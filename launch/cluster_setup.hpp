// All that is made before a cluster's first process starts: directory, certificates, scratch directory, command line;
// what is made anew when it is started again; and what of it another supervisor finds.
#pragma once

#include <cstdint>

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
  Mpirun launcher;
  JobSettings job;
  CommandLine mpirun;   // follows from these
  os::Descriptor lock;  // see lock_cluster(); empty where the file system has no locks
};

/// Makes everything for a cluster whose supervisor is the calling process. A fault says what was in the way; nothing
/// is left of the attempt then.
base::Result<ClusterSetup> set_up_cluster(const ClusterHome& home, const SupervisorOptions& options);

/// Makes the calling process the supervisor of a cluster that is there. One that is to be adopted has to need it: see
/// needs_supervisor(); its job is left alone. One that is to be revived must be such that it can: see
/// can_be_revived(); it becomes as the profile has it, and nothing is written but launch before its next job has its
/// names. A fault if another process takes it over just now, or says what was in the way.
base::Result<ClusterSetup> take_over_cluster(const ClusterHome& home, const SupervisorOptions& options);

/// Makes what the next job of the same cluster needs for itself: another scratch directory and another cookie, so
/// that nothing of the last one, here or on other hosts, is taken for its own; and takes away what the last one has
/// left in the cluster's directory and this one must not read. Directory, certificates and journal stay. The gateway
/// tries `first_port` before the profile's ports. A fault says what was in the way; the state has the new names in
/// any case.
base::Status renew_job(ClusterSetup& setup, std::uint16_t first_port);

}  // namespace gangway::launch
