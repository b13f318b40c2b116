#include "mpi/link.hpp"

#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "base/check.hpp"
#include "mpi/doorbell.hpp"
#include "mpi/envelope.hpp"
#include "mpi/inbox.hpp"
#include "mpi/native.hpp"
#include "mpi/outbox.hpp"
#include "mpi/receive_ring.hpp"
#include "mpi/world.hpp"

namespace gangway::mpi {

struct Link::State {
  State(const World& job, const Doorbell& bell, LinkEvents events, const LinkLimits& limits)
      : world{job},
        death_told{std::move(events.death_told)},
        outbox{job.native().communicator, job.size(), limits,
               Outbox::Ports{[this](int rank) { return inbox.acknowledge(rank); },
                             [&bell](int rank) { bell.announce(rank); }}},
        inbox{job.native().communicator, job.size(), limits, std::move(events),
              [this](int rank) { outbox.send_acknowledgement(rank); }},
        ring{job.native().communicator},
        received_from_afar(static_cast<std::size_t>(job.size())) {}

  void received(int source, base::ByteView bytes) {
    GANGWAY_CHECK(bytes.size() >= sizeof(Envelope), "a head message is shorter than its envelope");
    Envelope envelope;
    std::memcpy(&envelope, bytes.data(), sizeof envelope);
    if (world.on_this_node(source)) {
      ++received_on_node;
    } else {
      ++received_from_afar[static_cast<std::size_t>(source)];
    }
    outbox.acknowledged(source, envelope.delivered);
    if (envelope.kind == Envelope::Kind::question) outbox.send_acknowledgement(source);
    const base::ByteView content = bytes.subspan(sizeof envelope);
    if (envelope.kind == Envelope::Kind::death) hear_of_death(content);
    if (envelope.kind == Envelope::Kind::message) inbox.arrived(source, envelope, content);
  }

  void hear_of_death(base::ByteView content) const {
    DeathNotice notice;
    GANGWAY_CHECK(content.size() == sizeof notice, "the notice of a death is not as long as it should be");
    std::memcpy(&notice, content.data(), sizeof notice);
    if (death_told) death_told(notice.rank, notice.status);
  }

  // A round that receives more lets sockets and transfers wait too long.
  static constexpr int receive_max = 64;

  const World& world;
  std::function<void(int rank, int status)> death_told;
  Outbox outbox;
  Inbox inbox;
  ReceiveRing ring;
  std::uint64_t received_on_node = 0;
  std::vector<std::uint64_t> received_from_afar;  // by rank
  bool polling = false;
};

Link::Link(const World& world, const Doorbell& doorbell, LinkEvents events, LinkLimits limits)
    : state_{std::make_unique<State>(world, doorbell, std::move(events), limits)} {}

Link::~Link() = default;

void Link::send(int rank, wire::EncodedMessage message) {
  state_->outbox.send(rank, std::move(message));
}

void Link::ask(int rank) {
  state_->outbox.send_question(rank);
}

void Link::tell_death(int to, int rank, int status) {
  state_->outbox.send_death(to, {rank, status});
}

bool Link::poll() {
  State& link = *state_;
  GANGWAY_CHECK(!link.polling, "a link is polled from within its own event");
  link.polling = true;
  bool moved = false;
  for (int i = 0; i < State::receive_max; ++i) {
    const std::optional<ReceiveRing::Received> received = link.ring.take();
    if (!received) break;
    link.received(received->source, received->bytes);
    link.ring.give_back();
    moved = true;
  }
  moved |= link.outbox.poll();
  moved |= link.inbox.poll();
  link.polling = false;
  return moved;
}

void Link::forget(int rank) {
  state_->outbox.forget(rank);
  state_->inbox.forget(rank);
}

std::size_t Link::queued_bytes(int rank) const {
  return state_->outbox.queued_bytes(rank);
}

bool Link::idle() const {
  return !waiting() && !transferring();
}

bool Link::waiting() const {
  return state_->outbox.waiting();
}

bool Link::transferring() const {
  return state_->outbox.under_way() || state_->inbox.transferring();
}

std::uint64_t Link::received_on_node() const {
  return state_->received_on_node;
}

std::uint64_t Link::received_from(int rank) const {
  return state_->received_from_afar.at(static_cast<std::size_t>(rank));
}

}  // namespace gangway::mpi
