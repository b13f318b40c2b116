#include "keeper/keeper_link.hpp"

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <span>
#include <utility>

namespace gangway::keeper {
namespace {

enum class PacketKind : std::uint32_t { worker_started = 1, worker_ended = 2, end_worker = 3, farewell = 4 };

constexpr std::uint32_t packet_version = 0x474b'0001;  // 'G', 'K', version 1

struct Packet {
  std::uint32_t version = packet_version;
  PacketKind kind{};
  std::uint64_t number = 0;
  std::int64_t pid = 0;
  std::int64_t wait_status = 0;
};

constexpr std::size_t packet_descriptors_max = 2;

struct ReceivedPacket {
  Packet packet;
  std::array<os::Descriptor, packet_descriptors_max> descriptors;
};

// Room for the descriptors that travel beside a packet, aligned as the kernel wants it.
union ControlBuffer {
  cmsghdr align;
  std::array<char, CMSG_SPACE(packet_descriptors_max * sizeof(int))> bytes;
};

/// Nothing sent: the other side reads too slowly.
base::Result<bool> send_packet(int socket, const Packet& packet, std::span<const int> descriptors) {
  iovec part{.iov_base = const_cast<Packet*>(&packet), .iov_len = sizeof(packet)};
  ControlBuffer control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (!descriptors.empty()) {
    message.msg_control = control.bytes.data();
    message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    cmsghdr* const head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(head), descriptors.data(), descriptors.size_bytes());
  }
  ssize_t sent = -1;
  do {
    sent = ::sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent >= 0) return true;
  // ETOOMANYREFS: too many descriptors are under way already.
  if (errno == EAGAIN || errno == ETOOMANYREFS) return false;
  return os::system_fault("cannot send over the link between keeper and rank");
}

/// Whatever happens to the packet, its descriptors get an owner.
std::array<os::Descriptor, packet_descriptors_max> take_descriptors(msghdr& message) {
  std::array<os::Descriptor, packet_descriptors_max> taken;
  for (cmsghdr* head = CMSG_FIRSTHDR(&message); head != nullptr; head = CMSG_NXTHDR(&message, head)) {
    if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count && i < taken.size(); ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(head) + i * sizeof(int), sizeof(int));
      taken[i] = os::Descriptor{fd};
    }
  }
  return taken;
}

base::Result<std::optional<ReceivedPacket>> receive_packet(int socket) {
  ReceivedPacket received;
  iovec part{.iov_base = &received.packet, .iov_len = sizeof(received.packet)};
  ControlBuffer control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes.data();
  message.msg_controllen = control.bytes.size();
  ssize_t count = -1;
  do {
    count = ::recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    // ECONNRESET: the other side closed before it had read all. Reported once; what it had sent is still there.
  } while (count < 0 && (errno == EINTR || errno == ECONNRESET));
  if (count < 0 && errno == EAGAIN) return std::optional<ReceivedPacket>{};
  if (count < 0) return os::system_fault("cannot read from the link between keeper and rank");
  received.descriptors = take_descriptors(message);
  if (count == 0) return base::Fault{"the other side of the link between keeper and rank is gone"};
  if (static_cast<std::size_t>(count) != sizeof(Packet) || (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 ||
      received.packet.version != packet_version) {
    return base::Fault{"keeper and rank do not understand each other: are gangway's programs of one version?"};
  }
  return std::optional{std::move(received)};
}

base::Fault unexpected_packet() {
  return base::Fault{"an unexpected message on the link between keeper and rank"};
}

}  // namespace

base::Result<LinkDescriptors> LinkDescriptors::create() {
  std::array<int, 2> sockets{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets.data()) != 0) {
    return os::system_fault("cannot make the link between keeper and rank");
  }
  return LinkDescriptors{.keeper = os::Descriptor{sockets[0]}, .rank = os::Descriptor{sockets[1]}};
}

base::Result<bool> LinkToRank::send(const KeeperReport& report) {
  if (const auto* ended = std::get_if<WorkerEnded>(&report)) {
    Packet packet{.kind = PacketKind::worker_ended, .number = ended->number};
    packet.wait_status = ended->wait_status;
    return send_packet(socket_.get(), packet, {});
  }
  const auto& started = std::get<WorkerStarted>(report);
  Packet packet{.kind = PacketKind::worker_started, .number = started.number};
  packet.pid = started.pid;
  const std::array descriptors{started.channel.memory.get(), started.channel.event.get()};
  return send_packet(socket_.get(), packet, descriptors);
}

base::Result<std::optional<RankRequest>> LinkToRank::receive() {
  auto received = receive_packet(socket_.get());
  if (!received) return received.fault();
  if (!received.value()) return std::optional<RankRequest>{};
  const Packet& packet = received.value()->packet;
  if (packet.kind == PacketKind::end_worker) return std::optional<RankRequest>{EndWorker{packet.number}};
  if (packet.kind == PacketKind::farewell) return std::optional<RankRequest>{Farewell{}};
  return unexpected_packet();
}

base::Result<std::optional<KeeperReport>> LinkToKeeper::receive() {
  auto received = receive_packet(socket_.get());
  if (!received) return received.fault();
  if (!received.value()) return std::optional<KeeperReport>{};
  ReceivedPacket& content = *received.value();
  const Packet& packet = content.packet;
  if (packet.kind == PacketKind::worker_ended) {
    return std::optional<KeeperReport>{WorkerEnded{packet.number, static_cast<int>(packet.wait_status)}};
  }
  if (packet.kind != PacketKind::worker_started || !content.descriptors[0] || !content.descriptors[1]) {
    return unexpected_packet();
  }
  ChannelDescriptors channel{std::move(content.descriptors[0]), std::move(content.descriptors[1])};
  return std::optional<KeeperReport>{
      WorkerStarted{packet.number, static_cast<pid_t>(packet.pid), std::move(channel)}};
}

base::Status LinkToKeeper::send(const RankRequest& request) {
  Packet packet{.kind = PacketKind::farewell};
  if (const auto* worker = std::get_if<EndWorker>(&request)) {
    packet.kind = PacketKind::end_worker;
    packet.number = worker->number;
  }
  const auto sent = send_packet(socket_.get(), packet, {});
  if (!sent) return sent.fault();
  if (!sent.value()) return base::Fault{"the keeper does not read what its rank asks for"};
  return base::Done{};
}

}  // namespace gangway::keeper
