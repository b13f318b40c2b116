// What the auditor knows of named sessions, which one process after the other has, and of the keys of their tasks:
// one task for each key, and one answer.
#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "sim/auditor.hpp"

namespace gangway::sim {

// ---------------------------------------------------------------- who has a named session

std::optional<SessionId> Auditor::session_named(const std::string& name) const {
  for (const auto& [id, session] : sessions_) {
    if (session.ended_number == 0 && session.name == name) return id;
  }
  return std::nullopt;
}

void Auditor::note_hello(Connection& connection, const wire::Hello& hello) {
  connection.hello = hello;
  const auto wanted = sessions_.find(hello.session);
  if (wanted == sessions_.end()) return;
  // A process that was replaced drives nobody out.
  const bool is_older = !hello.name.empty() && hello.opening < wanted->second.openings;
  if (is_older || hello.name != wanted->second.name) return;
  for (auto& [id, other] : connections_) {
    if (other.session == hello.session) other.overtaken = true;
  }
}

void Auditor::note_record(std::uint64_t number, const core::SessionAdopted& fact) {
  const Session& session = sessions_.at(fact.session);
  world_.require(session.ended_number == 0 && !session.name.empty(), "a process took over what is no named session");
  world_.require(fact.openings > session.openings, "the openings of a session do not rise");
  note_opening(number, fact.session, fact.openings);
}

void Auditor::note_opening(std::uint64_t number, SessionId session, std::uint32_t openings) {
  openings_[number] = {session, openings};
  sessions_.at(session).openings = openings;
}

void Auditor::take_back_openings(std::uint64_t durable_number) {
  std::erase_if(openings_, [&](const auto& entry) { return entry.first > durable_number; });
  for (const auto& [number, opening] : openings_) {
    const auto session = sessions_.find(opening.session);
    if (session != sessions_.end()) session->second.openings = opening.openings;
  }
}

void Auditor::check_welcome(const Connection& connection, const wire::Welcome& welcome) {
  const wire::Hello& hello = connection.hello.value();
  const Session& session = sessions_.at(welcome.session);
  world_.require(session.name == hello.name, "a client got a session of another name");
  world_.require(welcome.opening <= session.openings, "a client was told an opening that there was not");
  if (hello.name.empty() || hello.session != welcome.session) return;
  world_.require(hello.opening == welcome.opening, "a process that was replaced has its session back");
}

void Auditor::note_opening_told(core::ConnectionId id, const wire::Welcome& welcome) {
  const auto connection = connections_.find(id);
  if (connection == connections_.end() || welcome.opening == 0) return;
  if (connection->second.hello->session == welcome.session) return;
  world_.require(openings_told_.emplace(welcome.session, welcome.opening).second || power_ever_lost_,
                 "two processes have one opening of a session");
}

void Auditor::check_goodbye(const Connection& connection, const wire::Goodbye& goodbye) const {
  if (connection.session || !connection.hello || connection.hello->name.empty()) return;
  const wire::Hello& hello = *connection.hello;
  if (goodbye.reason.find("goes on in another process") != std::string::npos) {
    const std::optional<SessionId> session = session_named(hello.name);
    const bool was_replaced =
        !session || *session != hello.session || hello.opening < sessions_.at(*session).openings;
    world_.require(hello.session != SessionId{} && was_replaced, "the process that has a session was sent away");
  } else if (goodbye.reason.find("is in use by") != std::string::npos) {
    bool is_in_use = false;
    for (const auto& [id, other] : connections_) {
      is_in_use = is_in_use || (other.session && sessions_.at(*other.session).name == hello.name);
    }
    world_.require(is_in_use, "a session is in use by nobody");
  }
}

void Auditor::check_users() const {
  std::set<SessionId> used;
  for (const auto& [id, connection] : connections_) {
    if (!connection.session || sessions_.at(*connection.session).ended_number != 0) continue;
    world_.require(used.insert(*connection.session).second, "two connections have one session");
  }
}

void Auditor::check_all_named(const Connection& connection) const {
  for (const auto& [first_task, parts_left] : parts_) {
    if (parts_left == 0 || tasks_.at(first_task).session != connection.session) continue;
    if (connection.named.contains(first_task)) continue;
    world_.fail("task " + std::to_string(first_task.value()) + " was not named to the client that came back");
  }
}

// ---------------------------------------------------------------- keys

void Auditor::note_key(SessionId session, const wire::SubmitTask& submit, TaskId task) {
  if (submit.key.empty()) return;
  world_.require(!sessions_.at(session).name.empty() && submit.engines.empty(), "a key where there can be none");
  const auto [key, is_new] = keys_.try_emplace({session, submit.key}, task);
  if (!is_new) world_.fail("the key of task " + std::to_string(key->second.value()) + " was given to another one");
}

void Auditor::note_record(std::uint64_t number, const core::TaskAttached& fact) {
  Task& part = task(fact.task);
  world_.require(sessions_.at(part.session).requests.contains(fact.request) && part.forgotten_number == 0,
                 "a task was given to a request that asks for none");
  part.requests.emplace_back(number, fact.request);
}

void Auditor::note_record(std::uint64_t number, const core::TaskKept& fact) {
  Task& part = task(fact.task);
  world_.require(!part.key.empty() && part.settled_number != 0 && acknowledged_.contains(fact.task),
                 "a task was kept that has no key, or whose answer nobody acknowledged");
  note_acknowledged(number, part);
}

void Auditor::note_attached(Connection& connection, const wire::TaskAccepted& accepted) {
  Session& session = sessions_.at(connection.session.value());
  if (!session.requests.contains(accepted.request)) return;  // it has a task of its own
  const wire::SubmitTask submit = take_request(session, accepted.request);
  const auto known = keys_.find({*connection.session, submit.key});
  world_.require(!submit.key.empty() && known != keys_.end() && known->second == accepted.first_task,
                 "a request was given a task that has not its key");
  const Task& same = task(accepted.first_task);
  world_.require(same.label == submit.label, "a key was taken for that of another function");
  const bool knows =
      std::ranges::any_of(same.requests, [&](const auto& one) { return one.second == accepted.request; });
  world_.require(knows || same.forgotten_number != 0, "a request was given a task that does not know of it");
  connection.attached.emplace(accepted.request, accepted.first_task);
}

void Auditor::note_refused(Connection& connection, const wire::Refused& refused) {
  Session& session = sessions_.at(connection.session.value());
  if (!session.requests.contains(refused.request)) return;  // no task
  const wire::SubmitTask submit = take_request(session, refused.request);
  const auto known = keys_.find({*connection.session, submit.key});
  world_.require(!submit.key.empty() && known != keys_.end() && task(known->second).label != submit.label,
                 "a task was refused without reason");
}

}  // namespace gangway::sim
