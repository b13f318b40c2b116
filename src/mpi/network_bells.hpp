// Bells between nodes: UDP datagrams. Whether UDP passes between two ranks, in both directions, is tried at the
// start; where it does not, a rank that waits for messages of the other looks for them by itself (loop.hpp).
//
//   probe   "I am rank r; I have (not) heard you; I know (not) that you hear me"
//           sent until both are known, at first often, later every few seconds; answered as long as the other does
//           not know
//   ring    "so many messages have I sent you so far": wakes the receiver, which then looks until it has got them
//
// Every rank draws a cookie at its start and tells it the others by MPI. A datagram that does not carry the cookie of
// the rank it goes to, or does not come from the address of the rank it names, is ignored. Whoever knows a cookie,
// and can forge an address, can wake a rank and have it look for messages for a moment, and nothing else.
//
// No ring is trusted: a loop sleeps for a tenth of a second at most.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "base/instant.hpp"
#include "base/result.hpp"
#include "mpi/networks.hpp"

namespace gangway::mpi {

/// Where a rank is rung; as it lies in memory it travels by MPI. Port 0: nowhere.
struct BellPlace {
  std::uint64_t cookie = 0;
  std::uint32_t address = 0;  // in the host's byte order, as port
  std::uint16_t port = 0;
  std::uint16_t zeros = 0;
};

/// What is known of the way to a rank on another node.
struct BellWay {
  int rank = 0;
  bool heard = false;     // its datagrams arrive here
  bool hears_us = false;  // and ours there

  [[nodiscard]] bool open() const { return heard && hears_us; }
  friend bool operator==(const BellWay&, const BellWay&) = default;
};

/// One rank's end of the bells between nodes. One thread.
class NetworkBells {
 public:
  /// Opens the socket, bound to `address` at a port that the system chooses, and draws the cookie. A fault if that is
  /// not possible.
  static base::Result<NetworkBells> open(NetworkAddress address);

  NetworkBells(NetworkBells&& other) noexcept;
  NetworkBells& operator=(NetworkBells&& other) noexcept;
  ~NetworkBells();

  /// Where the others ring this rank.
  [[nodiscard]] BellPlace place() const { return own_; }

  /// Tells who the others are: once, before anything that follows. `places` is by rank. `remote` are the ranks on
  /// other nodes; those of `talking` are the ones whose messages this rank waits for, and the ways to them are tried.
  void meet(int own_rank, std::span<const BellPlace> places, std::span<const int> remote,
            std::span<const int> talking);

  /// A message for the rank has been handed to MPI: rings it, at once or, when it was rung a moment ago and will
  /// still be awake, by ring_owed().
  void announce(int rank, base::Instant now);

  /// Rings whoever was announced messages since it was rung; who was rung just now has to wait, unless `all`.
  void ring_owed(base::Instant now, bool all = false);

  /// Sends the probes that are due.
  void probe(base::Instant now);

  /// When the next probes are due; nothing if all ways are known to be open.
  [[nodiscard]] std::optional<base::Instant> next_probe() const;

  /// Takes and answers what has arrived; returns how many good datagrams it was.
  int receive(base::Instant now);

  /// True if the messages of which rings told have not all arrived. `received` tells how many have come from a rank.
  /// What does not come for long is no longer waited for.
  bool missing(base::Instant now, const std::function<std::uint64_t(int rank)>& received);

  /// True if a rank whose messages this rank waits for cannot be heard: messages have to be looked for.
  [[nodiscard]] bool must_poll() const { return unheard_ > 0; }

  /// Messages came while this rank slept and nothing woke it: those of them that no ring told of (`received` as
  /// above) throw doubt on the ways they came by. Those are tried again.
  void doubt(base::Instant now, const std::function<std::uint64_t(int rank)>& received);

  /// A rank is dead.
  void forget(int rank);

  /// The ways to those that this rank talks with, and a number that changes whenever they do.
  [[nodiscard]] std::vector<BellWay> ways() const;
  [[nodiscard]] std::uint64_t changes() const { return changes_; }

  /// The socket that becomes readable when a datagram arrives. Owned by this.
  [[nodiscard]] int descriptor() const { return socket_; }

 private:
  struct Datagram;
  struct Peer {
    BellPlace place;
    BellWay way;
    bool talking = false;
    bool owed = false;           // rings
    bool awaited = false;        // messages
    std::uint64_t sent = 0;      // messages announced to it
    std::uint64_t promised = 0;  // messages it says to have sent
    base::Instant rung;
    base::Instant promised_at;
  };

  NetworkBells(int socket, BellPlace own) : socket_{socket}, own_{own} {}
  [[nodiscard]] Peer* peer(int rank);
  void send(const Peer& to, bool is_probe) const;
  void ring(Peer& to, base::Instant now);
  void heard(Peer& from, const Datagram& datagram, base::Instant now);
  void count_ways();

  int socket_ = -1;
  BellPlace own_;
  int own_rank_ = 0;
  std::vector<Peer> peers_;
  std::vector<int> place_of_rank_;  // in peers_; -1: on this node
  std::vector<std::size_t> owed_;
  std::vector<std::size_t> awaited_;
  int unheard_ = 0;
  int unopened_ = 0;
  std::uint64_t changes_ = 0;
  base::Instant next_probe_;
  base::Duration probe_interval_;
};

}  // namespace gangway::mpi
