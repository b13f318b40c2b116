#include "mpi/inbox.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "base/check.hpp"
#include "base/limits.hpp"
#include "mpi/check.hpp"

namespace gangway::mpi {

namespace {

constexpr std::size_t landing_alignment_bytes = 64;

std::size_t rounded_up(std::size_t bytes) {
  return (bytes + landing_alignment_bytes - 1) / landing_alignment_bytes * landing_alignment_bytes;
}

std::size_t body_bytes(const Envelope& envelope) {
  return std::size_t{envelope.head_bytes} + std::size_t{envelope.bulk_bytes};
}

}  // namespace

Landing heap_landing(std::size_t bytes) {
  constexpr std::align_val_t alignment{landing_alignment_bytes};
  void* const memory = ::operator new(bytes, alignment);
  std::shared_ptr<const void> owner{memory,
                                    [](const void* held) { ::operator delete(const_cast<void*>(held), alignment); }};
  return {std::span{static_cast<std::byte*>(memory), bytes}, std::move(owner)};
}

Inbox::Inbox(MPI_Comm communicator, int ranks, const LinkLimits& limits, LinkEvents events,
             std::function<void(int rank)> send_acknowledgement)
    : communicator_{communicator},
      limits_{limits},
      events_{std::move(events)},
      send_acknowledgement_{std::move(send_acknowledgement)},
      peers_(static_cast<std::size_t>(ranks)) {
  GANGWAY_CHECK(events_.deliver != nullptr, "a link needs somebody to deliver to");
  if (!events_.allocate) events_.allocate = [](int, std::size_t bytes) { return heap_landing(bytes); };
}

Inbox::~Inbox() {
  for (int rank = 0; rank < static_cast<int>(peers_.size()); ++rank) forget(rank);
}

void Inbox::arrived(int source, const Envelope& envelope, base::ByteView content) {
  Peer& from = peer(source);
  if (from.forgotten) return;
  GANGWAY_CHECK(body_bytes(envelope) <= base::frame_bytes_max, "a rank announced a message larger than the bound");
  const Placement placement = placement_of(envelope.head_bytes, envelope.bulk_bytes);
  const std::size_t head_here = placement.head_apart ? 0 : envelope.head_bytes;
  const std::size_t bulk_here = placement.bulk_apart ? 0 : envelope.bulk_bytes;
  GANGWAY_CHECK(content.size() == head_here + bulk_here, "a head message is not as long as its envelope says");

  Incoming& message = from.arrived.emplace_back();
  message.source = source;
  message.envelope = envelope;
  message.parts_left = placement.parts_apart();
  if (!content.empty()) {
    // One piece of memory for both, the bulk first because it is the one that must be aligned.
    const std::size_t head_offset = rounded_up(bulk_here);
    const Landing landing = heap_landing(head_offset + head_here);
    std::copy_n(content.begin() + static_cast<std::ptrdiff_t>(head_here), bulk_here, landing.memory.begin());
    std::copy_n(content.begin(), head_here, landing.memory.begin() + static_cast<std::ptrdiff_t>(head_offset));
    if (head_here > 0) message.head = {landing.owner, landing.memory.subspan(head_offset, head_here)};
    if (bulk_here > 0) message.bulk = {landing.owner, landing.memory.first(bulk_here)};
  }
  if (message.parts_left > 0) {
    GANGWAY_CHECK(envelope.tag >= transfer_tag_first && envelope.tag <= transfer_tag_last,
                  "a rank announced a transfer under a tag that is none");
    to_begin_.push_back(&message);
    begin_transfers();
  }
  deliver_complete(source);
}

void Inbox::begin_transfers() {
  while (!to_begin_.empty()) {
    Incoming& message = *to_begin_.front();
    const std::size_t bytes = body_bytes(message.envelope);
    if (receiving_bytes_ > 0 && receiving_bytes_ + bytes > limits_.receiving_bytes_max) return;
    to_begin_.pop_front();
    receiving_bytes_ += bytes;
    peer(message.source).receiving_bytes += bytes;
    begin(message);
  }
}

void Inbox::begin(Incoming& message) {
  const Placement placement = placement_of(message.envelope.head_bytes, message.envelope.bulk_bytes);
  if (placement.head_apart) {
    const Landing landing = heap_landing(message.envelope.head_bytes);
    message.head = {landing.owner, landing.memory};
    receive_part(message, landing);
  }
  if (placement.bulk_apart) {
    const Landing landing = events_.allocate(message.source, message.envelope.bulk_bytes);
    GANGWAY_CHECK(landing.memory.size() == message.envelope.bulk_bytes, "a landing is not as long as asked for");
    GANGWAY_CHECK(reinterpret_cast<std::uintptr_t>(landing.memory.data()) % landing_alignment_bytes == 0,
                  "a landing is not aligned");
    message.bulk = {landing.owner, landing.memory};
    receive_part(message, landing);
  }
}

void Inbox::receive_part(Incoming& message, const Landing& landing) {
  MPI_Request request = MPI_REQUEST_NULL;
  check_mpi(MPI_Irecv(landing.memory.data(), static_cast<int>(landing.memory.size()), MPI_BYTE, message.source,
                      message.envelope.tag, communicator_, &request),
            "MPI_Irecv");
  receives_.add(request, Receive{&message, message.source, landing.owner});
}

bool Inbox::poll() {
  const std::vector<Receive> done = receives_.take_done();
  std::vector<int> sources;
  for (const Receive& receive : done) {
    Incoming& message = *receive.message;
    if (--message.parts_left > 0) continue;
    receiving_bytes_ -= body_bytes(message.envelope);
    peer(receive.source).receiving_bytes -= body_bytes(message.envelope);
    sources.push_back(receive.source);
  }
  if (!sources.empty()) begin_transfers();
  for (const int source : sources) deliver_complete(source);
  return !done.empty();
}

void Inbox::deliver_complete(int source) {
  Peer& from = peer(source);
  const std::uint32_t owed_max = std::max(limits_.window_messages / 2, 1U);
  while (!from.arrived.empty() && from.arrived.front().parts_left == 0) {
    Incoming message = std::move(from.arrived.front());
    from.arrived.pop_front();
    ++from.delivered;
    events_.deliver(source, message.envelope.number, std::move(message.head), std::move(message.bulk));
    // After the delivery, since an answer that was sent during it has said so already.
    if (from.delivered - from.acknowledged >= owed_max) send_acknowledgement_(source);
  }
}

std::uint32_t Inbox::acknowledge(int rank) {
  Peer& from = peer(rank);
  from.acknowledged = from.delivered;
  return from.delivered;
}

void Inbox::forget(int rank) {
  Peer& from = peer(rank);
  from.forgotten = true;
  std::erase_if(to_begin_, [rank](const Incoming* message) { return message->source == rank; });
  for (auto& [request, receive] : receives_.take_if([rank](const Receive& one) { return one.source == rank; })) {
    if (!take_back_receive(request)) keep_for_ever(std::move(receive.owner));
  }
  receiving_bytes_ -= from.receiving_bytes;
  from.receiving_bytes = 0;
  from.arrived.clear();
}

}  // namespace gangway::mpi
