// The loop of a rank: one thread that serves MPI, sockets and timers (Asio), and the rank's own work.
//
// While there is something to do it never sleeps. Then it spins for a moment, gives the core away for a moment
// longer, and at last sleeps until its bell rings, a socket or timer of the io_context fires, or the user's deadline
// comes. Before a long sleep it polls MPI twice, since MPI looks at its requests first and progresses afterwards, and
// compares how many messages were sent to it with how many it has; if one is missing it only naps. While a rank on
// another node has messages for it and cannot ring (network_bells.hpp), it looks for them: every 50 us at first, less
// often the longer nothing comes, every `polling_interval_max` in the end.
//
// The loop owns nothing: it serves objects that its maker keeps.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include <boost/asio/io_context.hpp>

#include "base/instant.hpp"

namespace gangway::mpi {

class World;
class Doorbell;
class Link;

/// What a rank does in its loop. All are called on the loop's thread and may call stop().
struct LoopEvents {
  /// Called in every round: does what is to be done without waiting; true if it did something. Also called between
  /// falling asleep and sleeping. Must be given.
  std::function<bool()> turn;

  /// How long the loop may sleep at most, seen from now; a sleep ends up to a millisecond later. May be empty: as
  /// long as it likes.
  std::function<base::Duration()> sleep_max;

  /// Called with true before the last look for work that precedes a sleep, and with false afterwards. Who sends work
  /// by other roads than MPI and Asio (a worker's channel) hears from it whether this rank needs to be woken. May be
  /// empty.
  std::function<void(bool)> asleep;

  /// A rank of this node has died, with the status waitpid() gave. Called once for each. What it had sent completely
  /// was delivered before, and the link has forgotten it. May be empty.
  std::function<void(int rank, int wait_status)> rank_died;
};

/// How long a message from another node may lie, at most, before a rank that has to look for messages finds it.
inline constexpr base::Duration polling_interval_max = base::milliseconds(5);

/// What a loop has done; for tests and diagnosis.
struct LoopCounts {
  std::uint64_t rounds = 0;
  std::uint64_t sleeps = 0;  // long ones, which a bell ends
  std::uint64_t naps = 0;    // short ones, while MPI had something half done
  std::uint64_t bells = 0;   // rings received
};

/// One rank's loop.
class Loop {
 public:
  /// Everything outlives the loop. `io` is run by nobody else.
  Loop(const World& world, const Doorbell& doorbell, Link& link, boost::asio::io_context& io, LoopEvents events);
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop();

  /// Runs until stop(). May be called again afterwards. Not from within an event.
  void run();

  /// Makes run() return after the current round. On the loop's thread only: from an event or an Asio handler.
  void stop();

  [[nodiscard]] LoopCounts counts() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gangway::mpi
