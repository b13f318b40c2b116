#include "sim/sim_client.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace gangway::sim {

namespace {

constexpr std::uint64_t module_bytes = 40;

wire::ModuleHash some_module(Random& random) {
  wire::ModuleHash module{};
  module[0] = static_cast<std::uint8_t>(random.between(1, 6));
  return module;
}

}  // namespace

SimClient::SimClient(World& world, const Scenario& scenario, Auditor& auditor, Shell& shell, std::uint64_t number)
    : world_{world},
      scenario_{scenario},
      auditor_{auditor},
      shell_{shell},
      number_{number},
      random_{world.random().fork()},
      down_{world, base::microseconds(500), [this](const wire::GatewayMessage& message) { hear(message); }},
      up_{world, base::microseconds(500), [this](const wire::ClientMessage& message) {
            shell_.happens(core::ClientSpoke{connection_, message});
          }} {
  work_ = make_work(scenario_, number_, random_);
}

void SimClient::start() {
  connection_ = shell_.connect(core::Role::submit, down_, [this] {
    world_.require(stopping_ || !alive_, "the connection of a client that keeps the rules was closed");
    alive_ = false;
  });
  say(wire::Hello{wire::protocol_version, "client " + std::to_string(number_)});
}

void SimClient::stop_cluster() {
  stopping_ = true;
  work_.clear();
  connection_ = shell_.connect(core::Role::administer, down_, [this] { alive_ = false; });
  say(wire::Hello{wire::protocol_version, "administrator"});
  say(wire::Shutdown{wire::RequestId{1}});
}

void SimClient::cut(bool silently) {
  alive_ = false;
  if (connection_ == core::ConnectionId{}) return;  // not connected yet
  down_.cut();
  if (silently) {
    up_.cut();
    return;
  }
  if (random_.chance(50)) {
    up_.cut();
    world_.after(random_.span({0}, base::milliseconds(5)), [this] { shell_.disconnect(connection_); });
  } else {
    up_.later([this] { shell_.disconnect(connection_); });
  }
}

void SimClient::slow_until(base::Instant when) {
  up_.slow_until(when);
  down_.slow_until(when);
}

bool SimClient::done() const {
  return welcomed_ && module_settled_ && next_work_ == work_.size() && requests_.empty();
}

std::string SimClient::progress() const {
  return "client " + std::to_string(number_) + " has submitted " + std::to_string(next_work_) + " of " +
         std::to_string(work_.size()) + " and waits for " + std::to_string(unanswered_);
}

void SimClient::say(const wire::ClientMessage& message) {
  up_.send(message);
}

void SimClient::hear(const wire::GatewayMessage& message) {
  std::visit([&](const auto& what) { on(what); }, message);
}

void SimClient::on(const wire::Welcome& welcome) {
  welcomed_ = true;
  tasks_credit_ = welcome.tasks_credit;
  bytes_credit_ = welcome.bytes_credit;
  on(wire::EnginesChanged{welcome.engines});
  if (scenario_.modules) want_module(some_module(random_));
  ping();
  pump();
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
  if (std::exchange(resubmits_, false)) {
    for (const auto& [id, request] : requests_) {
      world_.require(request.work_index < next_work_, "a task was accepted while one before it was returned");
    }
  }
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
  --unanswered_;
  // It and all behind it are submitted again.
  next_work_ = std::min(next_work_, request.work_index);
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
    stopping_ = true;
    return;
  }
  world_.fail("a client that keeps the rules was sent away: " + goodbye.reason);
}

void SimClient::on(const wire::TaskAccepted& accepted) {
  const auto found = requests_.find(accepted.request);
  if (found == requests_.end()) world_.fail("a task was accepted that was not submitted");
  world_.require(found->second.first_task == TaskId{}, "a task was accepted twice");
  world_.require(found->second.parts == accepted.parts, "a task has another number of parts than was asked for");
  found->second.first_task = accepted.first_task;
}

void SimClient::on(const wire::TaskFinished& finished) {
  const auto found = requests_.find(finished.request);
  if (found == requests_.end()) world_.fail("an answer to nothing");
  Request& request = found->second;
  world_.require(request.first_task != TaskId{}, "an answer came before the task was accepted");
  world_.require(finished.part < request.parts, "an answer to a part that does not exist");
  world_.require(finished.task.value() == request.first_task.value() + finished.part, "a part has a wrong id");
  world_.require(request.answered.insert(finished.part).second, "a part was answered twice");
  if (const auto* failure = std::get_if<wire::Failure>(&finished.outcome)) {
    check_failure(request, finished, *failure);
    if (request.work.kind == Work::Kind::erase) erase_failed_ = true;
  } else {
    check_result(request, finished, std::get<base::SharedBytes>(finished.outcome));
  }
  if (request.answered.size() == request.parts) --unanswered_;
  unacknowledged_.emplace_back(finished.request, finished.task);
  if (unacknowledged_.size() >= 8) {
    acknowledge();
  } else if (!std::exchange(acknowledge_scheduled_, true)) {
    world_.after(random_.span({0}, base::milliseconds(3)), [this] {
      acknowledge_scheduled_ = false;
      if (alive_) acknowledge();
    });
  }
  pump();
}

void SimClient::acknowledge() {
  wire::Acknowledge message;
  for (const auto& [id, task] : std::exchange(unacknowledged_, {})) {
    message.tasks.push_back(task);
    ++tasks_credit_;
    const auto found = requests_.find(id);
    if (++found->second.acknowledged < found->second.parts) continue;
    bytes_credit_ += found->second.bytes;
    requests_.erase(found);
  }
  if (message.tasks.empty()) return;
  say(message);
  pump();
}

void SimClient::ping() {
  world_.after({scenario_.limits.client_silence_max.ns / 4}, [this] {
    if (!alive_ || stopping_) return;
    say(wire::Ping{number_});
    ping();
  });
}

void SimClient::pump() {
  if (!welcomed_ || !module_settled_ || !alive_ || std::exchange(pump_scheduled_, true)) return;
  // Bursts and pauses.
  const base::Duration pause = random_.chance(70) ? base::Duration{0} : random_.span({0}, base::milliseconds(1));
  world_.after(pause, [this] {
    pump_scheduled_ = false;
    if (!alive_) return;
    while (submit_next()) {
      if (random_.chance(15)) {
        pump();
        return;
      }
    }
  });
}

bool SimClient::submit_next() {
  if (next_work_ == work_.size() || !module_settled_) return false;
  if (scenario_.modules && random_.chance(15)) {
    // A new build of the program.
    want_module(some_module(random_));
    return false;
  }
  const Work& work = work_[next_work_];
  if (work.after_all && unanswered_ > 0) return false;
  Request request;
  request.work = work;
  request.work_index = next_work_;
  if (work.kind != Work::Kind::push && work.kind != Work::Kind::pull) request.module = module_;
  request.engines = engines_for(work);
  if (work.target != Work::Target::balanced && request.engines.empty()) return false;
  request.parts = static_cast<std::uint32_t>(std::max<std::size_t>(1, request.engines.size()));
  const base::SharedBytes operation = operation_for(work, module_, number_, last_request_ + 1);
  const std::string label = label_for(work, last_request_ + 1);
  const bool named = work.kind == Work::Kind::chunk || work.kind == Work::Kind::missing;
  const std::vector<std::string> needs = named ? work.names : std::vector<std::string>{};
  request.bytes = wire::credit_bytes(operation.size(), label, needs);
  if (request.parts > tasks_credit_ || request.bytes > bytes_credit_) {
    if (!unacknowledged_.empty()) acknowledge();
    return false;
  }
  tasks_credit_ -= request.parts;
  bytes_credit_ -= request.bytes;
  const wire::RequestId id{++last_request_};
  const wire::SubmitTask submit{id, request.engines, label, needs, operation, request.module};
  requests_.emplace(id, std::move(request));
  ++unanswered_;
  ++next_work_;
  say(submit);
  return true;
}

std::vector<EngineId> SimClient::engines_for(const Work& work) {
  if (work.kind == Work::Kind::unknown) return {EngineId{4711}};
  if (work.target == Work::Target::balanced || engines_.empty()) return {};
  if (work.target == Work::Target::all) return engines_;
  if (work.target == Work::Target::one) return {random_.one_of(engines_)};
  std::vector<EngineId> some;
  for (const EngineId engine : engines_) {
    if (random_.chance(50)) some.push_back(engine);
  }
  if (some.empty()) some.push_back(engines_.front());
  if (random_.chance(30)) std::reverse(some.begin(), some.end());
  return some;
}

void SimClient::check_result(const Request& request, const wire::TaskFinished& finished,
                             const base::SharedBytes& result) {
  const Work& work = request.work;
  switch (work.kind) {
    case Work::Kind::run:
    case Work::Kind::chunk:
    case Work::Kind::erase:
      world_.require(result == result_for(work.token, work.result_bytes), "a task has another's result");
      break;
    case Work::Kind::count: {
      const Count count = decode_count(result);
      std::uint64_t& last = counts_[{finished.run.engine, count.incarnation}];
      world_.require(count.value == last + 1,
                     "an engine's counter did not count each effective attempt once, in order");
      last = count.value;
      break;
    }
    case Work::Kind::push:
      pushed_.insert({finished.run.engine, work.names.front()});
      break;
    case Work::Kind::pull:
      world_.require(!result.empty(), "a value came back empty");
      break;
    case Work::Kind::missing:
      world_.require(erase_failed_, "a task succeeded whose values do not exist");
      break;
    case Work::Kind::unknown:
      world_.fail("a task succeeded on an engine that does not exist");
  }
  if (!request.engines.empty()) {
    world_.require(finished.run.engine == request.engines[finished.part], "a part was run by another engine");
  }
}

void SimClient::check_failure(const Request& request, const wire::TaskFinished& finished,
                              const wire::Failure& failure) const {
  const Work& work = request.work;
  bool fair = false;
  switch (failure.kind) {
    case wire::FailureKind::worker_crashed:
      fair = auditor_.crashed({finished.task, finished.run.attempt});
      break;
    case wire::FailureKind::engine_lost:
      fair = request.engines.empty() ? auditor_.any_lost() : auditor_.ever_lost(request.engines[finished.part]);
      break;
    case wire::FailureKind::refused:
      fair = work.kind == Work::Kind::unknown;
      break;
    case wire::FailureKind::not_run:
      // Values are lost with their engines, and a push may have failed.
      fair = work.kind == Work::Kind::missing || auditor_.any_lost() ||
             (work.kind == Work::Kind::pull && !pushed_.contains({finished.run.engine, work.names.front()}));
      fair = fair && (work.kind != Work::Kind::run && work.kind != Work::Kind::count);
      break;
    case wire::FailureKind::exception:
    case wire::FailureKind::torn:
      break;
  }
  if (!fair) world_.fail("a task failed without reason: " + failure.text);
}

}  // namespace gangway::sim
