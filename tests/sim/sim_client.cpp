// Connections of a simulated client, and what it makes of a session that goes on.
#include "sim/sim_client.hpp"

#include <algorithm>
#include <deque>
#include <utility>
#include <variant>

namespace gangway::sim {

SimClient::SimClient(World& world, const Scenario& scenario, Auditor& auditor, Shell& shell, std::uint64_t number)
    : world_{world},
      scenario_{scenario},
      auditor_{auditor},
      shell_{shell},
      number_{number},
      random_{world.random().fork()} {
  work_ = make_work(scenario_, number_, random_);
}

void SimClient::start() {
  connect(core::Role::submit);
}

void SimClient::stop_cluster() {
  stopping_ = true;
  work_.clear();
  connect(core::Role::administer);
  say(wire::Shutdown{wire::RequestId{1}});
}

void SimClient::connect(core::Role role) {
  lines_.push_back(nullptr);
  const std::size_t index = lines_.size() - 1;
  lines_[index].reset(new Line{{world_, base::microseconds(500),
                                [this, index](const wire::GatewayMessage& message) {
                                  if (line_ == lines_[index].get()) hear(message);
                                }},
                               {world_, base::microseconds(500), [this, index](const wire::ClientMessage& message) {
                                  shell_.happens(core::ClientSpoke{lines_[index]->id, message});
                                }}});
  Line* line = lines_[index].get();
  const auto id = shell_.connect(role, line->down, [this, line] {
    if (line_ == line) closed_by_gateway();
  });
  if (!id) {
    come_back_soon();
    return;
  }
  line->id = *id;
  line->gateway_life = shell_.life();
  line_ = line;
  say(wire::Hello{wire::protocol_version, "client " + std::to_string(number_), session_});
}

void SimClient::leave_line() {
  // A connection that was not welcomed tells nothing of the session.
  if (line_->was_welcomed) {
    const bool died = line_->gateway_life != shell_.life();
    away_since_ = died ? std::min(world_.now(), shell_.died(line_->gateway_life)) : world_.now();
  }
  line_ = nullptr;
  welcomed_ = naming_ = false;
  unacknowledged_.clear();
  for (const wire::RequestId id : std::exchange(named_done_, {})) {
    done_.at(id).named = false;
    done_.at(id).answered.clear();
  }
  for (auto request = requests_.begin(); request != requests_.end();) {
    request->second.named = false;
    request->second.answered.clear();
    if (request->second.answers.size() == request->second.parts) {
      done_.insert(requests_.extract(request++));
    } else {
      ++request;
    }
  }
}

void SimClient::come_back_soon() {
  const base::Duration pause =
      random_.chance(70) ? random_.span({0}, base::milliseconds(3)) : random_.span({0}, base::milliseconds(60));
  world_.after(pause, [this] {
    if (alive_ && line_ == nullptr) connect(core::Role::submit);
  });
}

void SimClient::closed_by_gateway() {
  if (stopping_) {
    alive_ = false;
    line_ = nullptr;
    return;
  }
  world_.require(line_->gateway_life != shell_.life() || line_->was_overtaken,
                 "the connection of a client that keeps the rules was closed");
  leave_line();
  come_back_soon();
}

void SimClient::lose_connection() {
  if (line_ == nullptr || stopping_) return;
  Line& line = *line_;
  leave_line();
  line.down.cut();
  const core::ConnectionId id = line.id;
  switch (random_.below(5)) {
    case 0:  // what is under way is lost, and the gateway does not notice
      line.up.cut();
      break;
    case 1:  // what is under way arrives
      break;
    case 2:  // and late, perhaps when the client is back
      line.up.hold_until(world_.now() + random_.span({0}, base::milliseconds(60)));
      break;
    case 3:
      line.up.cut();
      world_.after(random_.span({0}, base::milliseconds(5)), [this, id] { shell_.disconnect(id); });
      break;
    default:
      line.up.later([this, id] { shell_.disconnect(id); });
  }
  come_back_soon();
}

void SimClient::die(bool silently) {
  alive_ = false;
  if (line_ == nullptr) return;
  Line& line = *line_;
  const core::ConnectionId id = line.id;
  line_ = nullptr;
  line.down.cut();
  if (silently) {
    line.up.cut();
  } else if (random_.chance(50)) {
    line.up.cut();
    world_.after(random_.span({0}, base::milliseconds(5)), [this, id] { shell_.disconnect(id); });
  } else {
    line.up.later([this, id] { shell_.disconnect(id); });
  }
}

void SimClient::quit() {
  if (line_ != nullptr) say(wire::EndSession{});
  die(false);
}

void SimClient::slow_until(base::Instant when) {
  if (line_ == nullptr) return;
  line_->up.slow_until(when);
  line_->down.slow_until(when);
}

bool SimClient::done() const {
  return welcomed_ && !naming_ && module_settled_ && next_work_ == work_.size() && again_.empty() &&
         requests_.empty() && named_done_.empty();
}

std::string SimClient::progress() const {
  return "client " + std::to_string(number_) + " has submitted " + std::to_string(next_work_) + " of " +
         std::to_string(work_.size()) + ", has to submit " + std::to_string(again_.size()) + " again and waits for " +
         std::to_string(requests_.size()) + (line_ == nullptr ? "; it is not connected" : "");
}

void SimClient::hear(const wire::GatewayMessage& message) {
  std::visit([&](const auto& what) { on(what); }, message);
}

void SimClient::on(const wire::Welcome& welcome) {
  welcomed_ = line_->was_welcomed = true;
  tasks_credit_ = welcome.tasks_credit;
  bytes_credit_ = welcome.bytes_credit;
  engines_.clear();
  for (const wire::EngineInfo& engine : welcome.engines) engines_.push_back(engine.id);
  ping();
  naming_ = welcome.resumed;
  if (naming_) {
    world_.require(welcome.session == session_, "a session was resumed that nobody asked for");
    repeat_on_older_line();
    return;
  }
  if (session_ != SessionId{}) {
    check_replaced_session();
    session_was_replaced_ = true;
    submit_unnamed_again();
  }
  session_ = welcome.session;
  begin();
}

void SimClient::repeat_on_older_line() {
  // What a connection says after the session was resumed in another one arrives nowhere.
  if (lines_.size() < 2 || !random_.chance(50)) return;
  const Line& older = *lines_[static_cast<std::size_t>(random_.below(lines_.size() - 1))];
  if (!older.was_welcomed) return;
  world_.after(random_.span({0}, base::milliseconds(2)), [this, id = older.id, message = *older.last_said] {
    shell_.happens(core::ClientSpoke{id, message});
  });
}

void SimClient::on(const wire::SessionResumed&) {
  world_.require(naming_, "the end of the names came twice, or none were to come");
  naming_ = false;
  for (const auto& [id, request] : requests_) {
    world_.require(request.named || request.first_task == TaskId{} || auditor_.power_ever_lost(),
                   "a task that was accepted is not there any more");
  }
  submit_unnamed_again();
  begin();
}

void SimClient::submit_unnamed_again() {
  std::deque<Request> again;
  for (auto found = requests_.begin(); found != requests_.end();) {
    const Request& old = found->second;
    if (old.named) {
      ++found;
      continue;
    }
    Request request;
    request.work = old.work;
    // Answers that it had are final.
    for (std::uint32_t part = 0; part < old.engines.size(); ++part) {
      if (!old.answers.contains(part)) request.engines.push_back(old.engines[part]);
    }
    again.push_back(std::move(request));
    in_vain_.insert(found->first);
    found = requests_.erase(found);
  }
  // They came before those that still wait for that.
  again_.insert(again_.begin(), again.begin(), again.end());
}

void SimClient::begin() {
  if (scenario_.modules) {
    module_settled_ = false;
    if (wanted_module_ == wire::ModuleHash{}) {
      wanted_module_[0] = static_cast<std::uint8_t>(random_.between(1, 4));
    }
    say(wire::OfferModule{wire::RequestId{++last_request_}, wanted_module_, 40});
  }
  pump();
}

void SimClient::on(const wire::ModuleAnswered& answered) {
  if (!answered.known) {
    say(wire::UploadModule{wire::RequestId{++last_request_}, wanted_module_,
                           base::SharedBytes{base::ByteVector(40, std::byte{wanted_module_[0]})}});
    return;
  }
  module_ = wanted_module_;
  module_settled_ = true;
  pump();
}

void SimClient::on(const wire::Refused& refused) {
  world_.require(refused.reason.find("modules") != std::string::npos, "a fair request was refused");
  module_ = {};
  module_settled_ = true;
  pump();
}

void SimClient::on(const wire::EnginesChanged& changed) {
  engines_.clear();
  for (const wire::EngineInfo& engine : changed.engines) engines_.push_back(engine.id);
  pump();
}

void SimClient::on(const wire::Goodbye& goodbye) {
  if (goodbye.reason == "the cluster is being stopped") {
    stopping_ = true;
    return;
  }
  // A Hello that an older connection had under way may overtake that of this one.
  line_->was_overtaken = goodbye.reason.find("newer connection") != std::string::npos &&
                         std::any_of(lines_.begin(), lines_.end() - 1,
                                     [&](const auto& older) { return older->last_said && !older->was_welcomed; });
  if (!line_->was_overtaken) world_.fail("a client that keeps the rules was sent away: " + goodbye.reason);
}

SimClient::Request& SimClient::find(wire::RequestId id) {
  world_.require(!in_vain_.contains(id), "a submission is there that was not named when the session was resumed");
  const auto found = requests_.find(id);
  if (found != requests_.end()) return found->second;
  const auto done = done_.find(id);
  if (done == done_.end()) world_.fail("a task or an answer that belongs to no submission");
  return done->second;
}

void SimClient::on(const wire::TaskAccepted& accepted) {
  Request& request = find(accepted.request);
  world_.require(!std::exchange(request.named, true), "a task was accepted twice");
  const bool is_first = request.first_task == TaskId{};
  world_.require(naming_ || is_first, "a task was accepted a second time");
  world_.require(is_first || request.first_task == accepted.first_task, "a task has another id than before");
  world_.require(
      accepted.parts > 0 && accepted.parts <= request.parts && (naming_ || accepted.parts == request.parts),
      "a task has another number of parts than was asked for");
  request.first_task = accepted.first_task;
  if (!naming_) return;
  request.unacknowledged = accepted.parts;
  tasks_credit_ -= accepted.parts;
  if (requests_.contains(accepted.request)) {
    bytes_credit_ -= request.bytes;
  } else {
    named_done_.insert(accepted.request);
  }
}

}  // namespace gangway::sim
