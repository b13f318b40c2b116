// The scratch directory on this node: what the processes of one cluster on one host share in files. It holds the node
// page, the modules, and what MPI keeps in files while the job runs.
//
// On the supervisor's host the supervisor makes and removes it. On the other hosts of a cluster nobody is there
// before the keepers and nobody after them: the first keeper makes it, and starts a sweeper. That is a process of its
// own, out of reach of what ends the job, which waits until the launcher's daemon and all keepers of this node are
// gone, however they went, kills what they may have left, and removes the directory.
//
//   <scratch>/owner      whose it is to remove; made by the supervisor, else by the first keeper, with the cookie in
//   it <scratch>/keepers    locked by each keeper, as long as it lives
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "os/descriptor.hpp"

namespace gangway::keeper {

/// A keeper's share in the scratch directory of its node.
class NodeScratch {
 public:
  /// Makes what is missing of the directory and, on a host without a supervisor, starts the sweeper: the running
  /// program with `sweeper_arguments`, to which a descriptor's number is added. To be called before the process has
  /// threads or children. A fault if the directory is not ours alone or cannot be made.
  static base::Result<NodeScratch> join(const std::string& path, const std::string& cookie,
                                        const std::vector<std::string>& sweeper_arguments);

 private:
  explicit NodeScratch(os::Descriptor lock) : lock_{std::move(lock)} {}

  os::Descriptor lock_;
};

/// What a sweeper does. `launcher` is a pidfd of the process that started the keepers of this node. Returns when all
/// is gone, or as much of it as can be in bounded time after the launcher's end.
base::Status sweep(const std::string& path, os::Descriptor launcher);

}  // namespace gangway::keeper
