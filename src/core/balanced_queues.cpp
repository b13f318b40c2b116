#include "core/balanced_queues.hpp"

#include <algorithm>
#include <limits>

#include "base/check.hpp"

namespace gangway::core {

namespace {

// Empty lanes with needs that are kept for the next task that needs the same. Choosing a lane may look at all of
// them.
constexpr std::size_t empty_lanes_max = 16;

const std::set<EngineId> nobody;

SessionId next_of(SessionId session) {
  return SessionId{session.value() + 1};
}
LaneNumber next_of(LaneNumber lane) {
  return LaneNumber{lane.value() + 1};
}

}  // namespace

LaneKey BalancedQueues::put(SessionId session, const Needs& needs, TaskId task) {
  ++size_;
  SessionLanes& lanes = sessions_[session];
  if (needs.empty()) {
    GANGWAY_CHECK(lanes.plain.insert(task).second, "a balanced task was queued twice");
    update_plain(session, lanes);
    return {session, plain_lane};
  }
  Lane& lane = open_lane(session, needs);
  const LaneNumber number = lanes.by_needs.at(needs);
  GANGWAY_CHECK(lane.waiting.insert(task).second, "a balanced task was queued twice");
  update(number, lane);
  return {session, number};
}

void BalancedQueues::take(SessionId session, const Needs& needs, TaskId task) {
  --size_;
  SessionLanes& lanes = sessions_.at(session);
  if (needs.empty()) {
    GANGWAY_CHECK(lanes.plain.erase(task) == 1, "a balanced task is not in its queue");
    update_plain(session, lanes);
    return;
  }
  const LaneNumber number = lanes.by_needs.at(needs);
  Lane& lane = lanes_.at(number);
  GANGWAY_CHECK(lane.waiting.erase(task) == 1, "a balanced task is not in its lane");
  update(number, lane);
  if (!lane.waiting.empty()) return;
  empty_lanes_.push_back(number);
  if (empty_lanes_.size() <= empty_lanes_max) return;
  const LaneNumber oldest = empty_lanes_.front();
  empty_lanes_.pop_front();
  close_lane(oldest);
}

std::optional<LaneKey> BalancedQueues::next_lane(EngineId engine) const {
  std::optional<LaneKey> found = first_from(engine, next_of(last_session_));
  if (!found) found = first_from(engine, SessionId{0});
  if (!found) return std::nullopt;
  // It is that session's turn; which of its lanes?
  const SessionId session = found->first;
  const LaneNumber last = sessions_.at(session).last_served;
  const std::optional<LaneKey> after = first_named(engine, {session, next_of(last)});
  if (after && after->first == session) return after;
  if (plain_ready_.contains(session)) return LaneKey{session, plain_lane};
  return first_named(engine, {session, next_of(plain_lane)});
}

std::optional<TaskId> BalancedQueues::first(const LaneKey& key) const {
  const auto session = sessions_.find(key.first);
  if (session == sessions_.end() || session->second.paused) return std::nullopt;
  if (key.second == plain_lane) {
    if (session->second.plain.empty()) return std::nullopt;
    return *session->second.plain.begin();
  }
  const auto lane = lanes_.find(key.second);
  if (lane == lanes_.end() || lane->second.waiting.empty()) return std::nullopt;
  return *lane->second.waiting.begin();
}

const std::set<EngineId>& BalancedQueues::holders(const LaneKey& key) const {
  const auto lane = lanes_.find(key.second);
  return lane == lanes_.end() ? nobody : lane->second.holders;
}

void BalancedQueues::served(const LaneKey& key) {
  last_session_ = key.first;
  const auto session = sessions_.find(key.first);
  if (session != sessions_.end()) session->second.last_served = key.second;
}

void BalancedQueues::pause(SessionId session) {
  SessionLanes& lanes = sessions_[session];
  lanes.paused = true;
  update_plain(session, lanes);
}

std::vector<LaneKey> BalancedQueues::resume(SessionId session) {
  SessionLanes& lanes = sessions_[session];
  lanes.paused = false;
  update_plain(session, lanes);
  std::vector<LaneKey> waiting;
  if (!lanes.plain.empty()) waiting.emplace_back(session, plain_lane);
  for (const auto& [needs, number] : lanes.by_needs) {
    if (!lanes_.at(number).waiting.empty()) waiting.emplace_back(session, number);
  }
  return waiting;
}

void BalancedQueues::drop(SessionId session) {
  const auto found = sessions_.find(session);
  if (found == sessions_.end()) return;
  size_ -= found->second.plain.size();
  found->second.plain.clear();
  update_plain(session, found->second);
  std::vector<LaneNumber> numbers;
  for (const auto& [needs, number] : found->second.by_needs) numbers.push_back(number);
  for (const LaneNumber number : numbers) {
    Lane& lane = lanes_.at(number);
    size_ -= lane.waiting.size();
    if (lane.waiting.empty()) std::erase(empty_lanes_, number);
    lane.waiting.clear();
    close_lane(number);
  }
  sessions_.erase(session);
}

void BalancedQueues::name_added(EngineId engine, const std::string& name) {
  const auto needing = lanes_by_name_.find(name);
  if (needing == lanes_by_name_.end()) return;
  for (const LaneNumber number : needing->second) {
    Lane& lane = lanes_.at(number);
    const bool holds_all = std::all_of(lane.needs.begin(), lane.needs.end(), [&](const std::string& need) {
      return engines_.holders(need).contains(engine);
    });
    if (!holds_all) continue;
    lane.holders.insert(engine);
    served_by_[engine].insert({lane.session, number});
    update(number, lane);
  }
}

std::vector<SessionId> BalancedQueues::name_removed(EngineId engine, const std::string& name) {
  std::vector<SessionId> touched;
  const auto needing = lanes_by_name_.find(name);
  if (needing == lanes_by_name_.end()) return touched;
  for (const LaneNumber number : needing->second) {
    Lane& lane = lanes_.at(number);
    if (lane.holders.erase(engine) == 0) continue;
    served_by_.at(engine).erase({lane.session, number});
    update(number, lane);
    touched.push_back(lane.session);
  }
  return touched;
}

std::vector<SessionId> BalancedQueues::engine_removed(EngineId engine) {
  std::vector<SessionId> touched;
  const auto found = served_by_.find(engine);
  if (found == served_by_.end()) return touched;
  for (const auto& [session, number] : found->second) {
    Lane& lane = lanes_.at(number);
    lane.holders.erase(engine);
    update(number, lane);
    touched.push_back(session);
  }
  served_by_.erase(found);
  return touched;
}

std::optional<TaskId> BalancedQueues::first_unheld(SessionId session) const {
  const auto found = sessions_.find(session);
  if (found == sessions_.end() || found->second.unheld.empty()) return std::nullopt;
  return found->second.unheld.begin()->first;
}

std::optional<TaskId> BalancedQueues::any() const {
  if (size_ == 0) return std::nullopt;
  for (const auto& [session, lanes] : sessions_) {
    if (!lanes.plain.empty()) return *lanes.plain.begin();
    for (const auto& [needs, number] : lanes.by_needs) {
      const std::set<TaskId>& waiting = lanes_.at(number).waiting;
      if (!waiting.empty()) return *waiting.begin();
    }
  }
  return std::nullopt;
}

bool BalancedQueues::contains(SessionId session, const Needs& needs, TaskId task) const {
  const auto found = sessions_.find(session);
  if (found == sessions_.end()) return false;
  if (needs.empty()) return found->second.plain.contains(task);
  const auto number = found->second.by_needs.find(needs);
  return number != found->second.by_needs.end() && lanes_.at(number->second).waiting.contains(task);
}

BalancedQueues::Lane& BalancedQueues::open_lane(SessionId session, const Needs& needs) {
  SessionLanes& lanes = sessions_[session];
  if (const auto known = lanes.by_needs.find(needs); known != lanes.by_needs.end()) {
    Lane& lane = lanes_.at(known->second);
    if (lane.waiting.empty()) std::erase(empty_lanes_, known->second);
    return lane;
  }
  const LaneNumber number{next_lane_++};
  lanes.by_needs.emplace(needs, number);
  Lane& lane = lanes_[number];
  lane.session = session;
  lane.needs = needs;
  for (const EngineId engine : engines_.holders(needs.front())) {
    const bool holds_all = std::all_of(
        needs.begin(), needs.end(), [&](const std::string& need) { return engines_.holders(need).contains(engine); });
    if (!holds_all) continue;
    lane.holders.insert(engine);
    served_by_[engine].insert({session, number});
  }
  for (const std::string& need : needs) lanes_by_name_[need].insert(number);
  return lane;
}

void BalancedQueues::close_lane(LaneNumber number) {
  Lane& lane = lanes_.at(number);
  update(number, lane);
  for (const EngineId engine : lane.holders) served_by_.at(engine).erase({lane.session, number});
  for (const std::string& need : lane.needs) {
    const auto needing = lanes_by_name_.find(need);
    needing->second.erase(number);
    if (needing->second.empty()) lanes_by_name_.erase(needing);
  }
  sessions_.at(lane.session).by_needs.erase(lane.needs);
  lanes_.erase(number);
}

void BalancedQueues::update(LaneNumber number, Lane& lane) {
  std::optional<TaskId> unheld;
  if (lane.holders.empty() && !lane.waiting.empty()) unheld = *lane.waiting.begin();
  if (unheld == lane.unheld) return;
  SessionLanes& lanes = sessions_.at(lane.session);
  if (lane.unheld) lanes.unheld.erase({*lane.unheld, number});
  if (unheld) lanes.unheld.insert({*unheld, number});
  lane.unheld = unheld;
}

void BalancedQueues::update_plain(SessionId session, const SessionLanes& lanes) {
  if (lanes.paused || lanes.plain.empty()) {
    plain_ready_.erase(session);
  } else {
    plain_ready_.insert(session);
  }
}

std::optional<LaneKey> BalancedQueues::first_named(EngineId engine, LaneKey from) const {
  const auto served = served_by_.find(engine);
  if (served == served_by_.end()) return std::nullopt;
  auto place = served->second.lower_bound(from);
  while (place != served->second.end()) {
    if (sessions_.at(place->first).paused) {
      place = served->second.lower_bound({next_of(place->first), plain_lane});
    } else if (lanes_.at(place->second).waiting.empty()) {
      ++place;
    } else {
      return *place;
    }
  }
  return std::nullopt;
}

std::optional<LaneKey> BalancedQueues::first_from(EngineId engine, SessionId from) const {
  std::optional<LaneKey> found = first_named(engine, {from, plain_lane});
  const auto plain = plain_ready_.lower_bound(from);
  if (plain != plain_ready_.end() && (!found || *plain <= found->first)) found = LaneKey{*plain, plain_lane};
  return found;
}

void BalancedQueues::check_invariants() const {
  std::uint64_t total = 0;
  std::size_t unheld = 0;
  for (const auto& [session, lanes] : sessions_) {
    total += lanes.plain.size();
    unheld += lanes.unheld.size();
    const bool ready = !lanes.paused && !lanes.plain.empty();
    GANGWAY_CHECK(plain_ready_.contains(session) == ready, "the list of sessions with plain tasks is wrong");
    for (const auto& [needs, number] : lanes.by_needs) {
      const auto lane = lanes_.find(number);
      GANGWAY_CHECK(lane != lanes_.end() && lane->second.needs == needs && lane->second.session == session,
                    "a session's lane is not there");
    }
  }
  std::size_t empty = 0;
  for (const auto& [number, lane] : lanes_) {
    total += lane.waiting.size();
    empty += lane.waiting.empty() ? 1U : 0U;
    unheld -= lane.unheld ? 1U : 0U;
    GANGWAY_CHECK(lane.unheld.has_value() == (lane.holders.empty() && !lane.waiting.empty()),
                  "a lane that nobody can serve is not marked");
    GANGWAY_CHECK(!lane.unheld || *lane.unheld == *lane.waiting.begin(), "the mark of a lane is old");
    for (const auto& [id, engine] : engines_.all()) {
      const bool holds_all =
          std::all_of(lane.needs.begin(), lane.needs.end(),
                      [&names = engine.names](const std::string& need) { return names.contains(need); });
      GANGWAY_CHECK(lane.holders.contains(id) == holds_all, "the holders of a lane are wrong");
      const auto served = served_by_.find(id);
      const bool listed = served != served_by_.end() && served->second.contains({lane.session, number});
      GANGWAY_CHECK(listed == holds_all, "the lanes of an engine are wrong");
    }
  }
  GANGWAY_CHECK(unheld == 0, "a session has a mark of a lane that is not there");
  GANGWAY_CHECK(empty == empty_lanes_.size() && empty <= empty_lanes_max, "the empty lanes are miscounted");
  GANGWAY_CHECK(total == size_, "the balanced queues are miscounted");
}

}  // namespace gangway::core
