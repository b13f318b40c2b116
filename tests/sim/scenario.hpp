// What a seed means: limits, cast, workload and what goes wrong.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/limits.hpp"

namespace gangway::sim {

enum class Workload { flood, counters, map, mixed };
/// Flaws that are planted between the controller and the world: each must be found.
enum class Canary {
  none,
  lose_answer,         // a TaskFinished is dropped
  duplicate_answer,    // a TaskFinished is sent twice
  overstate_credit,    // Welcome promises more than the controller grants
  forgive_overdraft,   // a client that exceeds its credit is not dismissed
  exceed_window,       // the controller believes in larger engine windows
  send_to_lost,        // a lost engine is sent its last task again
  tell_before_commit,  // clients are told before the records are durable
  swap_order,          // two tasks for one engine change places
  forget_returned,     // the controller does not hear that tasks were given back
  repeat_attempt,      // one RunTask is sent twice
  keep_forgotten,      // an acknowledgement is not heard
  trust_results,       // results of unknown length are expected to be empty
  forget_needed,       // engines are told to forget the module of a task that they are given
  forget_named,        // a task is not named to a client that comes back
  mark_early,          // SessionResumed comes before the tasks that it closes
  lose_kept,           // a kept answer is not told to a client that comes back
  repeat_kept,         // one is told twice
  forget_environment,  // engines that join are not given what was pushed to all
  forget_dedupe,       // nothing is found under the key of a task that was acknowledged
  forget_mark,         // SessionResumed is not told
  forget_kept,         // nor is the answer of such a task
  lose_parked,         // a page of parked tasks that are named comes without its last
};

std::optional<Workload> workload_named(std::string_view name);
std::string_view name_of(Workload workload);
std::optional<Canary> canary_named(std::string_view name);
std::string_view name_of(Canary canary);
/// All but none.
inline constexpr Canary canaries[] = {
    Canary::lose_answer,     Canary::duplicate_answer,   Canary::overstate_credit,   Canary::forgive_overdraft,
    Canary::exceed_window,   Canary::send_to_lost,       Canary::tell_before_commit, Canary::swap_order,
    Canary::forget_returned, Canary::repeat_attempt,     Canary::keep_forgotten,     Canary::trust_results,
    Canary::forget_named,    Canary::mark_early,         Canary::lose_kept,          Canary::repeat_kept,
    Canary::forget_needed,   Canary::forget_environment, Canary::forget_dedupe,      Canary::forget_mark,
    Canary::forget_kept,     Canary::lose_parked};

struct Scenario {
  std::uint64_t seed = 0;
  Workload workload = Workload::flood;
  Canary canary = Canary::none;
  bool trace = false;

  base::Limits limits;
  std::uint32_t engines = 1;
  std::uint32_t clients = 1;
  std::uint32_t named_clients = 0;   // with a named session, and keys
  std::uint32_t work_max = 10;       // pieces of work for each client
  std::uint32_t payload_bytes = 64;  // the most in one operation
  bool modules = false;
  bool shared_effects = false;  // the events of a turn add to one Effects

  // Saboteurs, active for the first while.
  base::Duration sabotage{};
  bool lose_engines = false;
  bool crash_workers = false;
  bool cut_clients = false;       // for good
  bool drop_connections = false;  // the clients come back
  bool kill_processes = false;    // of named clients: others begin
  bool kill_gateway = false;      // it comes back with what its store has
  bool lose_power = false;        // and then the store has lost its last batches
  bool slow_links = false;
  bool stall_store = false;
  bool stall_long = false;  // up to a second
  bool rude_clients = false;
  bool repeat_answers = false;
  bool late_engines = false;
};

/// The scenario of a seed.
Scenario make_scenario(std::uint64_t seed, std::optional<Workload> workload, Canary canary);

}  // namespace gangway::sim
