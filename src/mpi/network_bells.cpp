#include "mpi/network_bells.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "base/check.hpp"

namespace gangway::mpi {
namespace {

using base::Duration;
using base::Instant;

// A loop stays awake for longer than this after a message.
constexpr Duration ring_interval = base::microseconds(50);

// Probes begin often, since both ends start at about the same time, and never stop: a way may open later.
constexpr Duration probe_interval_first = base::milliseconds(20);
constexpr Duration probe_interval_max = base::seconds(10);

// Messages that a ring told of and that have not come after this long are lost, or the ring was a lie.
constexpr Duration promise_patience = base::milliseconds(200);

// A flood of datagrams must not keep the loop from its work.
constexpr int receive_max = 256;

sockaddr_in socket_address(std::uint32_t address, std::uint16_t port) {
  sockaddr_in full{};
  full.sin_family = AF_INET;
  full.sin_addr.s_addr = htonl(address);
  full.sin_port = htons(port);
  return full;
}

base::Fault failed(const char* what, int error) {
  return base::Fault{std::string{"cannot "} + what + " for bells between nodes: " + std::strerror(error)};
}

}  // namespace

// The ranks of a job run on the same kind of machine, so it travels as it lies in memory.
struct NetworkBells::Datagram {
  enum class Kind : std::uint8_t { ring = 1, probe = 2 };

  std::uint64_t cookie = 0;  // of the receiver
  std::uint32_t sender = 0;
  Kind kind = Kind::ring;
  std::uint8_t heard = 0;      // 1: the sender has heard the receiver
  std::uint8_t confirmed = 0;  // 1: the sender knows that the receiver hears it
  std::uint8_t zero = 0;
  std::uint64_t sent = 0;  // messages to the receiver so far
};

base::Result<NetworkBells> NetworkBells::open(NetworkAddress address) {
  BellPlace own{.address = address.address};
  if (::getrandom(&own.cookie, sizeof own.cookie, 0) != static_cast<ssize_t>(sizeof own.cookie)) {
    return failed("draw a cookie", errno);
  }
  NetworkBells bells{::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), own};
  if (bells.socket_ < 0) return failed("open a socket", errno);
  sockaddr_in bound = socket_address(address.address, 0);
  socklen_t bytes = sizeof bound;
  auto* const raw = reinterpret_cast<sockaddr*>(&bound);
  if (::bind(bells.socket_, raw, bytes) != 0) return failed("bind a socket", errno);
  if (::getsockname(bells.socket_, raw, &bytes) != 0) return failed("ask for the port of a socket", errno);
  bells.own_.port = ntohs(bound.sin_port);
  return bells;
}

NetworkBells::NetworkBells(NetworkBells&& other) noexcept : NetworkBells{-1, {}} {
  *this = std::move(other);
}

NetworkBells& NetworkBells::operator=(NetworkBells&& other) noexcept {
  std::swap(socket_, other.socket_);
  own_ = other.own_;
  own_rank_ = other.own_rank_;
  peers_ = std::move(other.peers_);
  place_of_rank_ = std::move(other.place_of_rank_);
  owed_ = std::move(other.owed_);
  awaited_ = std::move(other.awaited_);
  unheard_ = other.unheard_;
  unopened_ = other.unopened_;
  changes_ = other.changes_;
  next_probe_ = other.next_probe_;
  probe_interval_ = other.probe_interval_;
  return *this;
}

NetworkBells::~NetworkBells() {
  if (socket_ >= 0) ::close(socket_);
}

void NetworkBells::meet(int own_rank, std::span<const BellPlace> places, std::span<const int> remote,
                        std::span<const int> talking) {
  GANGWAY_CHECK(peers_.empty(), "the ranks of a job are told once");
  own_rank_ = own_rank;
  place_of_rank_.assign(places.size(), -1);
  for (const int rank : remote) {
    place_of_rank_.at(static_cast<std::size_t>(rank)) = static_cast<int>(peers_.size());
    Peer& added = peers_.emplace_back();
    added.place = places[static_cast<std::size_t>(rank)];
    added.way.rank = rank;
  }
  for (const int rank : talking) {
    if (Peer* const found = peer(rank)) found->talking = true;
  }
  probe_interval_ = probe_interval_first;
  count_ways();
}

NetworkBells::Peer* NetworkBells::peer(int rank) {
  if (rank < 0 || static_cast<std::size_t>(rank) >= place_of_rank_.size()) return nullptr;
  const int place = place_of_rank_[static_cast<std::size_t>(rank)];
  return place < 0 ? nullptr : &peers_[static_cast<std::size_t>(place)];
}

// Not sent means that a queue is full, that there is no route, or that nobody listens: nothing that can be mended
// here.
void NetworkBells::send(const Peer& to, bool is_probe) const {
  if (to.place.port == 0) return;
  Datagram datagram;
  datagram.cookie = to.place.cookie;
  datagram.sender = static_cast<std::uint32_t>(own_rank_);
  datagram.kind = is_probe ? Datagram::Kind::probe : Datagram::Kind::ring;
  datagram.heard = to.way.heard ? 1 : 0;
  datagram.confirmed = to.way.hears_us ? 1 : 0;
  datagram.sent = to.sent;
  const sockaddr_in address = socket_address(to.place.address, to.place.port);
  [[maybe_unused]] const auto sent = ::sendto(socket_, &datagram, sizeof datagram, MSG_DONTWAIT | MSG_NOSIGNAL,
                                              reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

void NetworkBells::ring(Peer& to, Instant now) {
  to.rung = now;
  send(to, false);
}

void NetworkBells::announce(int rank, Instant now) {
  Peer* const to = peer(rank);
  if (to == nullptr) return;
  ++to->sent;
  if (now - to->rung >= ring_interval) {
    ring(*to, now);
  } else if (!std::exchange(to->owed, true)) {
    owed_.push_back(static_cast<std::size_t>(to - peers_.data()));
  }
}

void NetworkBells::ring_owed(Instant now, bool all) {
  std::erase_if(owed_, [&](std::size_t place) {
    Peer& to = peers_[place];
    if (!all && now - to.rung < ring_interval) return false;
    to.owed = false;
    ring(to, now);
    return true;
  });
}

void NetworkBells::probe(Instant now) {
  if (unopened_ == 0 || now < next_probe_) return;
  next_probe_ = now + probe_interval_;
  probe_interval_ = std::min(Duration{probe_interval_.ns * 2}, probe_interval_max);
  for (const Peer& to : peers_) {
    if (to.talking && !to.way.open()) send(to, true);
  }
}

std::optional<Instant> NetworkBells::next_probe() const {
  if (unopened_ == 0) return std::nullopt;
  return next_probe_;
}

int NetworkBells::receive(Instant now) {
  int good = 0;
  for (int i = 0; i < receive_max; ++i) {
    Datagram datagram;
    sockaddr_in source{};
    socklen_t source_bytes = sizeof source;
    // A longer one is cut to nonsense, and its length told.
    const ssize_t bytes = ::recvfrom(socket_, &datagram, sizeof datagram, MSG_DONTWAIT | MSG_TRUNC,
                                     reinterpret_cast<sockaddr*>(&source), &source_bytes);
    // An error may be an earlier datagram's, which the other host sent back.
    if (bytes < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    if (bytes != static_cast<ssize_t>(sizeof datagram) || datagram.cookie != own_.cookie) continue;
    if (datagram.sender >= place_of_rank_.size()) continue;
    Peer* const from = peer(static_cast<int>(datagram.sender));
    if (from == nullptr || from->place.port != ntohs(source.sin_port) ||
        from->place.address != ntohl(source.sin_addr.s_addr)) {
      continue;
    }
    ++good;
    heard(*from, datagram, now);
  }
  return good;
}

void NetworkBells::heard(Peer& from, const Datagram& datagram, Instant now) {
  const BellWay way{from.way.rank, true, datagram.heard != 0};
  if (std::exchange(from.way, way) != way) count_ways();
  if (datagram.kind == Datagram::Kind::probe && datagram.confirmed == 0) send(from, true);
  if (datagram.kind == Datagram::Kind::ring && datagram.sent > from.promised) {
    from.promised = datagram.sent;
    from.promised_at = now;
    if (!std::exchange(from.awaited, true)) awaited_.push_back(static_cast<std::size_t>(&from - peers_.data()));
  }
}

bool NetworkBells::missing(Instant now, const std::function<std::uint64_t(int rank)>& received) {
  std::erase_if(awaited_, [&](std::size_t place) {
    Peer& from = peers_[place];
    const std::uint64_t arrived = received(from.way.rank);
    if (arrived < from.promised && now - from.promised_at <= promise_patience) return false;
    from.promised = arrived;  // lower after a lie
    from.awaited = false;
    return true;
  });
  return !awaited_.empty();
}

void NetworkBells::doubt(Instant now, const std::function<std::uint64_t(int rank)>& received) {
  bool any = false;
  for (Peer& from : peers_) {
    if (!from.talking || !from.way.heard || received(from.way.rank) <= from.promised) continue;
    from.way = {from.way.rank, false, false};
    any = true;
  }
  if (!any) return;
  count_ways();
  next_probe_ = now;
  probe_interval_ = probe_interval_first;
}

void NetworkBells::forget(int rank) {
  Peer* const gone = peer(rank);
  if (gone == nullptr) return;
  gone->talking = false;
  gone->place.port = 0;  // no datagram comes from there
  gone->promised = 0;
  count_ways();
}

void NetworkBells::count_ways() {
  ++changes_;
  unheard_ = 0;
  unopened_ = 0;
  for (const Peer& one : peers_) {
    if (one.talking && !one.way.heard) ++unheard_;
    if (one.talking && !one.way.open()) ++unopened_;
  }
}

std::vector<BellWay> NetworkBells::ways() const {
  std::vector<BellWay> ways;
  for (const Peer& one : peers_) {
    if (one.talking) ways.push_back(one.way);
  }
  return ways;
}

}  // namespace gangway::mpi
