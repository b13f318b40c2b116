#include "mpi/outbox.hpp"

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

#include "base/check.hpp"
#include "base/limits.hpp"
#include "mpi/check.hpp"

namespace gangway::mpi {

Outbox::Outbox(MPI_Comm communicator, int ranks, const LinkLimits& limits, Ports ports)
    : communicator_{communicator},
      limits_{limits},
      ports_{std::move(ports)},
      peers_(static_cast<std::size_t>(ranks)) {}

Outbox::~Outbox() {
  for (int rank = 0; rank < static_cast<int>(peers_.size()); ++rank) forget(rank);
}

void Outbox::send(int rank, wire::EncodedMessage message) {
  GANGWAY_CHECK(rank >= 0 && rank < static_cast<int>(peers_.size()), "there is no such rank in this MPI job");
  GANGWAY_CHECK(message.body_bytes() <= base::frame_bytes_max, "a message between ranks is larger than the bound");
  Peer& to = peer(rank);
  if (to.forgotten) return;
  if (to.waiting.empty() && window_open(to, message)) {
    start(rank, std::move(message));
    return;
  }
  to.bytes += message.body_bytes();
  to.waiting.push_back(std::move(message));
  ++waiting_;
}

bool Outbox::window_open(const Peer& to, const wire::EncodedMessage& message) const {
  if (to.sent - to.acknowledged >= limits_.window_messages) return false;
  const bool apart = placement_of(message.head.size(), message.bulk.size()).parts_apart() > 0;
  return !apart || to.transfers < limits_.window_transfers;
}

void Outbox::send_what_may_go(int rank) {
  Peer& to = peer(rank);
  while (!to.waiting.empty() && window_open(to, to.waiting.front())) {
    wire::EncodedMessage message = std::move(to.waiting.front());
    to.waiting.pop_front();
    --waiting_;
    to.bytes -= message.body_bytes();
    start(rank, std::move(message));
  }
}

void Outbox::start(int rank, wire::EncodedMessage message) {
  Peer& to = peer(rank);
  const Placement placement = placement_of(message.head.size(), message.bulk.size());
  Envelope envelope;
  envelope.number = message.number;
  envelope.head_bytes = static_cast<std::uint32_t>(message.head.size());
  envelope.bulk_bytes = static_cast<std::uint32_t>(message.bulk.size());
  if (placement.parts_apart() > 0) {
    envelope.tag = static_cast<std::uint16_t>(to.next_tag);
    to.next_tag = to.next_tag == transfer_tag_last ? transfer_tag_first : to.next_tag + 1;
  }
  ++to.sent;
  send_head(rank, envelope, placement.head_apart ? base::ByteView{} : base::ByteView{message.head},
            placement.bulk_apart ? base::ByteView{} : message.bulk.view());
  if (placement.parts_apart() > 0) start_transfer(rank, envelope.tag, placement, std::move(message));
  ports_.announce(rank);
}

void Outbox::start_transfer(int rank, int tag, Placement placement, wire::EncodedMessage message) {
  Peer& to = peer(rank);
  ++to.transfers;
  to.bytes += message.body_bytes();
  auto transfer = std::make_shared<Transfer>(Transfer{rank, placement.parts_apart(), std::move(message)});
  // Both parts may have the same tag: MPI keeps their order, and the receiver posts them in it.
  const auto send_part = [&](base::ByteView part) {
    MPI_Request request = MPI_REQUEST_NULL;
    check_mpi(MPI_Isend(part.data(), static_cast<int>(part.size()), MPI_BYTE, rank, tag, communicator_, &request),
              "MPI_Isend");
    sends_.add(request, Send{rank, nullptr, transfer});
  };
  if (placement.head_apart) send_part(transfer->message.head);
  if (placement.bulk_apart) send_part(transfer->message.bulk.view());
}

void Outbox::send_death(int rank, const DeathNotice& notice) {
  send_bare(rank, Envelope::Kind::death, std::as_bytes(std::span{&notice, 1}));
}

void Outbox::send_bare(int rank, Envelope::Kind kind, base::ByteView content) {
  if (peer(rank).forgotten) return;
  Envelope envelope;
  envelope.kind = kind;
  send_head(rank, envelope, content, {});
  ports_.announce(rank);
}

void Outbox::send_head(int rank, const Envelope& envelope, base::ByteView first, base::ByteView second) {
  Envelope complete = envelope;
  complete.delivered = ports_.acknowledge(rank);
  std::unique_ptr<HeadBuffer> buffer = take_buffer();
  std::byte* end = buffer->data();
  const auto append = [&end](const void* from, std::size_t bytes) {
    if (bytes > 0) std::memcpy(end, from, bytes);
    end += bytes;
  };
  append(&complete, sizeof complete);
  append(first.data(), first.size());
  append(second.data(), second.size());

  MPI_Request request = MPI_REQUEST_NULL;
  check_mpi(MPI_Isend(buffer->data(), static_cast<int>(end - buffer->data()), MPI_BYTE, rank, head_message_tag,
                      communicator_, &request),
            "MPI_Isend");
  int done = 0;
  check_mpi(MPI_Test(&request, &done, MPI_STATUS_IGNORE), "MPI_Test");
  if (done != 0) {
    free_buffers_.push_back(std::move(buffer));
  } else {
    sends_.add(request, Send{rank, std::move(buffer), nullptr});
  }
}

std::unique_ptr<Outbox::HeadBuffer> Outbox::take_buffer() {
  if (free_buffers_.empty()) return std::make_unique<HeadBuffer>();
  std::unique_ptr<HeadBuffer> buffer = std::move(free_buffers_.back());
  free_buffers_.pop_back();
  return buffer;
}

void Outbox::acknowledged(int rank, std::uint32_t count) {
  Peer& to = peer(rank);
  GANGWAY_CHECK(to.sent - count <= to.sent - to.acknowledged, "a rank acknowledged messages it was not sent");
  if (count == to.acknowledged) return;
  to.acknowledged = count;
  send_what_may_go(rank);
}

bool Outbox::poll() {
  std::vector<Send> done = sends_.take_done();
  for (Send& send : done) finished(std::move(send));
  return !done.empty();
}

void Outbox::finished(Send send) {
  if (send.buffer) free_buffers_.push_back(std::move(send.buffer));
  if (!send.transfer || --send.transfer->parts_left > 0) return;
  Peer& to = peer(send.rank);
  --to.transfers;
  to.bytes -= send.transfer->message.body_bytes();
  send_what_may_go(send.rank);
}

void Outbox::forget(int rank) {
  Peer& to = peer(rank);
  to.forgotten = true;
  waiting_ -= to.waiting.size();
  to.waiting.clear();
  to.bytes = 0;
  // A send cannot be cancelled, and a rendezvous may still be read: the memory stays.
  for (auto& [request, send] : sends_.take_if([rank](const Send& one) { return one.rank == rank; })) {
    check_mpi(MPI_Request_free(&request), "MPI_Request_free");
    keep_for_ever(std::move(send));
  }
}

std::size_t Outbox::queued_bytes(int rank) const {
  return peers_.at(static_cast<std::size_t>(rank)).bytes;
}

}  // namespace gangway::mpi
