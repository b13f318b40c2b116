// The window of the queue. Plain tasks that wait beyond it are parked: they are in the store alone, and the
// controller knows how many there are. A session's tasks come into the window in the order of their ids, a page at a
// time: the effect ReadParked asks for one, and the event ParkedRead brings it.
//
// Once a task of a session is parked, those that follow are too, until all have come into the window. So what is
// parked has higher ids than Parked::after, and every plain task in memory has lower ones, but for those that a
// restart has parked again.
#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/check.hpp"
#include "core/controller.hpp"

namespace gangway::core {

// ---------------------------------------------------------------- into the window

bool Controller::is_beyond_window(const Session& session) const {
  return session.parked.tasks > 0 || !has_room(session);
}

bool Controller::has_room(const Session& session) const {
  if (session.queued == 0) return true;
  if (state_.queued_bytes >= limits_.window_bytes_max) return false;
  return session.queued < limits_.window_session_tasks || balanced_.size() < limits_.window_tasks_max;
}

void Controller::refill_windows(Turn& turn) {
  for (const SessionId id : std::exchange(dirty_.refill, {})) {
    const auto found = state_.sessions.find(id);
    if (found == state_.sessions.end() || refilling_.contains(id) || listings_.contains(id)) continue;
    const Session& session = found->second;
    if (session.parked.tasks == 0 || !has_room(session)) continue;
    // From half of the session's share on: a page has to be there before the window is empty.
    const std::uint64_t share =
        std::max<std::uint64_t>(limits_.window_session_tasks, limits_.window_tasks_max / parking_.size());
    if (session.queued > share / 2) continue;
    refilling_.insert(id);
    read_parked(id, session.parked.after, std::nullopt, turn);
  }
}

void Controller::read_parked(SessionId session, TaskId after, std::optional<ConnectionId> listed_for, Turn& turn) {
  charge(1);
  turn.effects.reads.push_back({session, after, listed_for, limits_.page_tasks_max, limits_.page_bytes_max});
}

void Controller::on(const ParkedRead& event, Turn& turn) {
  if (event.listed_for) return go_on_listing(event, turn);
  refilling_.erase(event.session);
  const auto found = state_.sessions.find(event.session);
  if (found == state_.sessions.end() || listings_.contains(event.session)) return;
  dirty_.refill.insert(event.session);
  if (found->second.parked.tasks == 0 || event.after != found->second.parked.after) return;
  GANGWAY_CHECK(!event.tasks.empty(), "the store has lost tasks that are parked there");
  for (const TaskAccepted& task : event.tasks) commit(TaskUnparked{task}, turn);
}

// ---------------------------------------------------------------- named to a client that comes back

void Controller::start_listing(ConnectionId id, SessionId session, Turn& turn) {
  const Parked& parked = state_.sessions.at(session).parked;
  if (parked.tasks == 0) {
    send(id, wire::SessionResumed{}, turn);
    return;
  }
  Connection& connection = connections_.at(id);
  connection.last_request = std::max(connection.last_request, parked.last_request);
  listings_.insert_or_assign(session, Listing{id, TaskId{id_base_ + state_.last_task}});
  read_parked(session, parked.after, id, turn);
}

void Controller::go_on_listing(const ParkedRead& page, Turn& turn) {
  const auto listing = listings_.find(page.session);
  if (listing == listings_.end() || listing->second.connection != *page.listed_for) return;
  const ConnectionId id = listing->second.connection;
  const TaskId last = listing->second.last;
  for (const TaskAccepted& task : page.tasks) {
    if (task.first_task > last) break;
    charge(1);
    send(id, wire::TaskAccepted{task.request, task.first_task, 1, 1, credit_bytes_of(task)}, turn);
  }
  if (!page.tasks.empty() && page.tasks.back().first_task < last) {
    read_parked(page.session, page.tasks.back().first_task, id, turn);
    return;
  }
  stop_listing(page.session);
  send(id, wire::SessionResumed{}, turn);
}

void Controller::stop_listing(SessionId session) {
  if (listings_.erase(session) == 1) dirty_.refill.insert(session);
}

// ---------------------------------------------------------------- named by tasks that are to follow them

std::vector<wire::PartRef> Controller::unknown_parts(ConnectionId connection, const wire::SubmitTask& task) const {
  std::vector<wire::PartRef> unknown;
  const auto id = task.after.empty() ? std::nullopt : session_of(connection);
  if (!id || !parking_.contains(*id)) return unknown;
  const Session& session = state_.sessions.at(*id);
  for (const wire::Prerequisite& prerequisite : task.after) {
    for (const wire::PartRef& named : prerequisite.parts) {
      const bool is_known = named.task != TaskId{}
                                ? named.task <= session.parked.after || state_.tasks.look_up(named.task) != nullptr
                                : session.tasks.contains(named.request) || fresh_.contains({*id, named.request});
      if (!is_known) unknown.push_back(named);
    }
  }
  return unknown;
}

TaskId Controller::parked_id(SessionId id, const wire::PartRef& named, const std::vector<ParkedPart>& found) const {
  const Session& session = state_.sessions.at(id);
  if (session.parked.tasks == 0 || named.part != 0) return {};
  TaskId task;
  if (const auto fresh = fresh_.find({id, named.request}); named.task == TaskId{} && fresh != fresh_.end()) {
    task = fresh->second;
  }
  for (const ParkedPart& part : found) {
    if (part.named == named) task = part.task;
  }
  return task > session.parked.after && state_.tasks.look_up(task) == nullptr ? task : TaskId{};
}

void Controller::note_fresh(SessionId session, wire::RequestId request, TaskId task) {
  fresh_.insert_or_assign({session, request}, task);
  fresh_numbers_.push_back({state_.records, session, request});
}

void Controller::forget_fresh(std::uint64_t durable_number) {
  while (!fresh_numbers_.empty() && fresh_numbers_.front().number <= durable_number) {
    fresh_.erase({fresh_numbers_.front().session, fresh_numbers_.front().request});
    fresh_numbers_.pop_front();
  }
}

// ---------------------------------------------------------------- records

void Controller::note_parked(Parked& parked, const TaskAccepted& fact) const {
  if (parked.tasks == 0) parked.after = TaskId{fact.first_task.value() - 1};
  ++parked.tasks;
  parked.last_request = std::max(parked.last_request, fact.request);
  if (fact.module != wire::ModuleHash{}) ++parked.modules[fact.module];
}

void Controller::apply_fact(const TaskUnparked& fact) {
  const TaskAccepted& task = fact.task;
  Session& session = state_.sessions.at(task.session);
  Parked& parked = session.parked;
  GANGWAY_CHECK(task.parked && parked.tasks > 0 && task.first_task > parked.after,
                "a task came into the window that was not parked");
  parked.after = task.first_task;
  const auto needed = parked.modules.find(task.module);
  if (needed != parked.modules.end() && --needed->second == 0) parked.modules.erase(needed);
  if (--parked.tasks == 0) {
    parked = {};
    parking_.erase(task.session);
  }
  add_task(session, task);
}

void Controller::leave_parked(SessionId id, const Parked& parked) {
  state_.waiting -= parked.tasks;
  for (const auto& [module, tasks] : parked.modules) unneed_module(module, tasks);
  parking_.erase(id);
}

}  // namespace gangway::core
