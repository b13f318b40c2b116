// Every table against every other.
#include <algorithm>
#include <variant>

#include "base/check.hpp"
#include "core/controller.hpp"

namespace gangway::core {

void Controller::check_invariants() const {
  check_tasks();
  check_prerequisites();
  check_parked();
  check_sessions();
  check_modules();
  check_environment();
  check_connections();
  check_engines();
  check_nothing_idles();
  direct_.check_invariants();
  balanced_.check_invariants();
  engines_.check_invariants();
  results_.check_invariants();
}

void Controller::check_tasks() const {
  std::uint64_t waiting_direct = 0;
  std::uint64_t waiting_balanced = 0;
  std::uint64_t blocked = 0;
  std::uint64_t running = 0;
  std::uint64_t settled = 0;
  std::uint64_t parked = 0;
  std::uint64_t queued_bytes = 0;
  for (const auto& [id, session] : state_.sessions) parked += session.parked.tasks;
  for (const auto& [first_task, task] : state_.tasks.all()) {
    GANGWAY_CHECK(task.parts.size() == std::max<std::size_t>(1, task.engines.size()), "a task has a wrong part");
    const auto session = state_.sessions.find(task.session);
    const bool lives = session != state_.sessions.end();
    GANGWAY_CHECK(!lives || session->second.tasks.contains(task.request), "a session does not know its task");
    std::uint32_t unsettled = 0;
    std::uint32_t unforgotten = 0;
    for (std::uint32_t index = 0; index < task.parts.size(); ++index) {
      const TaskState& state = task.parts[index].state;
      const TaskId id = task.id_of(index);
      if (std::holds_alternative<Forgotten>(state)) continue;
      ++unforgotten;
      if (std::holds_alternative<Settled>(state)) {
        GANGWAY_CHECK(lives, "an answer is kept for a session that has ended");
        ++settled;
        continue;
      }
      ++unsettled;
      GANGWAY_CHECK(!lives || task.operation.size() == task.operation_bytes, "an operation was dropped too early");
      if (std::holds_alternative<Blocked>(state)) {
        GANGWAY_CHECK(lives && task.balanced() && !task.unmet.empty(), "a task is blocked by nothing");
        ++blocked;
        continue;
      }
      if (std::holds_alternative<Waiting>(state)) {
        GANGWAY_CHECK(lives, "a task of a session that has ended waits");
        GANGWAY_CHECK(task.unmet.empty(), "a task waits for its turn that is blocked");
        const bool queued = task.balanced() ? balanced_.contains(task.session, task.needs, id)
                                            : direct_.contains(task.engines[index], task.session, id);
        GANGWAY_CHECK(queued, "a task that waits is in no queue");
        ++(task.balanced() ? waiting_balanced : waiting_direct);
        if (task.balanced()) queued_bytes += task.operation_bytes;
        continue;
      }
      const auto* handed = std::get_if<Handed>(&state);
      GANGWAY_CHECK((handed != nullptr) == lives, "an attempt is abandoned if its session has ended, and only then");
      const Engine* engine = engines_.find(handed != nullptr ? handed->engine : std::get<Abandoned>(state).engine);
      GANGWAY_CHECK(engine != nullptr && engine->handed.contains(id), "an attempt is with an engine that has it not");
      ++running;
    }
    GANGWAY_CHECK(unsettled == task.parts_unsettled, "the parts of a task are miscounted");
    GANGWAY_CHECK(unforgotten == task.parts_unforgotten && unforgotten > 0, "a forgotten task is kept");
  }
  GANGWAY_CHECK(waiting_direct == direct_.size(), "a direct queue holds a task that does not wait");
  GANGWAY_CHECK(waiting_balanced == balanced_.size(), "a balanced queue holds a task that does not wait");
  GANGWAY_CHECK(waiting_direct + waiting_balanced + blocked + parked == state_.waiting,
                "the waiting tasks are miscounted");
  GANGWAY_CHECK(queued_bytes == state_.queued_bytes, "the operations in the window are miscounted");
  GANGWAY_CHECK(running == state_.running, "the running tasks are miscounted");
  GANGWAY_CHECK(settled == state_.settled, "the answers that are kept are miscounted");
}

void Controller::check_prerequisites() const {
  std::map<TaskId, std::set<TaskId>> dependents;
  for (const auto& [first_task, task] : state_.tasks.all()) {
    for (const Unmet& unmet : task.unmet) {
      GANGWAY_CHECK(!unmet.parts.empty(), "a prerequisite is open that has no open part");
      for (const TaskId part : unmet.parts) dependents[part].insert(first_task);
    }
  }
  GANGWAY_CHECK(dependents == dependents_, "who is blocked by whom is noted wrongly");
  for (const auto& [part, tasks] : dependents_) {
    const Task* const task = state_.tasks.look_up(part);
    if (task == nullptr) {
      const SessionId session = state_.tasks.look_up(*tasks.begin())->session;
      const Parked& parked = state_.sessions.at(session).parked;
      GANGWAY_CHECK(parked.tasks > 0 && part > parked.after, "a task is blocked by one that is not there");
      continue;
    }
    const TaskState& state = task->parts.at(part.value() - task->first_task.value()).state;
    GANGWAY_CHECK(std::holds_alternative<Waiting>(state) || std::holds_alternative<Blocked>(state) ||
                      std::holds_alternative<Handed>(state),
                  "a task is blocked by one that has ended");
  }
  GANGWAY_CHECK(dirty_.spoiled.empty(), "a task whose prerequisite is missed has not failed");
}

void Controller::check_parked() const {
  for (const auto& [id, session] : state_.sessions) {
    const Parked& parked = session.parked;
    GANGWAY_CHECK(parking_.contains(id) == (parked.tasks > 0), "the list of sessions with parked tasks is wrong");
    if (parked.tasks == 0) {
      GANGWAY_CHECK(parked == Parked{}, "a session remembers tasks that are not parked any more");
      continue;
    }
    std::uint64_t need_modules = 0;
    for (const auto& [module, tasks] : parked.modules) need_modules += tasks;
    GANGWAY_CHECK(need_modules <= parked.tasks, "the modules that parked tasks need are miscounted");
    GANGWAY_CHECK(session.queued > 0 || refilling_.contains(id) || listings_.contains(id),
                  "a window is empty, and nothing is read for it");
  }
  for (const SessionId id : parking_) GANGWAY_CHECK(state_.sessions.contains(id), "a session that has ended parks");
  for (const auto& [session, listing] : listings_) {
    const auto connection = connection_of_.find(session);
    GANGWAY_CHECK(connection != connection_of_.end() && connection->second == listing.connection,
                  "tasks are named to a connection that is gone");
  }
  GANGWAY_CHECK(fresh_numbers_.size() >= fresh_.size(), "a parked task is never forgotten");
}

void Controller::check_sessions() const {
  for (const auto& [id, session] : state_.sessions) {
    Session sums;
    std::size_t keyed = 0;
    std::uint64_t handed = 0;
    std::uint64_t queued = 0;
    for (const auto& [request, first_task] : session.tasks) {
      const auto found = state_.tasks.all().find(first_task);
      GANGWAY_CHECK(found != state_.tasks.all().end() && found->second.session == id,
                    "a session's task is not there");
      const Task& task = found->second;
      sums.tasks_used += task.parts_unforgotten;
      GANGWAY_CHECK(task.request == request, "a session has its task under another request");
      if (!task.key.empty()) {
        ++keyed;
        const auto key = session.keys.find(task.key);
        GANGWAY_CHECK(key != session.keys.end() && key->second == first_task, "a session does not know a key");
      }
      sums.bytes_used += task.credit_bytes;
      for (std::uint32_t index = 0; index < task.parts.size(); ++index) {
        const TaskState& state = task.parts[index].state;
        if (const auto* settled = std::get_if<Settled>(&state)) sums.result_bytes += settled->result_bytes;
        if (std::holds_alternative<Handed>(state)) ++handed;
        if (std::holds_alternative<Waiting>(state) && task.balanced()) ++queued;
        const bool unsettled = std::holds_alternative<Waiting>(state) || std::holds_alternative<Handed>(state);
        GANGWAY_CHECK((unsettled && !task.balanced()) == session.direct_unsettled.contains(task.id_of(index)),
                      "the list of direct tasks without answer is wrong");
      }
    }
    GANGWAY_CHECK(keyed == session.keys.size(), "a session knows a key of no task");
    GANGWAY_CHECK(queued == session.queued, "a session's tasks in the window are miscounted");
    GANGWAY_CHECK(sums.tasks_used + session.parked.tasks == session.tasks_used, "a session's credit is miscounted");
    GANGWAY_CHECK(
        session.parked.tasks > 0 ? sums.bytes_used <= session.bytes_used : sums.bytes_used == session.bytes_used,
        "a session's credit is miscounted in bytes");
    GANGWAY_CHECK(sums.result_bytes == session.result_bytes, "a session's results are miscounted");
    GANGWAY_CHECK(handed == results_.in_hand(id), "the results a session may expect are miscounted");
    GANGWAY_CHECK(session.tasks_used <= limits_.session_tasks_max, "a session has more than its credit");
    GANGWAY_CHECK(session.bytes_used <= limits_.session_bytes_max, "a session has more than its credit in bytes");
    // With each record the queues learn what the session may do.
    const auto hopeless = balanced_.first_unheld(id);
    GANGWAY_CHECK(!hopeless || engines_.none_yet() ||
                      (!session.direct_unsettled.empty() && *session.direct_unsettled.begin() < *hopeless),
                  "a task waits for a value that nobody can bring");
  }
}

void Controller::check_modules() const {
  const ModuleTable& modules = state_.modules;
  std::map<wire::ModuleHash, std::uint64_t> needed;
  for (const auto& [first_task, task] : state_.tasks.all()) {
    if (task.parts_unsettled > 0 && task.module != wire::ModuleHash{}) ++needed[task.module];
  }
  for (const auto& [id, session] : state_.sessions) {
    for (const auto& [hash, tasks] : session.parked.modules) needed[hash] += tasks;
  }
  GANGWAY_CHECK(needed == modules.tasks, "the tasks that need a module are miscounted");
  for (const auto& [hash, tasks] : needed) {
    GANGWAY_CHECK(modules.content.contains(hash), "a module was forgotten that a task needs");
  }
  std::uint64_t bytes = 0;
  for (const auto& [hash, content] : modules.content) bytes += content.size();
  GANGWAY_CHECK(bytes == modules.bytes, "the bytes of the modules are miscounted");
  GANGWAY_CHECK(modules.content.size() <= limits_.modules_max, "there are too many modules");
  GANGWAY_CHECK(modules.bytes <= limits_.modules_bytes_max, "the modules are too large");
  for (const WaitingOffer& offer : offers_) {
    GANGWAY_CHECK(connections_.contains(offer.connection), "an offer waits whose client is gone");
    GANGWAY_CHECK(!modules.content.contains(offer.hash), "an offer waits of a module that is here");
  }
  GANGWAY_CHECK(offers_.empty() || !room_for_module(offers_.front().bytes), "an offer waits without reason");
}

void Controller::check_environment() const {
  const Environment& environment = state_.environment;
  Environment sums;
  for (const auto& [name, value] : environment.values) {
    sums.names_bytes += name.size();
    if (value.kept) sums.bytes += value.bytes;
    GANGWAY_CHECK(value.task.value() <= id_base_ + state_.last_task, "the environment was set by no task");
  }
  GANGWAY_CHECK(sums.bytes == environment.bytes, "the bytes of the environment are miscounted");
  GANGWAY_CHECK(sums.names_bytes == environment.names_bytes, "the names of the environment are miscounted");
  GANGWAY_CHECK(environment.bytes <= limits_.environment_bytes_max, "the environment is too large");
  GANGWAY_CHECK(environment.names_bytes <= limits_.environment_names_bytes_max, "the environment has too many names");
  for (const auto& [id, engine] : engines_.all()) {
    for (const auto& [name, task] : engine.environment) {
      GANGWAY_CHECK(engine.names.contains(name) || engine.missing.contains(name),
                    "an engine was given a value, and neither holds it nor misses it");
    }
    for (const auto& [name, reason] : engine.missing) {
      GANGWAY_CHECK(environment.values.contains(name), "an engine misses a value that is not of the environment");
    }
  }
}

void Controller::check_connections() const {
  GANGWAY_CHECK(connections_.size() <= limits_.sessions_max, "there are too many connections");
  GANGWAY_CHECK(!stopping_ || connections_.empty(), "a client is connected to a controller that stops");
  GANGWAY_CHECK(!stopping_ || state_.sessions.empty(), "a controller that stops keeps a session");
  std::size_t sessions = 0;
  for (const auto& [id, connection] : connections_) {
    const TimerKind kind = connection.session ? TimerKind::silence : TimerKind::hello;
    GANGWAY_CHECK(timers_.armed(kind, id), "a connection has the wrong timer");
    if (!connection.session) continue;
    ++sessions;
    const auto found = connection_of_.find(*connection.session);
    GANGWAY_CHECK(found != connection_of_.end() && found->second == id, "a session has another connection");
    GANGWAY_CHECK(state_.sessions.contains(*connection.session), "a connection has a session that has ended");
  }
  GANGWAY_CHECK(sessions == connection_of_.size(), "a session has a connection that is not there");
  std::size_t detached = 0;
  for (const auto& [id, session] : state_.sessions) {
    const bool lingers = timers_.armed(TimerKind::linger, id);
    GANGWAY_CHECK(lingers != connection_of_.contains(id), "a session lingers if it has no connection, and only then");
    GANGWAY_CHECK(!lingers || session.tasks_used > 0 || !session.name.empty(),
                  "a session lingers that has nothing to keep");
    detached += lingers ? 1U : 0U;
  }
  GANGWAY_CHECK(timers_.size() == connections_.size() + detached,
                "a connection or session has not exactly one timer");
}

void Controller::check_engines() const {
  std::uint64_t handed = 0;
  for (const auto& [id, engine] : engines_.all()) {
    std::uint64_t bytes = 0;
    for (const TaskId task : engine.handed) {
      const auto next = state_.tasks.all().upper_bound(task);
      GANGWAY_CHECK(next != state_.tasks.all().begin(), "an engine has a task that is not there");
      bytes += std::prev(next)->second.operation_bytes;
    }
    handed += engine.handed.size();
    GANGWAY_CHECK(bytes == engine.handed_bytes, "an engine's bytes are miscounted");
    GANGWAY_CHECK(engine.direct_waiting == direct_.next(id).has_value(), "an engine does not know what waits for it");
  }
  GANGWAY_CHECK(handed == state_.running, "an engine has a task that does not run");
  for (const EngineId id : direct_.engines()) {
    GANGWAY_CHECK(engines_.find(id) != nullptr || awaited_.contains(id),
                  "direct tasks wait for an engine that is not there");
  }
  for (const EngineId id : awaited_) GANGWAY_CHECK(engines_.find(id) == nullptr, "an engine that joined is awaited");
  GANGWAY_CHECK(!engines_.all_gone() || balanced_.size() == 0, "balanced tasks wait where no engine is left");
}

void Controller::check_nothing_idles() const {
  for (const auto& [id, engine] : engines_.all()) {
    if (const auto task = direct_.next(id)) {
      const auto owner = std::prev(state_.tasks.all().upper_bound(*task));
      GANGWAY_CHECK(
          !engines_.has_room(engine, owner->second.operation_bytes) || !result_finds_room(owner->second, engine),
          "a direct task waits without reason");
      continue;
    }
    GANGWAY_CHECK(!engine.handed.empty() || !balanced_.next_lane(id), "an engine idles while a task waits for one");
  }
}

}  // namespace gangway::core
