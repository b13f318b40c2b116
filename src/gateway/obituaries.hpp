// Deaths of ranks on other nodes, as keepers report them: MPI tells of none. A keeper writes the file dead-<rank>
// into the cluster's directory, which all hosts share: the status, and the scratch directory, whose name no other job
// of the cluster has.
#pragma once

#include <map>
#include <string>

namespace gangway::gateway {

/// The ranks of this job that have a file, with their status (keeper/wait_status.hpp). A file that makes no sense, or
/// that a keeper of an earlier job has written late, tells of none.
std::map<int, int> read_obituaries(const std::string& cluster_directory, const std::string& scratch_directory);

}  // namespace gangway::gateway
