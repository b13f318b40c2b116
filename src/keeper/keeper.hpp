// The keeper: the process that mpirun starts, parent of a rank and, on an engine, of its workers. It links no MPI,
// makes the engine's arena, starts the others, sees their ends at once, replaces workers, kills a rank that stands
// still, and takes care that none of them outlives it, its own parent or its rank.
#pragma once

#include <sys/types.h>

#include <csignal>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/instant.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "keeper/keeper_link.hpp"
#include "keeper/node_watch.hpp"
#include "keeper/start_pacer.hpp"
#include "os/descriptor.hpp"

namespace gangway::keeper {

enum class Role { gateway, engine };

struct KeeperSettings {
  Role role = Role::engine;
  std::string rank_program;
  std::string worker_program;
  /// What the rank gets before the descriptors that the keeper adds.
  std::vector<std::string> rank_arguments;
  /// Of an engine.
  std::uint64_t arena_bytes = 0;
  /// One at work and one that is ready to take over.
  std::size_t workers = 2;
  int worker_start_burst = 8;
  base::Duration worker_start_interval = base::milliseconds(200);
  /// What a rank has between SIGTERM and SIGKILL. Less than the second after which mpirun kills the keeper itself.
  base::Duration rank_grace = base::milliseconds(800);
};

/// One object, one run. Belongs to the main thread of a process with no other threads: children die with the thread
/// that forked them.
class Keeper {
 public:
  /// `rank_died` is called once if the rank ends otherwise than in order, with its status (wait_status.hpp), before
  /// anything is cleaned up. `watch` and `log` outlive the keeper.
  Keeper(KeeperSettings settings, NodeWatch& watch, std::function<void(int)> rank_died, base::Log& log);

  /// Starts everything and stays until the rank has ended. Returns the exit code for the process; a fault if it
  /// could not start. No child is left in either case.
  base::Result<int> run();

 private:
  struct Worker {
    std::uint64_t number = 0;
    pid_t pid = 0;
    bool unwanted = false;  // its rank has asked for its end
  };

  base::Status start();
  base::Status watch_signals_and_parent();
  base::Status start_rank();
  base::Status start_worker();
  void start_missing_workers();
  [[nodiscard]] bool wants_worker() const;

  void wait_for_events();
  [[nodiscard]] int wait_ms() const;
  void on_signals();
  void on_link();
  /// Nothing more can be read: false.
  bool read_requests();
  void on_request(const RankRequest& request);
  void collect_children();
  void on_rank_ended(int wait_status);
  void on_worker_ended(const Worker& worker, int wait_status);
  void kill_strays();
  void begin_stop();
  void report(KeeperReport report);
  void send_reports();
  void drop_link();
  base::Status watch(int fd, std::uint32_t events);

  KeeperSettings settings_;
  NodeWatch& watch_;
  std::function<void(int)> rank_died_;
  base::Log& log_;
  StartPacer pacer_;

  sigset_t child_mask_{};
  os::Descriptor epoll_;
  os::Descriptor signals_;
  os::Descriptor parent_;
  os::Descriptor arena_;
  std::optional<LinkToRank> link_;

  pid_t rank_ = 0;
  std::optional<int> rank_status_;
  std::vector<Worker> workers_;  // oldest first
  std::uint64_t workers_started_ = 0;
  std::deque<KeeperReport> unsent_;
  std::string last_start_fault_;

  bool farewell_ = false;
  bool rank_stood_still_ = false;
  bool parent_gone_ = false;
  bool strays_possible_ = false;
  std::optional<base::Instant> kill_rank_at_;
};

}  // namespace gangway::keeper
