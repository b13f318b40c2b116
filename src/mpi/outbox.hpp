// The sending half of a link: a queue and a window for each peer, and the sends under way.
#pragma once

#include <mpi.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "mpi/envelope.hpp"
#include "mpi/link.hpp"
#include "mpi/requests.hpp"
#include "wire/codec.hpp"

namespace gangway::mpi {

/// What a rank has to send. One thread.
class Outbox {
 public:
  /// `acknowledge(rank)` is asked while a head message is written: the count of that rank's messages that were
  /// delivered here. `announce(rank)` is called when a head message has been handed to MPI.
  struct Ports {
    std::function<std::uint32_t(int rank)> acknowledge;
    std::function<void(int rank)> announce;
  };

  Outbox(MPI_Comm communicator, int ranks, const LinkLimits& limits, Ports ports);
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;
  ~Outbox();

  /// Sends, or queues behind what waits already.
  void send(int rank, wire::EncodedMessage message);

  /// Tells `rank` what was delivered here, outside of any window: it is what opens them.
  void send_acknowledgement(int rank) { send_bare(rank, Envelope::Kind::acknowledgement); }

  /// Likewise; asks for an acknowledgement.
  void send_question(int rank) { send_bare(rank, Envelope::Kind::question); }

  /// Likewise.
  void send_death(int rank, const DeathNotice& notice);

  /// `rank` says that it has delivered `count` messages of ours so far.
  void acknowledged(int rank, std::uint32_t count);

  /// Looks after the sends under way. True if any was finished.
  bool poll();

  /// See Link::forget().
  void forget(int rank);

  [[nodiscard]] std::size_t queued_bytes(int rank) const;
  [[nodiscard]] bool waiting() const { return waiting_ > 0; }
  [[nodiscard]] bool under_way() const { return !sends_.empty(); }

 private:
  using HeadBuffer = std::array<std::byte, head_message_bytes_max>;

  // A message with a transfer, until all its parts are sent.
  struct Transfer {
    int rank = 0;
    int parts_left = 0;
    wire::EncodedMessage message;
  };

  // One send: either a head message in a buffer, or a part of a transfer.
  struct Send {
    int rank = 0;
    std::unique_ptr<HeadBuffer> buffer;
    std::shared_ptr<Transfer> transfer;
  };

  struct Peer {
    std::deque<wire::EncodedMessage> waiting;
    std::size_t bytes = 0;           // bodies of waiting messages and of transfers under way
    std::uint32_t sent = 0;          // messages handed to MPI, wrapping
    std::uint32_t acknowledged = 0;  // of those, delivered by the peer
    std::uint32_t transfers = 0;
    int next_tag = transfer_tag_first;
    bool forgotten = false;
  };

  [[nodiscard]] Peer& peer(int rank) { return peers_[static_cast<std::size_t>(rank)]; }
  [[nodiscard]] bool window_open(const Peer& to, const wire::EncodedMessage& message) const;
  void send_what_may_go(int rank);
  void start(int rank, wire::EncodedMessage message);
  void send_bare(int rank, Envelope::Kind kind, base::ByteView content = {});
  void start_transfer(int rank, int tag, Placement placement, wire::EncodedMessage message);
  void send_head(int rank, const Envelope& envelope, base::ByteView first, base::ByteView second);
  std::unique_ptr<HeadBuffer> take_buffer();
  void finished(Send send);

  MPI_Comm communicator_;
  LinkLimits limits_;
  Ports ports_;
  std::vector<Peer> peers_;
  std::size_t waiting_ = 0;
  Requests<Send> sends_;
  std::vector<std::unique_ptr<HeadBuffer>> free_buffers_;
};

}  // namespace gangway::mpi
