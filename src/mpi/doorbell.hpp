// This rank's bell, and how it rings those of others. MPI has nothing to wait on: a rank that has nothing to do says
// so in the node page and sleeps on a socket, and whoever sends it a message rings. Ranks of other nodes are rung
// over the network, where it lets bells pass (network_bells.hpp).
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "keeper/node_page.hpp"
#include "mpi/network_bells.hpp"
#include "os/descriptor.hpp"

namespace gangway::mpi {

class World;

/// One rank's end of the doorbells. One thread; the page and the bells behind it are shared by all ranks of the node.
class Doorbell {
 public:
  /// Maps the node page in `scratch_directory` and hangs this rank's bell there. A fault if the page cannot be
  /// made or the bell not bound. `world` outlives the doorbell. Collective if the job has more than one node. The
  /// ranks below `gateways` talk with all others, the others with them alone: the ways between those are tried.
  static base::Result<Doorbell> open(const World& world, const std::string& scratch_directory, int gateways = 1);

  /// A message for `rank` has been handed to MPI: counts it, and wakes the rank if it sleeps.
  void announce(int rank) const;

  /// How many messages have been announced to this rank.
  [[nodiscard]] std::uint64_t messages_sent_to_me() const;

  /// Says that this rank is about to wait for its bell; look for work once more before doing so. And that it is
  /// awake.
  void fall_asleep() const;
  void wake_up() const;

  /// Moves this rank's loop counter, which keepers may watch.
  void count_round() const;

  /// The socket that becomes readable when the bell rings. Owned by the doorbell.
  [[nodiscard]] int descriptor() const { return bell_.get(); }

  /// Takes rings that have arrived, up to `rings_taken_max`; returns how many. The socket stays readable while there
  /// are more. Who sleeps is rung once or twice, and a flood of rings must not keep a loop from its work.
  std::uint64_t silence() const;
  static constexpr std::uint64_t rings_taken_max = 8;

  [[nodiscard]] const World& world() const { return *world_; }

  /// The page, for who wants to look at other ranks of this node.
  [[nodiscard]] const keeper::NodePage& page() const { return page_; }
  [[nodiscard]] const keeper::Bells& bells() const { return bells_; }

  /// The bells between nodes; null if all ranks are on this node, or if no socket could be had for them: then
  /// messages from other nodes have to be looked for.
  [[nodiscard]] NetworkBells* network() const { return network_.get(); }

 private:
  Doorbell(const World& world, keeper::NodePage page, keeper::Bells bells, os::Descriptor bell);
  void open_network(int gateways);

  const World* world_;
  keeper::NodePage page_;
  keeper::Bells bells_;
  os::Descriptor bell_;
  std::unique_ptr<NetworkBells> network_;
};

}  // namespace gangway::mpi
