// The MPI job as this process sees it: who it is, who else there is, and how to leave.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace gangway::mpi {

/// MPI, from its initialisation to the goodbye. One in a process; belongs to the thread that made it.
class World {
 public:
  /// Initialises MPI. Collective: every rank of the job does it. Ignores SIGPIPE from here on (a connection to a dead
  /// rank would kill this one), asks for MPI_THREAD_MULTIPLE, and makes a communicator of Gangway's own, whose
  /// messages never meet those of user code. Ends the process with a sentence when MPI cannot do it.
  World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World();

  [[nodiscard]] int rank() const;
  [[nodiscard]] int size() const;

  /// The ranks that share this rank's node (host, boot and network namespace), itself included, ascending.
  [[nodiscard]] std::span<const int> node_ranks() const;
  /// This rank's place in node_ranks().
  [[nodiscard]] int node_rank() const;
  [[nodiscard]] bool on_this_node(int rank) const;
  /// True if every rank is on this node.
  [[nodiscard]] bool one_node() const;

  /// What every rank gives, by rank; all give as many bytes. Collective, to be used while all start: a rank that
  /// died before would keep the others waiting for ever.
  template <class T>
  [[nodiscard]] std::vector<T> gather(const T& mine) const {
    static_assert(std::is_trivially_copyable_v<T>);
    std::vector<T> all(static_cast<std::size_t>(size()));
    gather_bytes(&mine, all.data(), sizeof(T));
    return all;
  }

  /// The threading level MPI granted, by its name in the standard.
  [[nodiscard]] std::string_view thread_level() const;

  /// Says goodbye; the last thing done with MPI. Links must be gone by then.
  ///
  /// While no rank of the job has died, it finalises MPI and returns; should that take longer than
  /// `finalize_seconds_max`, the process ends with status 0. Finalising is collective: all ranks leave at about the
  /// same time. After a death (`anybody_died`) MPI_Finalize may hang for ever, so the process ends at once with
  /// `exit_status`, without running destructors or flushing streams of its own.
  void leave(bool anybody_died, int exit_status = 0);

  static constexpr unsigned finalize_seconds_max = 3;

  /// What only the sources of src/mpi see: the communicator.
  struct Native;
  [[nodiscard]] const Native& native() const { return *native_; }

 private:
  void gather_bytes(const void* mine, void* all, std::size_t bytes_each) const;

  std::unique_ptr<Native> native_;
};

}  // namespace gangway::mpi
