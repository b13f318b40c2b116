#include "mpi/world.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdint>
#include <fstream>
#include <string>

#include "base/check.hpp"
#include "mpi/check.hpp"
#include "mpi/native.hpp"
#include "os/host_name.hpp"

namespace gangway::mpi {

namespace {

// Two ranks share a node if they share what the doorbells need: the machine and its network namespace. Host names
// alone do not tell; containers and copied images have equal ones.
std::uint64_t node_fingerprint() {
  std::string text = os::host_name();
  std::string boot;
  std::ifstream{"/proc/sys/kernel/random/boot_id"} >> boot;
  text += '/' + boot;
  struct stat network {};
  if (::stat("/proc/self/ns/net", &network) == 0) text += '/' + std::to_string(network.st_ino);

  std::uint64_t hash = 0xcbf29ce484222325U;  // FNV-1a
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return hash;
}

extern "C" void leave_at_once(int) {
  ::_exit(0);
}

}  // namespace

World::World() : native_{std::make_unique<Native>()} {
  std::signal(SIGPIPE, SIG_IGN);
  Native& mpi = *native_;
  check_mpi(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_MULTIPLE, &mpi.thread_level), "MPI_Init_thread");
  check_mpi(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  check_mpi(MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  check_mpi(MPI_Comm_dup(MPI_COMM_WORLD, &mpi.communicator), "MPI_Comm_dup");
  check_mpi(MPI_Comm_set_errhandler(mpi.communicator, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  check_mpi(MPI_Comm_rank(mpi.communicator, &mpi.rank), "MPI_Comm_rank");
  check_mpi(MPI_Comm_size(mpi.communicator, &mpi.size), "MPI_Comm_size");

  // This and what the doorbells exchange are the last collectives until the goodbye: from then on a rank may die.
  const std::uint64_t mine = node_fingerprint();
  const std::vector<std::uint64_t> nodes = gather(mine);
  for (int rank = 0; rank < mpi.size; ++rank) {
    mpi.on_node.push_back(nodes[static_cast<std::size_t>(rank)] == mine);
    if (mpi.on_node.back()) mpi.node_ranks.push_back(rank);
  }
}

World::~World() = default;

int World::rank() const {
  return native_->rank;
}

int World::size() const {
  return native_->size;
}

std::span<const int> World::node_ranks() const {
  return native_->node_ranks;
}

int World::node_rank() const {
  const std::vector<int>& ranks = native_->node_ranks;
  return static_cast<int>(std::lower_bound(ranks.begin(), ranks.end(), native_->rank) - ranks.begin());
}

bool World::on_this_node(int rank) const {
  GANGWAY_CHECK(rank >= 0 && rank < native_->size, "there is no such rank in this MPI job");
  return native_->on_node[static_cast<std::size_t>(rank)];
}

bool World::one_node() const {
  return static_cast<int>(native_->node_ranks.size()) == native_->size;
}

void World::gather_bytes(const void* mine, void* all, std::size_t bytes_each) const {
  const int bytes = static_cast<int>(bytes_each);
  check_mpi(MPI_Allgather(mine, bytes, MPI_BYTE, all, bytes, MPI_BYTE, native_->communicator), "MPI_Allgather");
}

std::string_view World::thread_level() const {
  switch (native_->thread_level) {
    case MPI_THREAD_SINGLE:
      return "MPI_THREAD_SINGLE";
    case MPI_THREAD_FUNNELED:
      return "MPI_THREAD_FUNNELED";
    case MPI_THREAD_SERIALIZED:
      return "MPI_THREAD_SERIALIZED";
    default:
      return "MPI_THREAD_MULTIPLE";
  }
}

void World::leave(bool anybody_died, int exit_status) {
  if (anybody_died) ::_exit(exit_status);

  // A rank may have died without anybody's notice; then the alarm ends the wait.
  struct sigaction guard {};
  guard.sa_handler = leave_at_once;
  ::sigaction(SIGALRM, &guard, nullptr);
  sigset_t alarm_only;
  ::sigemptyset(&alarm_only);
  ::sigaddset(&alarm_only, SIGALRM);
  ::pthread_sigmask(SIG_UNBLOCK, &alarm_only, nullptr);
  ::alarm(finalize_seconds_max);
  check_mpi(MPI_Comm_free(&native_->communicator), "MPI_Comm_free");
  check_mpi(MPI_Finalize(), "MPI_Finalize");
  ::alarm(0);
}

}  // namespace gangway::mpi
