// Which task goes where. place() runs at the end of every event and looks only at what the event touched.
//
// Rules. An engine has its direct tasks first, in the order of submission; while such wait it gets no balanced ones.
// Of the balanced tasks sessions take turns; a task goes to the engine with the fewest, then the lowest id, that
// holds what it needs and has room. A session with too many answers that it has not acknowledged, or too many on
// their way, stands aside.
#include <optional>
#include <string>
#include <utility>

#include "base/check.hpp"
#include "core/controller.hpp"

namespace gangway::core {

void Controller::place(Turn& turn) {
  do {
    fail_spoiled(turn);
    fail_hopeless(turn);
  } while (!dirty_.spoiled.empty());
  do {
    dirty_.queues = false;
    for (const EngineId engine : dirty_.engines) serve_direct(engine, turn);
    place_lanes(turn);
    for (const EngineId engine : dirty_.engines) serve_balanced(engine, turn);
  } while (dirty_.queues);
  dirty_.engines.clear();
  refill_windows(turn);
  GANGWAY_CHECK(dirty_.lanes.empty() && dirty_.sessions.empty(), "placing made work for placing");
}

void Controller::fail_spoiled(Turn& turn) {
  while (!dirty_.spoiled.empty()) {
    const TaskId id = *dirty_.spoiled.begin();
    const TaskId culprit = *std::get<Blocked>(state_.tasks.find(id).part().state).spoiled_by;
    std::string text = "it was to follow task " + std::to_string(culprit.value());
    if (const TaskTable::Found found = state_.tasks.find(culprit)) {
      const auto* ended = std::get_if<Settled>(&found.part().state);
      text += " (" + found.task->label + ")";
      if (ended != nullptr) text += ended->succeeded ? " only if that failed, and it succeeded" : ", which failed";
    } else {
      text += ", which did not end as it should have";
    }
    fail(id, wire::FailureKind::not_run, "prerequisite missed", std::move(text), turn);
  }
}

void Controller::fail_hopeless(Turn& turn) {
  if (engines_.all_gone()) {
    while (const auto task = balanced_.any()) {
      fail(*task, wire::FailureKind::engine_lost, "no engines",
           "the cluster has no engines left to run this; restart it", turn);
    }
  }
  // Before the first engine joins nobody can hold anything, and that says nothing.
  while (!dirty_.sessions.empty()) {
    const SessionId id = dirty_.sessions.extract(dirty_.sessions.begin()).value();
    const auto session = state_.sessions.find(id);
    if (session == state_.sessions.end() || engines_.none_yet()) continue;
    const std::set<TaskId>& earlier = session->second.direct_unsettled;
    while (const auto task = balanced_.first_unheld(id)) {
      // A direct task that was submitted before may still bring the value.
      if (!earlier.empty() && *earlier.begin() < *task) break;
      fail(*task, wire::FailureKind::not_run, "no such value", missing_values(*state_.tasks.find(*task).task), turn);
    }
  }
}

std::string Controller::missing_values(const Task& task) const {
  std::string missing;
  std::string why;
  for (const std::string& need : task.needs) {
    if (!engines_.holders(need).empty()) continue;
    missing += (missing.empty() ? "\"" : ", \"") + need + "\"";
    const std::string reason = engines_.why_missing(need);
    if (!reason.empty()) why += (why.empty() ? ": " : "; ") + reason;
    const std::optional<EngineId> keeper = engines_.lost_with(need);
    if (!keeper) continue;
    const LostEngine* const lost = engines_.find_lost(*keeper);
    missing +=
        " (lost with engine " + std::to_string(keeper->value()) + (lost == nullptr ? "" : ": " + lost->reason) + ")";
  }
  if (!missing.empty()) return "no engine holds the named value " + missing + (why.empty() ? "; push it first" : why);
  for (const std::string& need : task.needs) missing += (missing.empty() ? "\"" : ", \"") + need + "\"";
  return "no single engine holds all of the named values " + missing + "; push them to the same engines";
}

void Controller::serve_direct(EngineId id, Turn& turn) {
  const Engine* engine = engines_.find(id);
  if (engine == nullptr) return;
  while (const auto next = direct_.next(id)) {
    const Task& task = *state_.tasks.find(*next).task;
    if (!engines_.has_room(*engine, task.operation_bytes)) return;
    if (make_room_for_result(task, *engine)) {
      hand_out(*next, id, turn);
    } else if (direct_.next(id) == next) {
      return;  // it waits for this engine to be idle; so may those behind it
    }
  }
}

void Controller::place_lanes(Turn& turn) {
  std::set<LaneKey> lanes = std::exchange(dirty_.lanes, {});
  // One task of each in turn, until each has nothing that can be placed.
  while (!lanes.empty()) {
    for (auto lane = lanes.begin(); lane != lanes.end();) {
      charge(1);
      const auto task = balanced_.first(*lane);
      std::optional<EngineId> engine;
      if (task) {
        const Task& first = *state_.tasks.find(*task).task;
        engine = lane->second == plain_lane
                     ? engines_.least_loaded(first.operation_bytes)
                     : engines_.least_loaded_of(balanced_.holders(*lane), first.operation_bytes);
        if (engine && !make_room_for_result(first, *engines_.find(*engine))) engine.reset();
      }
      if (!engine) {
        lane = lanes.erase(lane);
        continue;
      }
      balanced_.served(*lane);
      hand_out(*task, *engine, turn);
      ++lane;
    }
  }
}

void Controller::serve_balanced(EngineId id, Turn& turn) {
  const Engine* engine = engines_.find(id);
  if (engine == nullptr) return;
  while (engines_.takes_balanced(*engine)) {
    const auto lane = balanced_.next_lane(id);
    if (!lane) return;
    const auto first = balanced_.first(*lane);
    GANGWAY_CHECK(first, "a lane without tasks had its turn");
    const Task& task = *state_.tasks.find(*first).task;
    // A large task waits for room at the head of the queue: were smaller ones let by, it might wait for ever.
    if (!engines_.has_room(*engine, task.operation_bytes)) return;
    if (make_room_for_result(task, *engine)) {
      balanced_.served(*lane);
      hand_out(*first, id, turn);
    } else if (balanced_.first(*lane)) {
      return;  // the same for its result
    }
  }
}

bool Controller::result_finds_room(const Task& task, const Engine& engine) const {
  const std::uint64_t kept_bytes = state_.sessions.at(task.session).result_bytes;
  switch (results_.room(task.session, task.label, kept_bytes)) {
    case ResultsWindow::Room::free:
      return true;
    case ResultsWindow::Room::idle_engine:
      return engine.handed.empty();
    case ResultsWindow::Room::none:
      break;
  }
  return false;
}

bool Controller::make_room_for_result(const Task& task, const Engine& engine) {
  if (result_finds_room(task, engine)) return true;
  results_.note_tight(task.session);
  // To an engine that is busy it may go later. If it could not even go to an idle one, others shall not wait for it.
  const std::uint64_t kept_bytes = state_.sessions.at(task.session).result_bytes;
  if (results_.room(task.session, task.label, kept_bytes) == ResultsWindow::Room::none) {
    for (const EngineId id : direct_.pause(task.session)) note_direct_waiting(id);
    balanced_.pause(task.session);
    dirty_.queues = true;
  }
  return false;
}

void Controller::results_moved(SessionId id) {
  const auto session = state_.sessions.find(id);
  if (session == state_.sessions.end() || !results_.take_tight(id) || paused(session->second)) return;
  for (const EngineId engine : direct_.resume(id)) note_direct_waiting(engine);
  for (const LaneKey& lane : balanced_.resume(id)) dirty_.lanes.insert(lane);
}

void Controller::hand_out(TaskId id, EngineId engine, Turn& turn) {
  const TaskTable::Found found = state_.tasks.find(id);
  const Task& task = *found.task;
  const wire::AttemptRef attempt{id, found.part().attempts + 1};
  commit(AttemptStarted{attempt, engine, turn.now.ns}, turn);
  engines_.hand(engine, id, task.operation_bytes);
  results_.handed(task.session, task.label);
  if (!task.balanced() && !turn.effects.to_engines.empty()) {
    // The next part of the task that the last effect is about: one more engine for the same message, if that has the
    // same number. After a restart it may not.
    SendToEngines& last = turn.effects.to_engines.back();
    const auto* run = std::get_if<wire::RunTask>(&last.message);
    if (run != nullptr && run->attempt.attempt == attempt.attempt && run->attempt.task >= task.first_task &&
        run->attempt.task.value() + last.engines.size() == id.value()) {
      last.engines.push_back(engine);
      return;
    }
  }
  turn.effects.to_engines.push_back({{engine}, wire::RunTask{attempt, task.balanced(), task.operation}});
}

void Controller::settle(TaskId id, wire::RunInfo run, wire::Outcome outcome, Turn& turn) {
  const TaskTable::Found found = state_.tasks.find(id);
  const SessionId session = found.task->session;
  const wire::RequestId request = found.task->request;
  commit(TaskSettled{id, run, outcome}, turn);
  const auto connection = connection_of_.find(session);
  if (connection == connection_of_.end()) return;
  send(connection->second, wire::TaskFinished{request, found.index, id, run, std::move(outcome)}, turn);
}

void Controller::fail(TaskId id, wire::FailureKind kind, std::string type, std::string text, Turn& turn) {
  const TaskTable::Found found = state_.tasks.find(id);
  const Task& task = *found.task;
  const Part& part = found.part();
  wire::RunInfo run;
  run.attempt = part.attempts;
  run.submitted_ns = task.submitted_ns;
  run.finished_ns = turn.now.ns;
  wire::Failure failure{kind, std::move(type), std::move(text), EngineId{}, "", part.attempts};
  const auto* handed = std::get_if<Handed>(&part.state);
  if (handed != nullptr) run.handed_ns = handed->handed_ns;
  const bool concerns_engine = !task.balanced() || !part.failed.empty() || handed != nullptr;
  if (concerns_engine) {
    run.engine = !task.balanced()    ? task.engines[found.index]
                 : handed != nullptr ? handed->engine
                                     : part.failed.back().engine;
    failure.engine = run.engine;
    if (const LostEngine* lost = engines_.find_lost(run.engine)) failure.host = lost->host;
  }
  settle(id, run, std::move(failure), turn);
}

}  // namespace gangway::core
