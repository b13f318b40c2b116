#include "keeper/node_page.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

#include "base/check.hpp"

namespace gangway::keeper {

struct NodePage::Layout {
  alignas(64) std::atomic<std::uint32_t> deaths;
  std::array<NodeSlot, node_page_ranks_max> slots;
};

base::Result<NodePage> NodePage::open(const std::string& scratch_directory) {
  const std::string path = scratch_directory + "/node-page";
  const auto failed = [&path](const char* what) {
    return base::Fault{std::string{"cannot "} + what + " the node page " + path + ": " + std::strerror(errno) +
                       "; is the scratch directory there, writable and not full?"};
  };
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0) return failed("open");
  void* memory = MAP_FAILED;
  const char* step = "size";
  // Setting the size again changes nothing, so the comers need not agree on who was first.
  if (::ftruncate(file, sizeof(Layout)) == 0) {
    step = "map";
    memory = ::mmap(nullptr, sizeof(Layout), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  }
  const int reason = errno;
  ::close(file);
  errno = reason;
  if (memory == MAP_FAILED) return failed(step);
  return NodePage{static_cast<Layout*>(memory)};
}

NodePage::NodePage(NodePage&& other) noexcept : layout_{std::exchange(other.layout_, nullptr)} {}

NodePage& NodePage::operator=(NodePage&& other) noexcept {
  std::swap(layout_, other.layout_);
  return *this;
}

NodePage::~NodePage() {
  if (layout_ != nullptr) ::munmap(layout_, sizeof(Layout));
}

NodeSlot& NodePage::slot(int rank) const {
  GANGWAY_CHECK(rank >= 0 && rank < node_page_ranks_max, "a rank that the node page has no room for");
  return layout_->slots[static_cast<std::size_t>(rank)];
}

std::uint32_t NodePage::deaths() const {
  return layout_->deaths.load();
}

void NodePage::mark_dead(int rank, int wait_status) const {
  NodeSlot& ended = slot(rank);
  if (ended.dead.load() != 0) return;
  ended.wait_status.store(wait_status);
  if (ended.dead.exchange(1) == 0) layout_->deaths.fetch_add(1);
}

BellAddress bell_address(const std::string& cookie, int rank) {
  GANGWAY_CHECK(cookie.size() <= bell_cookie_bytes_max, "the cookie does not fit into a bell's address");
  BellAddress bell;
  bell.address.sun_family = AF_UNIX;
  // A zero byte first makes the name abstract: no file, nothing to clean up.
  const std::string name = "gangway." + cookie + "." + std::to_string(rank);
  std::copy(name.begin(), name.end(), bell.address.sun_path + 1);
  bell.address_bytes = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  return bell;
}

base::Result<Bells> Bells::open(std::string cookie) {
  if (cookie.size() > bell_cookie_bytes_max) {
    return base::Fault{"the cluster's cookie has more than " + std::to_string(bell_cookie_bytes_max) +
                       " characters; it must fit into the address of a bell"};
  }
  const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket < 0) return base::Fault{std::string{"cannot open a socket to ring bells with: "} + std::strerror(errno)};
  return Bells{std::move(cookie), socket};
}

Bells::Bells(Bells&& other) noexcept : cookie_{std::move(other.cookie_)}, socket_{std::exchange(other.socket_, -1)} {}

Bells& Bells::operator=(Bells&& other) noexcept {
  std::swap(cookie_, other.cookie_);
  std::swap(socket_, other.socket_);
  return *this;
}

Bells::~Bells() {
  if (socket_ >= 0) ::close(socket_);
}

void Bells::ring(int rank) const {
  const BellAddress bell = bell_address(cookie_, rank);
  const char stroke = 0;
  // Not sent means that the bell's queue is full of rings, or that nobody listens any more.
  [[maybe_unused]] const auto sent = ::sendto(socket_, &stroke, 1, MSG_DONTWAIT | MSG_NOSIGNAL,
                                              reinterpret_cast<const sockaddr*>(&bell.address), bell.address_bytes);
}

bool Bells::ring_if_asleep(const NodePage& page, int rank) const {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  std::atomic<std::uint32_t>& asleep = page.slot(rank).asleep;
  // Reset by the ringer, so that of several senders only one makes the system call.
  if (asleep.load() == 0 || asleep.exchange(0) == 0) return false;
  ring(rank);
  return true;
}

}  // namespace gangway::keeper
