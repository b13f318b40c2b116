// Who looks after whom on a node: each keeper after its own rank, and after the keeper of the next rank. What is
// stopped (SIGSTOP) or hangs is killed, and only when it is certainly dead is that told to anybody: nothing of it can
// come back.
//
//   a rank's loop stands still            its keeper kills it
//   a keeper stands still                 its neighbour kills its rank, then it; its workers go with it
//   a keeper is gone, and did not leave   its neighbour kills its rank, if it has not ended by itself
//
// A keeper that is alone on its node has no neighbour: nobody looks after it.
#pragma once

#include <sys/types.h>

#include <optional>

#include "base/instant.hpp"
#include "base/log.hpp"
#include "keeper/obituary.hpp"
#include "keeper/silence.hpp"
#include "os/descriptor.hpp"
#include "os/process.hpp"

namespace gangway::keeper {

/// One keeper's share in this. Belongs to its thread.
class NodeWatch {
 public:
  /// `obituary` and `log` outlive it. `own_rank` is the rank that this process keeps.
  NodeWatch(const Obituary& obituary, int own_rank, const SilenceLimits& limits, base::Log& log);

  /// The rank runs: from now on it is looked after, and so is this process by its neighbour.
  void begin(pid_t rank);

  /// The end of this process needs no attention: it has told of its rank's end itself.
  void leave();

  /// Looks, if it is time to. True if the own rank stands still for good and has to be killed.
  bool look(base::Instant now);

  [[nodiscard]] base::Instant next_look() const;

 private:
  struct Neighbour {
    int rank = 0;
    os::ProcessKey keeper;
    os::Descriptor process;  // the keeper's
    Silence silence;
  };
  /// One that is being killed.
  struct Fenced {
    int rank = 0;
    int status = 0;  // what is told of it
    pid_t keeper_pid = 0;
    os::Descriptor keeper;
    os::Descriptor process;
  };

  bool own_rank_is_dead();
  void look_at_neighbour();
  void choose_neighbour();
  void fence(int status);
  void finish_fence();
  [[nodiscard]] NodeSlot& slot(int rank) const { return obituary_.page().slot(rank); }

  const Obituary& obituary_;
  int own_rank_;
  SilenceLimits limits_;
  base::Log& log_;
  pid_t rank_pid_ = 0;
  Silence rank_silence_;
  std::optional<Neighbour> neighbour_;
  std::optional<Fenced> fenced_;
  base::Instant next_look_;
  base::Instant next_fence_look_;
};

}  // namespace gangway::keeper
