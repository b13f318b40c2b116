// Messages between this rank and all others: in order for each pair of ranks, none lost while both live, nothing
// that blocks. One thread.
//
// A message is a small head message and, for what does not fit into it, a transfer of its own: the head says how many
// bytes follow, the receiver provides memory and MPI writes straight into it. Messages that overtook a transfer wait
// for it, so the order holds. Head messages are below MPI's eager limit: a rank that dies cannot leave one half
// received.
//
// Everything is bounded. A peer is sent at most `window_messages` it has not acknowledged and `window_transfers` at a
// time; what is beyond waits in a queue of that peer. Those queues are as long as the caller lets them become: the
// controller's windows (base::Limits: attempts and bytes of an engine) are what bounds them; see queued_bytes(). The
// bytes a receiver has in transfers at one time are bounded by `receiving_bytes_max`; further transfers wait at their
// senders.
//
// MPI does not tell of a death. Who learns of one calls forget().
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "base/bytes.hpp"
#include "base/limits.hpp"
#include "wire/codec.hpp"

namespace gangway::mpi {

class World;
class Doorbell;

/// Bounds of a link. All ranks of a job use the same.
struct LinkLimits {
  /// Messages to one peer that it has not acknowledged.
  std::uint32_t window_messages = 64;
  /// Messages with a transfer to one peer whose bytes are under way. One would do for a dead peer's sake; a few keep
  /// small objects from waiting for each other's handshake.
  std::uint32_t window_transfers = 4;
  /// Transfers being received from all peers together; a single one may always begin.
  std::size_t receiving_bytes_max = 256 * base::mib;
};

/// Memory for a transfer that arrives.
struct Landing {
  std::span<std::byte> memory;        // exactly as many bytes as asked for; its start a multiple of 64
  std::shared_ptr<const void> owner;  // keeps `memory` alive: for as long as the delivered bytes are held
};

/// Memory of its own, aligned for arrays, that lives as long as its owner is held.
Landing heap_landing(std::size_t bytes);

/// What a link tells its user. All are called from poll() only, on its thread.
struct LinkEvents {
  /// A message has arrived. May call send() and forget(). `bulk` is what `allocate` provided, or shares memory with
  /// `head` when it was small; its first byte then also lies at a multiple of 64.
  std::function<void(int source, std::uint8_t number, base::SharedBytes head, base::SharedBytes bulk)> deliver;

  /// Memory for a bulk of `bytes` bytes that did not fit into its head message. Must succeed, and leave the link
  /// alone. Empty: heap memory.
  std::function<Landing(int source, std::size_t bytes)> allocate;

  /// A rank has told of the death of another one on its node, see Link::tell_death(); several may tell the same. May
  /// be empty. May call send() and forget().
  std::function<void(int rank, int status)> death_told = {};
};

/// The messages of one rank.
class Link {
 public:
  /// `world` and `doorbell` outlive the link. Only one link may exist in a process at a time.
  Link(const World& world, const Doorbell& doorbell, LinkEvents events, LinkLimits limits = {});
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;
  /// Takes back what it had posted. What MPI may still read or write is leaked on purpose; none if idle().
  ~Link();

  /// Sends a message to `rank`, which may be this one. Takes the message over and returns at once; its shared bytes
  /// are released when they have been sent. Its body is at most base::frame_bytes_max. Dropped if the rank was
  /// forgotten.
  void send(int rank, wire::EncodedMessage message);

  /// Has the rank answer, whatever else is under way: received_from() rises when it has. Not more often than once in
  /// seconds: it goes past all windows.
  void ask(int rank);

  /// Tells `to`, on another node, that a rank of this one is dead; `status` as in keeper/wait_status.hpp.
  void tell_death(int to, int rank, int status);

  /// Moves everything that can move, up to a bound that keeps a busy link from starving its neighbours, and delivers
  /// what has arrived. True if anything moved. Not to be called from within an event.
  bool poll();

  /// A rank is dead: whatever waits for it is dropped, incomplete messages from it vanish, later sends to it are
  /// dropped. Memory that MPI could still touch on its behalf is kept for ever; LinkLimits bounds it. Idempotent.
  void forget(int rank);

  /// Bytes of messages to `rank` that the link still holds: waiting in its queue or under way.
  [[nodiscard]] std::size_t queued_bytes(int rank) const;

  /// True if nothing sent is waiting or under way, and nothing is being received.
  [[nodiscard]] bool idle() const;

  /// True while messages wait for a window to open.
  [[nodiscard]] bool waiting() const;

  /// True while MPI needs to be polled for transfers to go on, in either direction.
  [[nodiscard]] bool transferring() const;

  /// Messages received so far from ranks of this node, acknowledgements included; for comparison with
  /// Doorbell::messages_sent_to_me().
  [[nodiscard]] std::uint64_t received_on_node() const;

  /// Messages received so far from a rank of another node, acknowledgements included; for comparison with what its
  /// bells say.
  [[nodiscard]] std::uint64_t received_from(int rank) const;

  /// Bytes of a message that travel in its head message.
  static constexpr std::size_t inline_bytes_max = 3840;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gangway::mpi
