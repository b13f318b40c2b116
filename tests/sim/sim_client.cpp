// Connections of a simulated client, and what it makes of a session that goes on.
#include "sim/sim_client.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace gangway::sim {

namespace {

constexpr std::uint64_t module_bytes = 40;

}  // namespace

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
  offered_.clear();
  uploaded_.clear();
  resubmits_ = false;
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
  for (auto found = requests_.begin(); found != requests_.end();) {
    if (found->second.named) {
      ++found;
      continue;
    }
    submit_again(found->second);
    in_vain_.insert(found->first);
    found = requests_.erase(found);
  }
  check_places();
}

void SimClient::submit_again(const Request& old) {
  Request request;
  request.work = old.work;
  request.work_index = old.work_index;
  // Answers that it had are final. What sets a value everywhere goes everywhere again.
  const bool whole = old.work.kind == Work::Kind::push && old.work.target == Work::Target::all;
  for (std::uint32_t part = 0; part < old.engines.size(); ++part) {
    if (whole || !old.answers.contains(part)) request.engines.push_back(old.engines[part]);
  }
  const auto place = std::ranges::upper_bound(again_, request.work_index, {}, &Request::work_index);
  again_.insert(place, std::move(request));
}

void SimClient::want_module(const wire::ModuleHash& module) {
  module_settled_ = false;
  wanted_module_ = module;
  const auto is_it = [&module](const auto& asked) { return asked.second == module; };
  if (std::ranges::any_of(offered_, is_it) || std::ranges::any_of(uploaded_, is_it)) return;
  const wire::RequestId request{++last_request_};
  offered_[request] = module;
  say(wire::OfferModule{request, module, module_bytes});
}

void SimClient::settle_module(const wire::ModuleHash& module) {
  module_ = module;
  module_settled_ = true;
  resubmits_ = false;
  check_places();
  pump();
}

void SimClient::on(const wire::ModuleAnswered& answered) {
  const auto upload = uploaded_.extract(answered.request);
  const auto offer = offered_.extract(answered.request);
  world_.require(upload.empty() != offer.empty(), "an answer about a module that was not asked for");
  const wire::ModuleHash module = upload.empty() ? offer.mapped() : upload.mapped();
  if (answered.known) {
    if (module == wanted_module_) settle_module(module);
    return;
  }
  const wire::RequestId request{++last_request_};
  if (upload.empty()) {
    uploaded_[request] = module;
    say(wire::UploadModule{request, module, base::SharedBytes{base::ByteVector(module_bytes, std::byte{module[0]})}});
  } else {
    offered_[request] = module;
    say(wire::OfferModule{request, module, module_bytes});
  }
}

void SimClient::on(const wire::Refused& refused) {
  world_.require(
      refused.reason.find("libraries") != std::string::npos || module_bytes > scenario_.limits.modules_bytes_max,
      "a fair request was refused");
  const auto upload = uploaded_.extract(refused.request);
  const auto offer = offered_.extract(refused.request);
  world_.require(upload.empty() != offer.empty(), "a task was refused");
  if ((upload.empty() ? offer.mapped() : upload.mapped()) == wanted_module_) settle_module({});
}

void SimClient::on(const wire::TaskReturned& returned) {
  const auto found = requests_.find(returned.request);
  if (found == requests_.end()) world_.fail("a task was returned that was not submitted");
  const Request& request = found->second;
  world_.require(request.first_task == TaskId{}, "a task was returned that was accepted");
  tasks_credit_ += request.parts;
  bytes_credit_ += request.bytes;
  // It and all behind it are submitted again.
  submit_again(request);
  const wire::ModuleHash module = request.module;
  requests_.erase(found);
  if (std::exchange(resubmits_, true)) return;
  world_.require(module != wire::ModuleHash{}, "a task was returned that needs no module");
  want_module(module);
}

void SimClient::on(const wire::EnginesChanged& changed) {
  engines_.clear();
  for (const wire::EngineInfo& engine : changed.engines) engines_.push_back(engine.id);
  pump();
}

void SimClient::on(const wire::Goodbye& goodbye) {
  if (goodbye.reason == "the cluster is being stopped") {
    world_.require(goodbye.final, "a client may come back to a cluster that is being stopped");
    stopping_ = true;
    return;
  }
  // A Hello that an older connection had under way may overtake that of this one.
  line_->was_overtaken = goodbye.reason.find("newer connection") != std::string::npos &&
                         std::any_of(lines_.begin(), lines_.end() - 1,
                                     [&](const auto& older) { return older->last_said && !older->was_welcomed; });
  line_->was_overtaken = line_->was_overtaken && !goodbye.final;
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
  world_.require(accepted.parts == request.parts, "a task has another number of parts than was asked for");
  request.first_task = accepted.first_task;
  if (!naming_) {
    world_.require(accepted.parts_left == 0 && accepted.credit_bytes == 0, "a new task counts twice");
    return;
  }
  world_.require(accepted.parts_left > 0 && accepted.parts_left <= accepted.parts, "a task has no parts left");
  world_.require(accepted.credit_bytes == request.bytes, "a task counts other bytes than before");
  world_.require(accepted.parts_left <= tasks_credit_ && accepted.credit_bytes <= bytes_credit_,
                 "more tasks were named than there is credit for");
  request.unacknowledged = accepted.parts_left;
  tasks_credit_ -= accepted.parts_left;
  bytes_credit_ -= accepted.credit_bytes;
  if (!requests_.contains(accepted.request)) named_done_.insert(accepted.request);
}

}  // namespace gangway::sim
