// What an engine's rank does: takes operations from its gateway, does pushes and pulls itself, has calls run by its
// worker, and answers. One operation at a time, in the order they came.
//
// Here is the state and its moves; MPI, the keeper and the loop are joined to it in src/engine/rank.cpp.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/instant.hpp"
#include "engine/block_pool.hpp"
#include "engine/crew.hpp"
#include "engine/directory.hpp"
#include "engine/module_cache.hpp"
#include "keeper/arena.hpp"
#include "keeper/keeper_link.hpp"
#include "wire/link_message.hpp"

namespace gangway::engine {

/// How an engine reaches the others. Called on the rank's thread, never blocking.
struct EnginePorts {
  std::function<void(const wire::FromEngine&)> to_gateway;
  std::function<void(const keeper::RankRequest&)> to_keeper;
  Wakeups wakeups;
  /// A module that the engine should start with cannot be loaded: the engine is of no use.
  std::function<void(const std::string& reason)> cannot_start = [](const std::string&) {};
};

/// A resource; everything on the rank's one thread.
class Engine {
 public:
  /// `arena` outlives the engine and all bytes that it sends.
  Engine(wire::EngineInfo self, keeper::Arena& arena, std::string module_directory, HashFunction hash,
         EnginePorts ports);

  /// Has each worker load a library from a file of this host; the engine is not ready before. Call it before the
  /// first turn. A fault if the file cannot be read.
  base::Status start_with(const std::string& library);

  /// Memory for a message's bulk: in the arena if there is room, so that it is in its final place.
  [[nodiscard]] BlockPtr take_block(std::uint64_t bytes) { return pool_.take(bytes); }

  /// A message from the gateway.
  void receive(wire::ToEngine message);

  /// A report from the keeper.
  void report(keeper::KeeperReport report, base::Instant now);

  /// Does what can be done without waiting; true if it did something. Call it until it returns false, then sleep
  /// until a wake-up or sleep_max().
  bool turn(base::Instant now);

  /// How long nothing needs to be done at most unless something arrives.
  [[nodiscard]] std::optional<base::Duration> sleep_max(base::Instant now) const;

  /// See Crew::set_sleeping().
  void set_sleeping(bool sleeping) { crew_.set_sleeping(sleeping); }
  /// See Crew::silence_bells().
  void silence_bells() { crew_.silence_bells(); }

  /// The gateway has sent LeaveCluster and the answer is on its way.
  [[nodiscard]] bool has_left() const { return has_left_; }

 private:
  struct Waiting {
    wire::AttemptRef attempt;
    bool returnable = false;
    base::SharedBytes operation;
    std::optional<wire::SetEnvironment> environment = {};  // then it is no attempt
  };

  /// The call in hand and how far it is.
  struct Running {
    enum class Phase { waiting_for_worker, loading, running };
    wire::AttemptRef attempt;
    wire::Call call;
    bool only_loads = false;     // no call, but a wire::Load of the function's module
    wire::ModuleHash loading{};  // in that phase
    Phase phase = Phase::waiting_for_worker;
    base::Instant since;
    std::uint64_t worker = 0;
    std::vector<BlockPtr> granted;
    BlockPtr arguments;  // if they had to be moved into the arena
  };

  // operations.cpp
  bool start_waiting(base::Instant now);
  void begin(Waiting waiting, base::Instant now);
  void set_environment(const wire::SetEnvironment& value);
  void do_push(const wire::AttemptRef& attempt, const wire::Push& push);
  void do_pull(const wire::AttemptRef& attempt, const wire::Pull& pull);
  void begin_call(const wire::AttemptRef& attempt, wire::Call call, base::Instant now);
  void begin_load(const wire::AttemptRef& attempt, const wire::Load& load, base::Instant now);
  bool return_waiting(base::Instant now);
  void finish(const wire::AttemptRef& attempt, std::int64_t run_ns, wire::Outcome outcome, NameChanges changes = {});
  [[nodiscard]] wire::Failure failure(wire::FailureKind kind, std::string type, std::string text) const;

  // call.cpp
  bool advance_call(base::Instant now);
  void hand_to_worker();
  void run_in_worker();
  [[nodiscard]] std::optional<wire::ModuleHash> missing_module(std::uint64_t worker) const;
  bool load_in(std::uint64_t worker, const wire::ModuleHash& module);
  void add_library(const wire::ModuleHash& module);
  void forget_module(const wire::ModuleHash& module);
  bool replace_full_worker();
  void make_ready(std::uint64_t worker);
  bool hear(const WorkerSpoke& spoke);
  void on_module_loaded(std::uint64_t worker, const wire::ModuleLoaded& loaded);
  void on_call_finished(const wire::CallFinished& finished);
  void answer_request(std::uint64_t worker, const wire::FromWorker& message);
  void fail_call(wire::Failure reason);
  void on_worker_ended(const keeper::WorkerEnded& ended);

  wire::EngineInfo self_;
  keeper::Arena* arena_;
  BlockPool pool_;
  Directory directory_;
  ModuleCache modules_;
  EnginePorts ports_;
  Crew crew_;
  std::deque<Waiting> waiting_;  // bounded by the controller's window of this engine
  std::optional<Running> running_;
  std::vector<wire::ModuleHash> libraries_;  // in the order of loading, each once; bounded by the stored modules
  std::uint64_t libraries_version_ = 0;
  std::optional<std::uint64_t> starting_worker_;         // loads the libraries that the engine starts with
  std::map<wire::ModuleHash, std::string> start_files_;  // where those come from
  bool is_ready_ = false;
  bool has_left_ = false;
};

}  // namespace gangway::engine
