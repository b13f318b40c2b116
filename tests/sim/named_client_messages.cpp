// What a process with a named session is told, and what it demands of that.
#include <algorithm>
#include <utility>
#include <variant>

#include "sim/named_client.hpp"

namespace gangway::sim {

void NamedClient::hear(const wire::GatewayMessage& message) {
  std::visit([&](const auto& what) { on(what); }, message);
}

void NamedClient::on(const wire::Welcome& welcome) {
  welcomed_ = lines_.current()->was_welcomed = true;
  const bool is_new = process_.session == SessionId{};
  world_.require(is_new || welcome.resumed == (welcome.session == process_.session), "another session was resumed");
  world_.require(is_new || welcome.resumed || auditor_.power_ever_lost() ||
                     world_.now() - lines_.away_since() >= scenario_.limits.named_session_linger,
                 "a named session has ended before its time");
  if (is_new) send_zombie();
  process_.session = welcome.session;
  process_.opening = welcome.opening;
  // Two processes use no number twice: one of an older task may come back when the power is lost.
  process_.last_request = std::max(process_.last_request, std::uint64_t{welcome.opening} << 32U);
  tasks_credit_ = welcome.tasks_credit;
  bytes_credit_ = welcome.bytes_credit;
  ping();
  naming_ = welcome.resumed;
  if (naming_) {
    if (random_.chance(50)) lines_.repeat_on_older();
    return;
  }
  submit_unnamed_again();
  pump();
}

void NamedClient::on(const wire::SessionResumed&) {
  world_.require(naming_, "the end of the names came twice, or none were to come");
  naming_ = false;
  for (const auto& [id, flight] : process_.flights) {
    // A key's task that was acknowledged is named no more.
    const bool may_be_gone = auditor_.power_took(flight.task) || auditor_.is_kept(flight.task) ||
                             (tasks_of_others_.contains(flight.task) && auditor_.power_ever_lost());
    world_.require(flight.named || flight.task == TaskId{} || may_be_gone,
                   "a task that was accepted is not there any more");
  }
  submit_unnamed_again();
  pump();
}

void NamedClient::submit_unnamed_again() {
  std::deque<std::size_t> again;
  std::erase_if(process_.flights, [&](const auto& entry) {
    const Flight& flight = entry.second;
    if (flight.named) return false;
    process_.in_vain.insert(entry.first);
    if (!flight.is_other) again.push_back(flight.item);
    return true;
  });
  process_.to_submit.insert(process_.to_submit.begin(), again.begin(), again.end());
}

void NamedClient::on(const wire::TaskAccepted& accepted) {
  world_.require(accepted.parts == 1, "a balanced task has parts");
  world_.require(!process_.in_vain.contains(accepted.request),
                 "a submission is there that was not named when the session was resumed");
  if (naming_) return named_again(accepted);
  const auto found = process_.flights.find(accepted.request);
  if (found == process_.flights.end()) world_.fail("a task belongs to no submission");
  Flight& flight = found->second;
  world_.require(!flight.is_other, "a key was taken for that of another function");
  world_.require(flight.task == TaskId{}, "a task was accepted a second time");
  world_.require(accepted.parts_left == 0 && accepted.credit_bytes == 0, "a new task counts twice");
  flight.task = accepted.first_task;
  flight.named = true;
  const std::string& key = items_[flight.item].key;
  if (key.empty()) return;
  keys_here_.insert(key);
  adopt(flight.task);
  Known& known = keys_.try_emplace({process_.session, key}, Known{flight.task}).first->second;
  world_.require(known.task == flight.task || auditor_.power_took(known.task), "a key has two tasks");
  if (known.task != flight.task) known = Known{flight.task};
}

void NamedClient::named_again(const wire::TaskAccepted& accepted) {
  world_.require(accepted.parts_left == 1, "a task has no parts left");
  world_.require(tasks_credit_ >= 1 && accepted.credit_bytes <= bytes_credit_,
                 "more tasks were named than there is credit for");
  --tasks_credit_;
  bytes_credit_ -= accepted.credit_bytes;
  const auto found = process_.flights.find(accepted.request);
  if (found == process_.flights.end()) {
    const bool is_first = strays_.try_emplace(accepted.request, accepted.first_task, accepted.credit_bytes).second;
    world_.require(is_first, "a task was named twice");
    tasks_of_others_.insert(accepted.first_task);
    // Of a process before this one: numbers go on behind.
    process_.last_request = std::max(process_.last_request, accepted.request.value());
    return;
  }
  Flight& flight = found->second;
  world_.require(flight.task == TaskId{} || flight.task == accepted.first_task, "a task has another id than before");
  world_.require(accepted.credit_bytes == flight.bytes, "a task counts other bytes than before");
  world_.require(!std::exchange(flight.named, true), "a task was named twice");
  flight.task = accepted.first_task;
}

void NamedClient::adopt(TaskId task) {
  const auto stray = std::ranges::find_if(strays_, [&](const auto& entry) { return entry.second.task == task; });
  if (stray == strays_.end()) return;
  ++tasks_credit_;
  bytes_credit_ += stray->second.bytes;
  // Its answer may be under way.
  adopted_.insert(stray->first);
  strays_.erase(stray);
}

void NamedClient::on(const wire::TaskFinished& finished) {
  const auto found = process_.flights.find(finished.request);
  if (found == process_.flights.end()) return answered_again(finished);
  const Flight flight = found->second;
  world_.require(flight.named && flight.task == finished.task && finished.part == 0,
                 "an answer came before the task was accepted, or that of another one");
  check_outcome(flight, finished);
  process_.flights.erase(found);
  const bool is_first = process_.answered.insert(flight.item).second;
  // Somebody may want it once more.
  if (is_first && !items_[flight.item].key.empty() && random_.chance(20)) process_.to_submit.push_back(flight.item);
  owe(finished.task, flight.bytes);
  pump();
}

void NamedClient::answered_again(const wire::TaskFinished& finished) {
  if (adopted_.contains(finished.request)) return;
  const auto stray = strays_.find(finished.request);
  if (stray == strays_.end() || stray->second.task != finished.task) {
    world_.fail("an answer belongs to no submission");
  }
  owe(finished.task, stray->second.bytes);
  strays_.erase(stray);
}

void NamedClient::check_outcome(const Flight& flight, const wire::TaskFinished& finished) {
  const auto& [work, key] = items_[flight.item];
  if (const auto* result = std::get_if<base::SharedBytes>(&finished.outcome)) {
    world_.require(*result == result_for(work.token, work.result_bytes), "a task has another's result");
  } else {
    world_.require(auditor_.is_fair(finished, work.policy), "a task failed without reason");
  }
  if (key.empty()) return;
  // A process may have been told of it when it came back only.
  Known& known = keys_.try_emplace({process_.session, key}, Known{finished.task}).first->second;
  const bool is_final = !auditor_.power_took(known.task);
  world_.require(known.task == finished.task || !is_final, "a key has two tasks");
  world_.require(!known.answer || *known.answer == finished.outcome || !is_final, "a key has two answers");
  known = Known{finished.task, finished.outcome};
}

void NamedClient::on(const wire::Refused& refused) {
  const auto found = process_.flights.find(refused.request);
  world_.require(found != process_.flights.end() && found->second.is_other &&
                     refused.reason.find("take another one") != std::string::npos,
                 "a task was refused");
  ++tasks_credit_;
  bytes_credit_ += found->second.bytes;
  process_.flights.erase(found);
  pump();
}

void NamedClient::on(const wire::Goodbye& goodbye) {
  ClientLines::Line& line = *lines_.current();
  const auto says = [&](const char* text) { return goodbye.reason.find(text) != std::string::npos; };
  if (says("the cluster is being stopped")) {
    stopping_ = true;
    return;
  }
  // A Hello that an older connection had under way may overtake that of this one. And when the power has taken the
  // record of who replaced whom, the older process has the session as well.
  const bool older_came = lines_.older_may_come() || (zombie_came_ && auditor_.power_ever_lost());
  if (says("is in use by")) {
    world_.require(process_.session == SessionId{}, "the process that has a session was sent away");
    in_use_ = line.was_dismissed = true;
  } else if (says("newer connection")) {
    line.was_dismissed = older_came;
  } else if (says("goes on in another process") && (older_came || auditor_.power_took(process_.session))) {
    // With its session the end of the one before it may have been lost, which has the name again.
    line.was_dismissed = true;
    world_.after({0}, [this] { kill_process(); });
  }
  if (!line.was_dismissed) world_.fail("a process that keeps the rules was sent away: " + goodbye.reason);
}

}  // namespace gangway::sim
