// Deaths of ranks on other nodes, as their keepers report them: MPI tells of none. A keeper writes the file
// dead-<rank> into the cluster's directory, which all hosts share.
#pragma once

#include <map>
#include <string>

namespace gangway::gateway {

/// The ranks that have a file, with the status that waitpid() gave. A file that makes no sense tells of none.
std::map<int, int> read_obituaries(const std::string& cluster_directory);

}  // namespace gangway::gateway
