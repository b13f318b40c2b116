// Direct tasks that wait for their engine: first come, first served, except that a paused session's tasks stand
// aside.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include <gangway/ids.hpp>

namespace gangway::core {

/// Holds ids only. Task ids rise with submission, so the lowest id is the one that came first.
class DirectQueues {
 public:
  /// The task waits behind those of its session with lower ids: after a restart it may have been handed out before.
  void put(EngineId engine, SessionId session, TaskId task);
  /// Takes a task out, wherever it stands.
  void take(EngineId engine, SessionId session, TaskId task);

  /// The next task for the engine.
  [[nodiscard]] std::optional<TaskId> next(EngineId engine) const;
  /// All that wait for the engine, of paused sessions too, first come first.
  [[nodiscard]] std::vector<TaskId> waiting_for(EngineId engine) const;

  /// Both return the engines for which that made a difference.
  std::vector<EngineId> pause(SessionId session);
  std::vector<EngineId> resume(SessionId session);
  /// Forgets the session's tasks; returns the engines they waited for.
  std::vector<EngineId> drop(SessionId session);

  [[nodiscard]] std::uint64_t size(EngineId engine) const;
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] bool contains(EngineId engine, SessionId session, TaskId task) const;
  [[nodiscard]] std::vector<EngineId> engines() const;

  void check_invariants() const;

 private:
  struct Queue {
    std::map<SessionId, std::deque<TaskId>> by_session;  // none of them empty
    std::set<std::pair<TaskId, SessionId>> heads;        // first of each session that is not paused
    std::uint64_t size = 0;
  };

  std::vector<EngineId> engines_of(SessionId session) const;
  void remove_if_empty(EngineId engine);

  std::map<EngineId, Queue> queues_;
  std::map<SessionId, std::set<EngineId>> engines_;  // where each session waits
  std::set<SessionId> paused_;
  std::uint64_t size_ = 0;
};

}  // namespace gangway::core
