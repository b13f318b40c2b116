#include "core/direct_queues.hpp"

#include <algorithm>

#include "base/check.hpp"

namespace gangway::core {

void DirectQueues::put(EngineId engine, SessionId session, TaskId task) {
  Queue& queue = queues_[engine];
  std::deque<TaskId>& waiting = queue.by_session[session];
  const bool has_waited = !waiting.empty();
  const auto place = std::lower_bound(waiting.begin(), waiting.end(), task);
  GANGWAY_CHECK(place == waiting.end() || *place != task, "a direct task was queued twice");
  if (!has_waited) engines_[session].insert(engine);
  if (place == waiting.begin() && !paused_.contains(session)) {
    if (has_waited) queue.heads.erase({waiting.front(), session});
    queue.heads.insert({task, session});
  }
  waiting.insert(place, task);
  ++queue.size;
  ++size_;
}

void DirectQueues::take(EngineId engine, SessionId session, TaskId task) {
  Queue& queue = queues_.at(engine);
  std::deque<TaskId>& waiting = queue.by_session.at(session);
  const auto found = std::lower_bound(waiting.begin(), waiting.end(), task);
  GANGWAY_CHECK(found != waiting.end() && *found == task, "a direct task is not in its queue");
  const bool was_head = found == waiting.begin();
  waiting.erase(found);
  --queue.size;
  --size_;
  if (was_head) {
    queue.heads.erase({task, session});
    if (!waiting.empty() && !paused_.contains(session)) queue.heads.insert({waiting.front(), session});
  }
  if (waiting.empty()) {
    queue.by_session.erase(session);
    const auto place = engines_.find(session);
    place->second.erase(engine);
    if (place->second.empty()) engines_.erase(place);
  }
  remove_if_empty(engine);
}

std::optional<TaskId> DirectQueues::next(EngineId engine) const {
  const auto found = queues_.find(engine);
  if (found == queues_.end() || found->second.heads.empty()) return std::nullopt;
  return found->second.heads.begin()->first;
}

std::vector<TaskId> DirectQueues::waiting_for(EngineId engine) const {
  std::vector<TaskId> tasks;
  const auto found = queues_.find(engine);
  if (found == queues_.end()) return tasks;
  for (const auto& [session, waiting] : found->second.by_session) {
    tasks.insert(tasks.end(), waiting.begin(), waiting.end());
  }
  std::sort(tasks.begin(), tasks.end());
  return tasks;
}

std::vector<EngineId> DirectQueues::pause(SessionId session) {
  paused_.insert(session);
  std::vector<EngineId> changed = engines_of(session);
  for (const EngineId engine : changed) {
    Queue& queue = queues_.at(engine);
    queue.heads.erase({queue.by_session.at(session).front(), session});
  }
  return changed;
}

std::vector<EngineId> DirectQueues::resume(SessionId session) {
  paused_.erase(session);
  std::vector<EngineId> changed = engines_of(session);
  for (const EngineId engine : changed) {
    Queue& queue = queues_.at(engine);
    queue.heads.insert({queue.by_session.at(session).front(), session});
  }
  return changed;
}

std::vector<EngineId> DirectQueues::drop(SessionId session) {
  std::vector<EngineId> changed = engines_of(session);
  for (const EngineId engine : changed) {
    Queue& queue = queues_.at(engine);
    const auto found = queue.by_session.find(session);
    queue.heads.erase({found->second.front(), session});
    queue.size -= found->second.size();
    size_ -= found->second.size();
    queue.by_session.erase(found);
    remove_if_empty(engine);
  }
  engines_.erase(session);
  paused_.erase(session);
  return changed;
}

std::uint64_t DirectQueues::size(EngineId engine) const {
  const auto found = queues_.find(engine);
  return found == queues_.end() ? 0 : found->second.size;
}

bool DirectQueues::contains(EngineId engine, SessionId session, TaskId task) const {
  const auto queue = queues_.find(engine);
  if (queue == queues_.end()) return false;
  const auto waiting = queue->second.by_session.find(session);
  if (waiting == queue->second.by_session.end()) return false;
  return std::binary_search(waiting->second.begin(), waiting->second.end(), task);
}

std::vector<EngineId> DirectQueues::engines() const {
  std::vector<EngineId> ids;
  for (const auto& [engine, queue] : queues_) ids.push_back(engine);
  return ids;
}

std::vector<EngineId> DirectQueues::engines_of(SessionId session) const {
  const auto found = engines_.find(session);
  if (found == engines_.end()) return {};
  return {found->second.begin(), found->second.end()};
}

void DirectQueues::remove_if_empty(EngineId engine) {
  const auto found = queues_.find(engine);
  if (found->second.size == 0) queues_.erase(found);
}

void DirectQueues::check_invariants() const {
  std::uint64_t total = 0;
  for (const auto& [engine, queue] : queues_) {
    std::uint64_t in_queue = 0;
    std::size_t heads = 0;
    for (const auto& [session, waiting] : queue.by_session) {
      GANGWAY_CHECK(!waiting.empty(), "an empty direct queue was kept");
      GANGWAY_CHECK(std::is_sorted(waiting.begin(), waiting.end()), "a direct queue is out of order");
      const bool is_head = queue.heads.contains({waiting.front(), session});
      GANGWAY_CHECK(is_head != paused_.contains(session), "the heads of a direct queue are wrong");
      GANGWAY_CHECK(engines_.at(session).contains(engine), "a session does not know where it waits");
      heads += is_head ? 1U : 0U;
      in_queue += waiting.size();
    }
    GANGWAY_CHECK(in_queue > 0, "an empty direct queue was kept");
    GANGWAY_CHECK(queue.heads.size() == heads, "a direct queue has a head of a session that does not wait");
    GANGWAY_CHECK(queue.size == in_queue, "a direct queue is miscounted");
    total += in_queue;
  }
  GANGWAY_CHECK(total == size_, "the direct queues are miscounted");
}

}  // namespace gangway::core
