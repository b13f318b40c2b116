#include "sim/sim_engine.hpp"

#include <sstream>
#include <utility>
#include <variant>

#include "wire/codec.hpp"

namespace gangway::sim {

namespace {

// As the real engine's policy: who is busy for this long gives back what waits behind.
constexpr base::Duration busy_max = base::milliseconds(10);

wire::Operation operation_of(const wire::RunTask& task) {
  return wire::decode_operation(task.operation).value();
}

wire::AttemptFinished failed(const wire::RunTask& task, EngineId id, wire::FailureKind kind, std::string text) {
  return {
      task.attempt, 0, {}, {}, wire::Failure{kind, "simulated", std::move(text), id, "sim", task.attempt.attempt}};
}

}  // namespace

SimEngine::SimEngine(World& world, Auditor& auditor, Shell& shell, EngineId id, std::uint32_t incarnation)
    : world_{world},
      auditor_{auditor},
      shell_{shell},
      id_{id},
      incarnation_{incarnation},
      down_{world, base::microseconds(100), [this](const wire::ToEngine& message) { hear(message); }},
      up_{world, base::microseconds(100), [this](const wire::FromEngine& message) {
            shell_.happens(core::EngineSpoke{id_, message});
          }} {}

void SimEngine::join() {
  shell_.attach(id_, down_);
  up_.send(wire::EngineReady{{id_, incarnation_, "sim", 1}});
}

void SimEngine::die() {
  alive_ = false;
  down_.cut();
  // What it has said may still arrive, or be lost with it; the notice comes last.
  if (world_.random().chance(50)) {
    up_.cut();
    world_.after(world_.random().span({0}, base::milliseconds(2)), [this] {
      if (!vanished_) shell_.detach(id_, "the saboteur was here");
    });
  } else {
    up_.later([this] {
      up_.cut();
      shell_.detach(id_, "the saboteur was here");
    });
  }
}

void SimEngine::vanish() {
  alive_ = false;
  vanished_ = true;
  down_.cut();
  up_.cut();
}

bool SimEngine::crash_worker() {
  if (!running_ || !std::holds_alternative<wire::Call>(operation_of(queue_.front()))) return false;
  const wire::RunTask task = std::move(queue_.front());
  queue_.pop_front();
  running_ = false;
  ++run_number_;
  auditor_.note_crash(task.attempt);
  answer(failed(task, id_, wire::FailureKind::worker_crashed, "the worker was ended by signal 11"));
  begin();
  return true;
}

void SimEngine::repeat_last_answer() {
  if (last_answer_) up_.send(*last_answer_);
}

void SimEngine::hear(const wire::ToEngine& message) {
  if (const auto* run = std::get_if<wire::RunTask>(&message)) {
    const wire::ModuleHash module = module_of(run->operation);
    if (module != wire::ModuleHash{}) {
      world_.require(modules_.contains(module), "a task came before its module, or after it was forgotten");
    }
    queue_.push_back(*run);
    if (!running_) begin();
  } else if (const auto* module = std::get_if<wire::StoreModule>(&message)) {
    modules_.insert(module->hash);
  } else if (const auto* forget = std::get_if<wire::ForgetModule>(&message)) {
    world_.require(modules_.erase(forget->hash) == 1, "an engine shall forget a module that it has not");
    for (const wire::RunTask& task : queue_) {
      world_.require(module_of(task.operation) != forget->hash,
                     "a module was forgotten while a task at the engine needs it");
    }
  } else if (std::holds_alternative<wire::LeaveCluster>(message)) {
    up_.send(wire::EngineLeaving{});
  }
}

void SimEngine::begin() {
  if (queue_.empty()) return;
  running_ = true;
  auditor_.begins(queue_.front().attempt);
  const std::uint64_t number = ++run_number_;
  const base::Duration time = time_of(queue_.front());
  world_.after(time, [this, number] {
    if (alive_ && run_number_ == number) finish();
  });
  if (time <= busy_max) return;
  world_.after(busy_max, [this, number] {
    if (alive_ && run_number_ == number) give_back();
  });
}

void SimEngine::finish() {
  const wire::RunTask task = std::move(queue_.front());
  queue_.pop_front();
  running_ = false;
  answer(run(task));
  begin();
}

void SimEngine::give_back() {
  wire::AttemptsReturned returned;
  std::deque<wire::RunTask> kept;
  kept.push_back(std::move(queue_.front()));
  queue_.pop_front();
  for (wire::RunTask& task : queue_) {
    if (task.returnable) {
      returned.attempts.push_back(task.attempt);
    } else {
      kept.push_back(std::move(task));
    }
  }
  queue_ = std::move(kept);
  if (!returned.attempts.empty()) up_.send(returned);
}

void SimEngine::answer(wire::AttemptFinished finished) {
  up_.send(finished);
  last_answer_ = std::move(finished);
}

wire::AttemptFinished SimEngine::run(const wire::RunTask& task) {
  const wire::Operation operation = operation_of(task);
  if (const auto* push = std::get_if<wire::Push>(&operation)) {
    values_.insert_or_assign(push->name, push->value);
    return {task.attempt, time_of(task).ns, {push->name}, {}, base::SharedBytes{}};
  }
  if (const auto* pull = std::get_if<wire::Pull>(&operation)) {
    const auto found = values_.find(pull->name);
    if (found == values_.end()) return failed(task, id_, wire::FailureKind::not_run, "there is no " + pull->name);
    return {task.attempt, time_of(task).ns, {}, {}, found->second};
  }
  return call(task, std::get<wire::Call>(operation));
}

wire::AttemptFinished SimEngine::call(const wire::RunTask& task, const wire::Call& call) {
  // One of the modules is a library: it says so when it is first called.
  if (call.function.module == library_module && !std::exchange(library_told_, true)) {
    up_.send(wire::LibraryLoaded{library_module});
  }
  const CallArguments arguments = decode_arguments(call.arguments);
  if (!task.returnable) {
    std::uint64_t& last = last_sequence_[arguments.client];
    world_.require(last < arguments.sequence, "direct operations of one client were run out of order");
    last = arguments.sequence;
  }
  wire::AttemptFinished finished{task.attempt, static_cast<std::int64_t>(arguments.run_ns), {}, {}, {}};
  std::istringstream names{call.function.signature};
  if (call.function.name == "count") {
    finished.outcome = encode(Count{incarnation_, ++counters_[arguments.client]});
    return finished;
  }
  for (std::string name; names >> name;) {
    if (call.function.name == "erase") {
      if (values_.erase(name) == 1) finished.names_removed.push_back(name);
    } else {
      world_.require(values_.contains(name), "a task came to an engine that does not hold what it needs");
    }
  }
  finished.outcome = result_for(arguments.token, arguments.result_bytes);
  return finished;
}

base::Duration SimEngine::time_of(const wire::RunTask& task) {
  const wire::Operation operation = operation_of(task);
  if (const auto* push = std::get_if<wire::Push>(&operation)) {
    return {static_cast<std::int64_t>(decode_arguments(push->value).run_ns)};
  }
  if (std::holds_alternative<wire::Pull>(operation)) return base::microseconds(10);
  return {static_cast<std::int64_t>(decode_arguments(std::get<wire::Call>(operation).arguments).run_ns)};
}

}  // namespace gangway::sim
