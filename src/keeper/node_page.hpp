// What the processes of one node know about each rank without asking it: one small page in shared memory, and the
// bells that wake a sleeping rank. Ranks (src/mpi) and keepers use it; it needs no MPI.
//
// The page is a file in the cluster's scratch directory. It is made by whoever comes first, and all zeros is its
// valid first state, so nobody waits for anybody. It goes when the scratch directory is removed.
//
// The order that keeps a wake-up from being lost: a rank first says that it is asleep, then looks once more for work,
// then sleeps. Whoever has work for it first makes the work visible, then looks whether it is asleep, then rings. All
// of that is sequentially consistent.
#pragma once

#include <sys/un.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "base/result.hpp"
#include "os/descriptor.hpp"

namespace gangway::keeper {

/// Ranks of one MPI job that a page has room for. Untouched slots cost no memory.
inline constexpr int node_page_ranks_max = 16 * 1024;

/// What is known about one rank; a cache line of its own.
struct alignas(64) NodeSlot {
  std::atomic<std::uint64_t> messages_sent;  // how many messages ranks of this node have sent to it
  std::atomic<std::uint64_t> loop_rounds;    // moves while the rank's loop is alive; written by the rank alone
  std::atomic<std::uint64_t> rank_start_ticks;
  std::atomic<std::uint64_t> keeper_start_ticks;
  std::atomic<std::uint64_t> pid_namespace;  // in which the pids are; containers may share all but that
  std::atomic<std::uint32_t> asleep;         // 1: the rank waits for its bell
  std::atomic<std::uint32_t> dead;           // 1: its keeper saw its end; never reset
  std::atomic<std::int32_t> wait_status;     // valid when dead: see wait_status.hpp
  std::atomic<std::int32_t> rank_pid;
  std::atomic<std::int32_t> keeper_pid;     // 0: it has not begun, has left, or was seen off; see node_watch.hpp
  std::atomic<std::uint32_t> keeper_beats;  // moves while the keeper is alive; written by it alone
};
static_assert(sizeof(NodeSlot) == 64);
static_assert(std::atomic<std::uint64_t>::is_always_lock_free && std::atomic<std::uint32_t>::is_always_lock_free,
              "processes share these words");

/// The page, mapped. Movable; unmapped at its end. Its functions may be called from any thread and process.
class NodePage {
 public:
  /// Maps the page of this node in `scratch_directory`, and makes it if nobody has. The directory must exist and be
  /// private to the user.
  static base::Result<NodePage> open(const std::string& scratch_directory);

  NodePage(NodePage&& other) noexcept;
  NodePage& operator=(NodePage&& other) noexcept;
  ~NodePage();

  /// The slot of a world rank in [0, node_page_ranks_max).
  [[nodiscard]] NodeSlot& slot(int rank) const;

  /// How many ranks have been marked dead on this node; one look tells that there is nothing new.
  [[nodiscard]] std::uint32_t deaths() const;

  /// Says that a rank's process has ended, with its status (wait_status.hpp). The first call counts, later ones do
  /// nothing. Ring the bells of those who should know at once; the others see it within their longest sleep.
  void mark_dead(int rank, int wait_status) const;

 private:
  struct Layout;
  explicit NodePage(Layout* layout) : layout_{layout} {}

  Layout* layout_ = nullptr;
};

/// The bells of this node's ranks: sockets in the cluster's scratch directory, which nobody but the account may
/// enter. So nobody else can ring, and the bells go when that directory is removed. Movable.
class Bells {
 public:
  /// For the bells in `scratch_directory`, which must exist and be private to the user. A fault if its path leaves no
  /// room for a bell's name in the address of a socket.
  static base::Result<Bells> open(const std::string& scratch_directory);

  /// Binds the bell of `rank`: a socket that becomes readable when it is rung. A fault if there is one already.
  [[nodiscard]] base::Result<os::Descriptor> hang(int rank) const;

  /// Wakes `rank`, asleep or not. Neither blocks nor fails: a bell that rings already and a rank that is gone need no
  /// second ring.
  void ring(int rank) const;

  /// Wakes `rank` if the page says that it is asleep; costs no system call if it is not. What the rank is to find
  /// must have been made visible before. True if it rang.
  bool ring_if_asleep(const NodePage& page, int rank) const;

 private:
  Bells(const sockaddr_un& common, std::size_t common_bytes, os::Descriptor socket)
      : common_{common}, common_bytes_{common_bytes}, socket_{std::move(socket)} {}
  [[nodiscard]] sockaddr_un address_of(int rank) const;

  sockaddr_un common_;        // of every bell's address all but the rank's number
  std::size_t common_bytes_;  // of its path
  os::Descriptor socket_;     // to ring with
};

}  // namespace gangway::keeper
