// Balanced tasks that wait for any engine, or for one that holds the named values they need.
//
// A lane is the queue of one session's tasks with the same needs. Sessions take turns, and in a session its lanes do;
// in a lane the task that was submitted first is first, also when it was given back. So neither a session with many
// tasks nor a lane whose values nobody holds is in the way of others.
//
// The lanes without needs are the common case and are open to every engine. For the others the queues know which
// engines hold all that a lane needs (its holders), and for each engine the lanes that it may serve; both follow the
// names as they come and go, so that choosing the next task never looks through all lanes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gangway/ids.hpp>

#include "core/engine_table.hpp"

namespace gangway::core {

/// Lanes are numbered as they appear; plain_lane is that of a session's tasks without needs.
using LaneNumber = StrongId<struct LaneTag, std::uint64_t>;
inline constexpr LaneNumber plain_lane{0};
using LaneKey = std::pair<SessionId, LaneNumber>;

/// Holds ids only. The engine table is consulted, never changed.
class BalancedQueues {
 public:
  using Needs = std::vector<std::string>;  // sorted, each once

  explicit BalancedQueues(const EngineTable& engines) : engines_{engines} {}

  /// The task waits; returns its lane.
  LaneKey put(SessionId session, const Needs& needs, TaskId task);
  /// Takes a task out, wherever it stands.
  void take(SessionId session, const Needs& needs, TaskId task);

  /// The lane whose turn it is at this engine; none if nothing waits that it may run.
  [[nodiscard]] std::optional<LaneKey> next_lane(EngineId engine) const;
  /// The first task of the lane; none if the lane is empty, gone or paused.
  [[nodiscard]] std::optional<TaskId> first(const LaneKey& lane) const;
  /// The engines that may serve a lane with needs.
  [[nodiscard]] const std::set<EngineId>& holders(const LaneKey& lane) const;
  /// The lane has had its turn.
  void served(const LaneKey& lane);

  void pause(SessionId session);
  /// Returns the session's lanes in which tasks wait.
  std::vector<LaneKey> resume(SessionId session);
  void drop(SessionId session);

  /// What became of an engine or its names, after the engine table knows it. The latter two return the sessions that
  /// may now wait in vain.
  void name_added(EngineId engine, const std::string& name);
  std::vector<SessionId> name_removed(EngineId engine, const std::string& name);
  std::vector<SessionId> engine_removed(EngineId engine);

  /// The session's first task whose needs no engine holds.
  [[nodiscard]] std::optional<TaskId> first_unheld(SessionId session) const;
  /// Some waiting task, if there is any.
  [[nodiscard]] std::optional<TaskId> any() const;

  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] bool contains(SessionId session, const Needs& needs, TaskId task) const;

  void check_invariants() const;

 private:
  struct Lane {
    SessionId session;
    Needs needs;
    std::set<TaskId> waiting;
    std::set<EngineId> holders;
    std::optional<TaskId> unheld;  // its entry in SessionLanes::unheld
  };
  struct SessionLanes {
    std::set<TaskId> plain;
    std::map<Needs, LaneNumber> by_needs;
    std::set<std::pair<TaskId, LaneNumber>> unheld;  // first task of each lane without holders
    LaneNumber last_served;
    bool paused = false;
  };

  Lane& open_lane(SessionId session, const Needs& needs);
  void close_lane(LaneNumber number);
  void update(LaneNumber number, Lane& lane);
  void update_plain(SessionId session, const SessionLanes& lanes);
  [[nodiscard]] std::optional<LaneKey> first_named(EngineId engine, LaneKey from) const;
  [[nodiscard]] std::optional<LaneKey> first_from(EngineId engine, SessionId from) const;

  const EngineTable& engines_;
  std::map<SessionId, SessionLanes> sessions_;
  std::map<LaneNumber, Lane> lanes_;
  std::set<SessionId> plain_ready_;                            // not paused, plain tasks wait
  std::map<EngineId, std::set<LaneKey>> served_by_;            // lanes with needs that the engine may serve
  std::map<std::string, std::set<LaneNumber>> lanes_by_name_;  // lanes that need the name
  std::deque<LaneNumber> empty_lanes_;                         // kept a while: the next task may need the same
  SessionId last_session_;
  std::uint64_t next_lane_ = 1;
  std::uint64_t size_ = 0;
};

}  // namespace gangway::core
