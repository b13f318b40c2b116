// Starting a child process the way a keeper does: in a process group of its own, dying with its parent, with exactly
// the descriptors it is meant to have.
#pragma once

#include <sys/types.h>

#include <csignal>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace gangway::keeper {

struct SpawnRequest {
  /// Path of the program; PATH is not searched.
  std::string program{};
  /// What follows argv[0].
  std::vector<std::string> arguments{};
  /// Descriptors of the caller that the child gets under the same numbers, besides 0, 1 and 2.
  std::vector<int> descriptors{};
  /// The signal mask of the child.
  sigset_t signal_mask{};
  /// SIGPIPE: ignored (a rank, which must outlive its peers) or as usual.
  bool ignore_sigpipe = false;
  /// What the end of the calling thread sends to the child.
  int death_signal = SIGKILL;
  /// A process that runs user code: standard input is empty, inherited descriptors of unknown purpose are closed, and
  /// nothing in the environment lets it pass for a rank. A rank keeps all three: its MPI may need them.
  bool is_worker = false;
};

/// Starts the program and returns its pid once the exec has succeeded; the caller waits for its end. The child is the
/// leader of its process group and gets `death_signal` when the calling *thread* ends. A fault names the step that
/// failed.
base::Result<pid_t> spawn(const SpawnRequest& request);

}  // namespace gangway::keeper
