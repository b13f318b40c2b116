// One call in the worker: load, run, answer what it asks for, and what happens when the worker does not come back.
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <utility>

#include "base/limits.hpp"
#include "engine/engine.hpp"
#include "keeper/wait_status.hpp"

namespace gangway::engine {

namespace {

std::string address_text(std::uint64_t address) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(address));
  return text;
}

std::string task_text(const wire::AttemptRef& attempt) {
  return "task " + std::to_string(attempt.task.value());
}

}  // namespace

std::optional<wire::ModuleHash> Engine::missing_module(std::uint64_t worker) const {
  const auto lacks = [this, worker](const wire::ModuleHash& module) { return !crew_.has_loaded(worker, module); };
  const bool is_named = running_ && !running_->call.function.by_name();
  if (is_named) {
    const wire::ModuleHash& module = running_->call.function.module;
    return lacks(module) ? std::optional{module} : std::nullopt;
  }
  const auto library = std::find_if(libraries_.begin(), libraries_.end(), lacks);
  return library == libraries_.end() ? std::nullopt : std::optional{*library};
}

bool Engine::load_in(std::uint64_t worker, const wire::ModuleHash& module) {
  const base::Result<std::string> path = modules_.path(module);
  if (path) {
    crew_.load(worker, module, path.value());
  } else if (running_) {
    fail_call(failure(wire::FailureKind::not_run, "no such module", path.fault().text));
  } else {
    ports_.cannot_start(path.fault().text);
  }
  return path.ok();
}

void Engine::add_library(const wire::ModuleHash& module) {
  std::erase(libraries_, module);
  libraries_.push_back(module);
  ++libraries_version_;
}

void Engine::forget_module(const wire::ModuleHash& module) {
  // A library that this engine was started with may have come by a client too; the gateway knows that one alone.
  if (std::find(libraries_.begin(), libraries_.end(), module) != libraries_.end()) return;
  const bool is_busy = running_ && running_->phase != Running::Phase::waiting_for_worker;
  crew_.note_forgotten(module, modules_.forget(module), is_busy ? std::optional{running_->worker} : std::nullopt);
}

bool Engine::replace_full_worker() {
  // Workers do not unload: named values, cached objects and threads of user code may hold addresses in a module, and
  // the loader itself keeps one with unique symbols or thread-locals for good. Only the end of a process gives all
  // back. It comes between two calls and while another worker is ready, so that nobody waits for it.
  if (running_) return false;
  const std::optional<std::uint64_t> full = crew_.take_full();
  if (full) ports_.to_keeper(keeper::EndWorker{*full});
  return full.has_value();
}

void Engine::make_ready(std::uint64_t worker) {
  if (is_ready_) return;
  if (const std::optional<wire::ModuleHash> library = missing_module(worker)) {
    starting_worker_ = worker;
    load_in(worker, *library);
    return;
  }
  starting_worker_.reset();
  is_ready_ = true;
  ports_.to_gateway(wire::EngineReady{self_});
}

void Engine::hand_to_worker() {
  if (const std::optional<wire::ModuleHash> module = missing_module(running_->worker)) {
    running_->phase = Running::Phase::loading;
    running_->loading = *module;
    load_in(running_->worker, *module);
    return;
  }
  if (running_->only_loads) {
    const wire::ModuleHash module = running_->call.function.module;
    add_library(module);
    ports_.to_gateway(wire::LibraryLoaded{module});
    const Running done = *std::exchange(running_, std::nullopt);
    return finish(done.attempt, 0, base::SharedBytes{}, directory_.commit_call());
  }
  if (running_->call.function.by_name()) crew_.tell_libraries(running_->worker, libraries_, libraries_version_);
  run_in_worker();
}

void Engine::run_in_worker() {
  running_->phase = Running::Phase::running;
  wire::RunCall run{running_->attempt, self_, running_->call.function, {}};
  const base::ByteView arguments = running_->call.arguments.view();
  if (running_->arguments) {
    run.arguments = running_->arguments->range();
  } else if (const auto offset = arena_->offset_of(arguments.data(), arguments.size())) {
    run.arguments = wire::ArenaRange{*offset, arguments.size()};
  } else {
    run.arguments = running_->call.arguments;
  }
  crew_.send(running_->worker, std::move(run));
}

bool Engine::hear(const WorkerSpoke& spoke) {
  if (std::holds_alternative<wire::WorkerReady>(spoke.message)) {
    if (!starting_worker_) make_ready(spoke.number);
    return true;
  }
  if (const auto* loaded = std::get_if<wire::ModuleLoaded>(&spoke.message)) {
    on_module_loaded(spoke.number, *loaded);
    return true;
  }
  const bool is_of_running_call =
      running_ && running_->phase == Running::Phase::running && running_->worker == spoke.number;
  if (!is_of_running_call) {
    // A worker that speaks without being asked has lost its mind: user code wrote over its memory.
    ports_.to_keeper(keeper::EndWorker{spoke.number});
    return false;
  }
  if (const auto* finished = std::get_if<wire::CallFinished>(&spoke.message)) {
    on_call_finished(*finished);
  } else {
    answer_request(spoke.number, spoke.message);
  }
  return true;
}

void Engine::on_module_loaded(std::uint64_t worker, const wire::ModuleLoaded& loaded) {
  crew_.note_answered(worker, loaded);
  if (starting_worker_ == worker) {
    return loaded.reason.empty() ? make_ready(worker)
                                 : ports_.cannot_start(start_files_[loaded.hash] + ": " + loaded.reason);
  }
  const bool is_awaited = running_ && running_->phase == Running::Phase::loading && running_->worker == worker &&
                          running_->loading == loaded.hash;
  if (!is_awaited) return;
  if (!loaded.reason.empty()) {
    return fail_call(failure(wire::FailureKind::not_run, "module not loaded", loaded.reason));
  }
  // What the active worker has loaded without dying the others may load too, so that a crash costs no loading time.
  for (const std::uint64_t other : crew_.ready()) {
    if (running_ && !crew_.has_loaded(other, loaded.hash)) load_in(other, loaded.hash);
  }
  if (running_) hand_to_worker();
}

void Engine::on_call_finished(const wire::CallFinished& finished) {
  if (const auto* failed = std::get_if<wire::Failure>(&finished.outcome)) {
    return fail_call(failure(failed->kind, failed->type, failed->text));
  }
  base::SharedBytes result;
  if (const auto* bytes = std::get_if<base::SharedBytes>(&finished.outcome)) {
    result = *bytes;
  } else {
    const auto& range = std::get<wire::ArenaRange>(finished.outcome);
    const auto block = std::find_if(running_->granted.begin(), running_->granted.end(),
                                    [&range](const BlockPtr& granted) { return granted->range() == range; });
    if (block == running_->granted.end()) {
      ports_.to_keeper(keeper::EndWorker{running_->worker});
      return fail_call(failure(wire::FailureKind::worker_crashed, "worker confused",
                               "the worker answered with memory that it had not been granted: the function, or one "
                               "before it, has written over memory that is not its own"));
    }
    result = base::SharedBytes{*block, (*block)->bytes()};
  }
  const Running done = *std::exchange(running_, std::nullopt);
  finish(done.attempt, finished.run_ns, std::move(result), directory_.commit_call());
}

void Engine::answer_request(std::uint64_t worker, const wire::FromWorker& message) {
  if (const auto* open = std::get_if<wire::OpenValue>(&message)) {
    crew_.send(worker, directory_.open(open->name, open->access));
  } else if (const auto* make = std::get_if<wire::MakeArray>(&message)) {
    crew_.send(worker, directory_.make_array(*make));
  } else if (const auto* set = std::get_if<wire::SetObject>(&message)) {
    crew_.send(worker, directory_.set_object(*set));
  } else if (const auto* erase = std::get_if<wire::EraseValue>(&message)) {
    crew_.send(worker, wire::ValueErased{directory_.erase(erase->name)});
  } else if (std::holds_alternative<wire::ListNames>(message)) {
    crew_.send(worker, wire::NamesListed{directory_.names()});
  } else if (const auto* grant = std::get_if<wire::GrantBlock>(&message)) {
    wire::BlockGranted granted;
    const BlockPtr block = grant->bytes <= base::encoded_object_bytes_max ? pool_.take(grant->bytes) : nullptr;
    if (block) {
      granted.block = block->range();
      running_->granted.push_back(block);
    } else {
      const bool is_too_large = grant->bytes > base::encoded_object_bytes_max;
      granted.reason = "a result of " + std::to_string(grant->bytes) + " bytes does not fit: ";
      granted.reason += is_too_large
                            ? "at most " + std::to_string(base::object_bytes_max) +
                                  " travel in one piece; leave it at the engine as a named value"
                            : std::to_string(pool_.total_bytes() - pool_.used_bytes()) +
                                  " are left of the engine's memory; erase values, or start with more memory";
    }
    crew_.send(worker, std::move(granted));
  }
}

void Engine::fail_call(wire::Failure reason) {
  directory_.drop_call();
  const Running done = *std::exchange(running_, std::nullopt);
  finish(done.attempt, 0, std::move(reason));
}

void Engine::report(keeper::KeeperReport report, base::Instant now) {
  if (auto* started = std::get_if<keeper::WorkerStarted>(&report)) {
    crew_.add(std::move(*started));
  } else {
    on_worker_ended(std::get<keeper::WorkerEnded>(report));
  }
  turn(now);
}

void Engine::on_worker_ended(const keeper::WorkerEnded& ended) {
  // What it had said before its end counts: a call that was answered is done.
  while (std::optional<wire::FromWorker> message = crew_.receive_from(ended.number)) {
    if (!hear({ended.number, std::move(*message)})) break;
  }
  const std::optional<keeper::LastWords> words = crew_.last_words(ended.number);
  crew_.remove(ended.number);

  if (starting_worker_ == ended.number) {
    ports_.cannot_start("the worker process " + keeper::describe_wait_status(ended.wait_status) +
                        " while it loaded a module");
  }
  const bool had_the_call =
      running_ && running_->phase != Running::Phase::waiting_for_worker && running_->worker == ended.number;
  if (!had_the_call) return;
  std::string text = "the worker process " + keeper::describe_wait_status(ended.wait_status);
  if (words && words->stack_overflow) {
    text += ": the stack overflowed, probably by endless recursion";
  } else if (words && (words->signal == SIGSEGV || words->signal == SIGBUS)) {
    text += " at address " + address_text(words->fault_address);
  }
  if (running_->phase == Running::Phase::loading) text += " while the module was loaded";
  directory_.tear_call(task_text(running_->attempt));
  const Running done = *std::exchange(running_, std::nullopt);
  finish(done.attempt, 0, failure(wire::FailureKind::worker_crashed, "worker crashed", std::move(text)));
}

}  // namespace gangway::engine
