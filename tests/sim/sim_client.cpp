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
      random_{world.random().fork()},
      lines_{world, shell, random_, [this](const wire::GatewayMessage& message) { hear(message); },
             [this] { closed_by_gateway(); }} {
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
  if (!lines_.connect(role)) {
    come_back_soon();
    return;
  }
  say(wire::Hello{wire::protocol_version, "client " + std::to_string(number_), session_});
}

void SimClient::forget_connection() {
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
    if (alive_ && lines_.current() == nullptr) connect(core::Role::submit);
  });
}

void SimClient::closed_by_gateway() {
  const ClientLines::Line& line = *lines_.current();
  if (stopping_) {
    alive_ = false;
    lines_.leave();
    return;
  }
  world_.require(line.gateway_life != shell_.life() || line.was_dismissed,
                 "the connection of a client that keeps the rules was closed");
  lines_.leave();
  forget_connection();
  come_back_soon();
}

void SimClient::lose_connection() {
  if (lines_.current() == nullptr || stopping_) return;
  lines_.lose();
  forget_connection();
  come_back_soon();
}

void SimClient::die(bool silently) {
  alive_ = false;
  lines_.die(silently);
}

void SimClient::quit() {
  say(wire::EndSession{});
  die(false);
}

bool SimClient::done() const {
  return welcomed_ && !naming_ && module_settled_ && next_work_ == work_.size() && again_.empty() &&
         requests_.empty() && named_done_.empty();
}

std::string SimClient::progress() const {
  return "client " + std::to_string(number_) + " has submitted " + std::to_string(next_work_) + " of " +
         std::to_string(work_.size()) + ", has to submit " + std::to_string(again_.size()) + " again and waits for " +
         std::to_string(requests_.size()) + (welcomed_ ? "" : "; it is not connected");
}

void SimClient::hear(const wire::GatewayMessage& message) {
  std::visit([&](const auto& what) { on(what); }, message);
}

void SimClient::on(const wire::Welcome& welcome) {
  welcomed_ = lines_.current()->was_welcomed = true;
  tasks_credit_ = welcome.tasks_credit;
  bytes_credit_ = welcome.bytes_credit;
  engines_.clear();
  for (const wire::EngineInfo& engine : welcome.engines) engines_.push_back(engine.id);
  ping();
  naming_ = welcome.resumed;
  if (naming_) {
    world_.require(welcome.session == session_, "a session was resumed that nobody asked for");
    // What a connection says after the session was resumed in another one arrives nowhere.
    if (random_.chance(50)) lines_.repeat_on_older();
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

void SimClient::on(const wire::SessionResumed&) {
  world_.require(naming_, "the end of the names came twice, or none were to come");
  naming_ = false;
  for (const auto& [id, request] : requests_) {
    world_.require(request.named || request.first_task == TaskId{} || auditor_.power_took(request.first_task),
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
  const bool was_overtaken =
      !goodbye.final && lines_.older_may_come() && goodbye.reason.find("newer connection") != std::string::npos;
  lines_.current()->was_dismissed = was_overtaken;
  if (!was_overtaken) world_.fail("a client that keeps the rules was sent away: " + goodbye.reason);
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
