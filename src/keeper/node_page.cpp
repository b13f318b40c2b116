#include "keeper/node_page.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <iterator>
#include <string_view>
#include <utility>

#include "base/check.hpp"

namespace gangway::keeper {

namespace {

constexpr std::string_view bell_name = "/bell-";
constexpr std::size_t rank_digits_max = 5;
static_assert(node_page_ranks_max < 100'000);

os::Descriptor new_socket() {
  return os::Descriptor{::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
}

}  // namespace

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

base::Result<Bells> Bells::open(const std::string& scratch_directory) {
  const std::string common = scratch_directory + std::string{bell_name};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (common.size() + rank_digits_max >= sizeof address.sun_path) {  // a zero byte ends it
    const std::size_t bytes_max = sizeof address.sun_path - 1 - rank_digits_max - bell_name.size();
    return base::Fault{"the path of the scratch directory " + scratch_directory + " has " +
                       std::to_string(scratch_directory.size()) + " bytes; for bells, sockets in it, at most " +
                       std::to_string(bytes_max) + " are possible; set TMPDIR to a shorter path"};
  }
  std::copy(common.begin(), common.end(), address.sun_path);
  os::Descriptor socket = new_socket();
  if (!socket) return os::system_fault("cannot open a socket to ring bells with");
  return Bells{address, common.size(), std::move(socket)};
}

sockaddr_un Bells::address_of(int rank) const {
  sockaddr_un address = common_;
  std::to_chars(address.sun_path + common_bytes_, std::end(address.sun_path), rank);
  return address;
}

base::Result<os::Descriptor> Bells::hang(int rank) const {
  os::Descriptor bell = new_socket();
  if (!bell) return os::system_fault("cannot open the socket of a doorbell");
  const sockaddr_un address = address_of(rank);
  if (::bind(bell.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return bell;
  const int reason = errno;
  base::Fault fault = os::system_fault(
      "cannot bind the doorbell of rank " + std::to_string(rank) + " at " + address.sun_path, reason);
  if (reason == EADDRINUSE) fault.text += "; an earlier job has used this scratch directory, start the cluster anew";
  return fault;
}

void Bells::ring(int rank) const {
  const sockaddr_un address = address_of(rank);
  const char stroke = 0;
  // Not sent means that the bell's queue is full of rings, or that nobody listens any more.
  [[maybe_unused]] const auto sent = ::sendto(socket_.get(), &stroke, 1, MSG_DONTWAIT | MSG_NOSIGNAL,
                                              reinterpret_cast<const sockaddr*>(&address), sizeof address);
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
