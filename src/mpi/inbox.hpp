// The receiving half of a link: a queue for each source that keeps its order, and the transfers under way.
#pragma once

#include <mpi.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "base/bytes.hpp"
#include "mpi/envelope.hpp"
#include "mpi/link.hpp"
#include "mpi/requests.hpp"

namespace gangway::mpi {

/// What a rank is being sent. One thread.
class Inbox {
 public:
  /// `send_acknowledgement(rank)` is called when a rank must hear what was delivered, or its window would close.
  Inbox(MPI_Comm communicator, int ranks, const LinkLimits& limits, LinkEvents events,
        std::function<void(int rank)> send_acknowledgement);
  Inbox(const Inbox&) = delete;
  Inbox& operator=(const Inbox&) = delete;
  ~Inbox();

  /// A head message of kind `message` arrived; `content` is what follows the envelope and is copied. Delivers it if
  /// it is complete and next.
  void arrived(int source, const Envelope& envelope, base::ByteView content);

  /// Looks after the transfers under way and delivers what they completed. True if any was finished.
  bool poll();

  /// How many messages of `rank` were delivered, for a message to it that says so.
  std::uint32_t acknowledge(int rank);

  /// See Link::forget().
  void forget(int rank);

  /// True if transfers are under way or wait to begin.
  [[nodiscard]] bool transferring() const { return !receives_.empty() || !to_begin_.empty(); }

 private:
  // A message that arrived and is not delivered. It stays at its address until then.
  struct Incoming {
    int source = 0;
    Envelope envelope;
    base::SharedBytes head;
    base::SharedBytes bulk;
    int parts_left = 0;
  };

  // One receive of a part. The owner is here again: the memory must outlive a message that is forgotten.
  struct Receive {
    Incoming* message = nullptr;
    int source = 0;
    std::shared_ptr<const void> owner;
  };

  struct Peer {
    std::deque<Incoming> arrived;
    std::uint32_t delivered = 0;     // wrapping
    std::uint32_t acknowledged = 0;  // what the peer was told of it
    std::size_t receiving_bytes = 0;
    bool forgotten = false;
  };

  [[nodiscard]] Peer& peer(int rank) { return peers_[static_cast<std::size_t>(rank)]; }
  void begin_transfers();
  void begin(Incoming& message);
  void receive_part(Incoming& message, const Landing& landing);
  void deliver_complete(int source);

  MPI_Comm communicator_;
  LinkLimits limits_;
  LinkEvents events_;
  std::function<void(int rank)> send_acknowledgement_;
  std::vector<Peer> peers_;
  std::deque<Incoming*> to_begin_;
  std::size_t receiving_bytes_ = 0;
  Requests<Receive> receives_;
};

}  // namespace gangway::mpi
