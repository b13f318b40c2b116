// What a simulated client submits, and what it does with the answers.
#include <algorithm>
#include <utility>

#include "sim/sim_client.hpp"

namespace gangway::sim {

namespace {

wire::ModuleHash some_module(Random& random) {
  wire::ModuleHash module{};
  module[0] = static_cast<std::uint8_t>(random.between(1, 6));
  return module;
}

}  // namespace

void SimClient::begin() {
  // Of the modules that it had, some may be gone, with the power or for want of room.
  if (scenario_.modules) want_module(wanted_module_ == wire::ModuleHash{} ? some_module(random_) : wanted_module_);
  pump();
}

void SimClient::ping() {
  world_.after({scenario_.limits.client_silence_max.ns / 4}, [this, line = lines_.current()] {
    if (lines_.current() != line || !alive_ || stopping_) return;
    say(wire::Ping{number_});
    ping();
  });
}

bool SimClient::may_submit() const {
  return alive_ && welcomed_ && !naming_ && module_settled_;
}

void SimClient::pump() {
  if (!may_submit() || std::exchange(pump_scheduled_, true)) return;
  // Bursts and pauses.
  const base::Duration pause = random_.chance(70) ? base::Duration{0} : random_.span({0}, base::milliseconds(1));
  world_.after(pause, [this] {
    pump_scheduled_ = false;
    if (!may_submit()) return;
    while (submit_next()) {
      if (random_.chance(15)) {
        pump();
        return;
      }
    }
  });
}

bool SimClient::submit_next() {
  if (again_.empty() && next_work_ == work_.size()) return false;
  if (scenario_.modules && random_.chance(15)) {
    // A new build of the program.
    want_module(some_module(random_));
    return false;
  }
  if (!again_.empty()) {
    if (!submit(again_.front())) return false;
    again_.pop_front();
    return true;
  }
  const Work& work = work_[next_work_];
  const bool all_answered = std::all_of(requests_.begin(), requests_.end(), [](const auto& entry) {
    return entry.second.answers.size() == entry.second.parts;
  });
  if (work.after_all && !all_answered) return false;
  Request request;
  request.work = work;
  request.work_index = next_work_;
  request.engines = engines_for(work);
  if (work.target != Work::Target::balanced && request.engines.empty()) return false;
  if (!submit(std::move(request))) return false;
  ++next_work_;
  return true;
}

bool SimClient::submit(Request request) {
  const Work& work = request.work;
  request.parts = static_cast<std::uint32_t>(std::max<std::size_t>(1, request.engines.size()));
  request.unacknowledged = request.parts;
  if (work.kind != Work::Kind::push && work.kind != Work::Kind::pull) request.module = module_;
  const base::SharedBytes operation = operation_for(work, module_, number_, last_request_ + 1);
  const std::string label = label_for(work, last_request_ + 1);
  const bool named = work.kind == Work::Kind::chunk || work.kind == Work::Kind::missing;
  const std::vector<std::string> needs = named ? work.names : std::vector<std::string>{};
  const std::vector<wire::Prerequisite> after = some_to_follow(request);
  request.follows = !after.empty();
  const bool everywhere = work.kind == Work::Kind::push && work.target == Work::Target::all;
  const std::string environment = everywhere ? work.names.front() : "";
  request.needs_are_everywhere =
      std::ranges::all_of(needs, [&](const auto& name) { return everywhere_.contains(name); });
  request.bytes = wire::credit_bytes(operation.size(), label, needs, wire::parts_awaited(after), environment);
  if (request.parts > tasks_credit_ || request.bytes > bytes_credit_) {
    if (!unacknowledged_.empty()) acknowledge();
    return false;
  }
  tasks_credit_ -= request.parts;
  bytes_credit_ -= request.bytes;
  const wire::RequestId id{++last_request_};
  wire::SubmitTask message{id, request.engines, label, needs, operation, request.module};
  message.policy = work.policy;
  message.after = after;
  message.environment = environment;
  requests_.emplace(id, std::move(request));
  say(message);
  return true;
}

std::vector<wire::Prerequisite> SimClient::some_to_follow(const Request& request) {
  std::vector<wire::Prerequisite> after;
  if (request.work.kind != Work::Kind::run || !request.engines.empty()) return after;
  while (after.size() < 3 && !requests_.empty() && random_.chance(25)) {
    wire::Prerequisite one;
    one.condition = random_.one_of<wire::Condition>(
        {wire::Condition::succeeded, wire::Condition::failed, wire::Condition::ended, wire::Condition::ended});
    for (const auto& [id, earlier] : requests_) {
      if (!random_.chance(10)) continue;
      for (std::uint32_t part = 0; part < earlier.parts; ++part) {
        if (earlier.answers.contains(part)) continue;
        if (earlier.named) {
          one.parts.push_back({TaskId{earlier.first_task.value() + part}, {}, 0});
        } else {
          one.parts.push_back({{}, id, part});
        }
      }
    }
    after.push_back(std::move(one));
  }
  return after;
}

void SimClient::on(const wire::TaskFinished& finished) {
  Request& request = find(finished.request);
  world_.require(request.named, "an answer came before the task was accepted");
  world_.require(finished.part < request.parts, "an answer to a part that does not exist");
  world_.require(finished.task.value() == request.first_task.value() + finished.part, "a part has a wrong id");
  world_.require(request.answered.insert(finished.part).second, "a part was answered twice");
  take_answer(request, finished);
  unacknowledged_.emplace_back(finished.request, finished.task);
  if (unacknowledged_.size() >= 8) {
    acknowledge();
  } else {
    acknowledge_soon();
  }
  pump();
}

void SimClient::take_answer(Request& request, const wire::TaskFinished& finished) {
  const auto [answer, is_first] = request.answers.emplace(finished.part, finished.outcome);
  if (is_first) {
    check_answer(request, finished);
  } else {
    // The first one is final. Only if the gateway has lost it with the power can there be another.
    world_.require(answer->second == finished.outcome || auditor_.power_took(finished.task),
                   "a task has two answers");
  }
}

void SimClient::acknowledge_soon() {
  if (std::exchange(acknowledge_scheduled_, true)) return;
  world_.after(random_.span({0}, base::milliseconds(3)), [this] {
    acknowledge_scheduled_ = false;
    if (alive_) acknowledge();
  });
}

void SimClient::acknowledge() {
  wire::Acknowledge message;
  for (const auto& [id, task] : std::exchange(unacknowledged_, {})) {
    message.tasks.push_back(task);
    ++tasks_credit_;
    Request& request = find(id);
    if (--request.unacknowledged > 0) continue;
    world_.require(request.answers.size() == request.parts, "a part of a task is not there any more");
    request.named = false;
    request.answered.clear();
    bytes_credit_ += request.bytes;
    if (named_done_.erase(id) == 0) done_.insert(requests_.extract(id));
  }
  if (message.tasks.empty()) return;
  say(message);
  pump();
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

}  // namespace gangway::sim
