// The queue of operations: what the rank does itself, and the calls it begins.
#include <algorithm>
#include <utility>

#include "base/limits.hpp"
#include "engine/engine.hpp"
#include "wire/codec.hpp"

namespace gangway::engine {

namespace {

// Balanced tasks that wait behind a call this long are given back: another engine may be free.
constexpr base::Duration patience = base::milliseconds(10);

// A new worker stands within milliseconds; one that is not there after this cannot be started at all.
constexpr base::Duration worker_wait_max = base::seconds(30);

// Operations done in one turn, so that the loop's other guests are served in between.
constexpr int operations_per_turn = 64;

}  // namespace

Engine::Engine(wire::EngineInfo self, keeper::Arena& arena, std::string module_directory, HashFunction hash,
               EnginePorts ports)
    : self_{std::move(self)},
      arena_{&arena},
      pool_{arena},
      directory_{arena, pool_},
      modules_{std::move(module_directory), std::to_string(self_.id.value()), std::move(hash)},
      ports_{std::move(ports)},
      crew_{ports_.wakeups} {}

base::Status Engine::start_with(const std::string& library) {
  base::Result<wire::ModuleHash> hash = modules_.adopt(library);
  if (!hash) return hash.fault();
  start_files_[hash.value()] = library;
  add_library(hash.value());
  return base::Done{};
}

void Engine::receive(wire::ToEngine message) {
  if (auto* run = std::get_if<wire::RunTask>(&message)) {
    waiting_.push_back({run->attempt, run->returnable, std::move(run->operation)});
  } else if (auto* value = std::get_if<wire::SetEnvironment>(&message)) {
    waiting_.push_back({{}, false, {}, std::move(*value)});
  } else if (const auto* store = std::get_if<wire::StoreModule>(&message)) {
    modules_.store(store->hash, store->content);
    crew_.note_stored(store->hash);
  } else if (const auto* forget = std::get_if<wire::ForgetModule>(&message)) {
    forget_module(forget->hash);
  } else if (const auto* use = std::get_if<wire::UseLibrary>(&message)) {
    add_library(use->hash);
  } else {
    has_left_ = true;
    ports_.to_keeper(keeper::Farewell{});
    ports_.to_gateway(wire::EngineLeaving{});
  }
}

bool Engine::turn(base::Instant now) {
  bool any = crew_.flush();
  while (std::optional<WorkerSpoke> spoke = crew_.receive()) {
    hear(*spoke);
    any = true;
  }
  for (const std::uint64_t worker : crew_.take_broken()) ports_.to_keeper(keeper::EndWorker{worker});
  any |= replace_full_worker();
  any |= advance_call(now);
  any |= start_waiting(now);
  any |= return_waiting(now);
  return any;
}

std::optional<base::Duration> Engine::sleep_max(base::Instant now) const {
  if (!running_) return std::nullopt;
  const bool may_return =
      std::any_of(waiting_.begin(), waiting_.end(), [](const Waiting& w) { return w.returnable; });
  if (may_return) return running_->since + patience - now;
  if (running_->phase == Running::Phase::waiting_for_worker) return running_->since + worker_wait_max - now;
  return std::nullopt;
}

bool Engine::start_waiting(base::Instant now) {
  int started = 0;
  while (!running_ && !waiting_.empty() && started < operations_per_turn) {
    Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    begin(std::move(next), now);
    ++started;
  }
  return started > 0;
}

void Engine::begin(Waiting waiting, base::Instant now) {
  if (waiting.environment) return set_environment(*waiting.environment);
  base::Result<wire::Operation> operation = wire::decode_operation(waiting.operation);
  waiting.operation = {};
  if (!operation) {
    return finish(waiting.attempt, 0,
                  failure(wire::FailureKind::not_run, "malformed operation", operation.fault().text));
  }
  if (auto* call = std::get_if<wire::Call>(&operation.value())) {
    begin_call(waiting.attempt, std::move(*call), now);
  } else if (const auto* push = std::get_if<wire::Push>(&operation.value())) {
    do_push(waiting.attempt, *push);
  } else if (const auto* pull = std::get_if<wire::Pull>(&operation.value())) {
    do_pull(waiting.attempt, *pull);
  } else {
    begin_load(waiting.attempt, std::get<wire::Load>(operation.value()), now);
  }
}

void Engine::set_environment(const wire::SetEnvironment& value) {
  if (!value.missing.empty()) return directory_.miss(value.name, value.missing);
  base::Result<wire::Operation> operation = wire::decode_operation(value.operation);
  std::string reason;
  if (!operation) {
    reason = operation.fault().text;
  } else if (const auto* push = std::get_if<wire::Push>(&operation.value()); !push || push->name != value.name) {
    reason = "what the cluster keeps under this name is not a push of it";
  } else if (base::Result<NameChanges> changes = directory_.push(push->name, push->value); !changes) {
    reason = changes.fault().text;
  }
  if (reason.empty()) return;
  directory_.miss(value.name, reason);
  ports_.to_gateway(wire::EnvironmentRefused{value.name, std::move(reason)});
}

void Engine::do_push(const wire::AttemptRef& attempt, const wire::Push& push) {
  base::Result<NameChanges> changes = directory_.push(push.name, push.value);
  if (!changes) {
    return finish(attempt, 0, failure(wire::FailureKind::not_run, "push failed", changes.fault().text));
  }
  finish(attempt, 0, base::SharedBytes{}, std::move(changes).value());
}

void Engine::do_pull(const wire::AttemptRef& attempt, const wire::Pull& pull) {
  std::variant<base::SharedBytes, wire::Failure> value = directory_.pull(pull.name);
  if (auto* reason = std::get_if<wire::Failure>(&value)) {
    return finish(attempt, 0, failure(reason->kind, std::move(reason->type), std::move(reason->text)));
  }
  const auto& bytes = std::get<base::SharedBytes>(value);
  if (bytes.size() > base::encoded_object_bytes_max) {
    return finish(attempt, 0,
                  failure(wire::FailureKind::not_run, "object too large",
                          "the value '" + pull.name + "' takes " + std::to_string(bytes.size()) + " bytes; at most " +
                              std::to_string(base::object_bytes_max) +
                              " travel in one piece: pull a part of it, computed by a task"));
  }
  finish(attempt, 0, bytes);
}

void Engine::begin_call(const wire::AttemptRef& attempt, wire::Call call, base::Instant now) {
  if (!call.function.by_name()) {
    const base::Result<std::string> path = modules_.path(call.function.module);
    if (!path) return finish(attempt, 0, failure(wire::FailureKind::not_run, "no such module", path.fault().text));
  }
  Running running;
  running.attempt = attempt;
  running.since = now;
  const base::ByteView arguments = call.arguments.view();
  const bool in_message = arguments.size() <= keeper::channel_message_bytes_max / 4;
  if (!in_message && !arena_->offset_of(arguments.data(), arguments.size())) {
    running.arguments = pool_.take(arguments.size());
    if (!running.arguments) {
      return finish(attempt, 0,
                    failure(wire::FailureKind::not_run, "no room",
                            "the arguments (" + std::to_string(arguments.size()) +
                                " bytes) do not fit into what is left of the engine's memory; erase values"));
    }
    std::copy(arguments.begin(), arguments.end(), running.arguments->bytes().begin());
  }
  running.call = std::move(call);
  running_ = std::move(running);
  directory_.begin_call();
  advance_call(now);
}

void Engine::begin_load(const wire::AttemptRef& attempt, const wire::Load& load, base::Instant now) {
  Running running;
  running.attempt = attempt;
  running.since = now;
  running.only_loads = true;
  running.call.function.module = load.module;
  running_ = std::move(running);
  directory_.begin_call();
  advance_call(now);
}

bool Engine::return_waiting(base::Instant now) {
  if (!running_ || now - running_->since < patience) return false;
  wire::AttemptsReturned returned;
  std::erase_if(waiting_, [&returned](const Waiting& waiting) {
    if (waiting.returnable) returned.attempts.push_back(waiting.attempt);
    return waiting.returnable;
  });
  if (returned.attempts.empty()) return false;
  ports_.to_gateway(std::move(returned));
  return true;
}

void Engine::finish(const wire::AttemptRef& attempt, std::int64_t run_ns, wire::Outcome outcome,
                    NameChanges changes) {
  if (auto* failed = std::get_if<wire::Failure>(&outcome)) failed->attempt = attempt.attempt;
  ports_.to_gateway(wire::AttemptFinished{attempt, run_ns, std::move(changes.added), std::move(changes.removed),
                                          std::move(outcome)});
}

wire::Failure Engine::failure(wire::FailureKind kind, std::string type, std::string text) const {
  return {kind, std::move(type), std::move(text), self_.id, self_.host, 0};
}

bool Engine::advance_call(base::Instant now) {
  if (!running_ || running_->phase != Running::Phase::waiting_for_worker) return false;
  if (const std::optional<std::uint64_t> worker = crew_.active()) {
    running_->worker = *worker;
    hand_to_worker();
    return true;
  }
  if (now - running_->since < worker_wait_max) return false;
  fail_call(failure(wire::FailureKind::not_run, "no worker",
                    "no worker process could be started; the cluster's log says why"));
  return true;
}

}  // namespace gangway::engine
