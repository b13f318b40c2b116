#include "sim/scenario.hpp"

#include <array>
#include <utility>

#include "sim/random.hpp"

namespace gangway::sim {

namespace {

constexpr std::array<std::pair<Workload, std::string_view>, 4> workload_names{{
    {Workload::flood, "flood"},
    {Workload::counters, "counters"},
    {Workload::map, "map"},
    {Workload::mixed, "mixed"},
}};

constexpr std::array<std::pair<Canary, std::string_view>, 23> canary_names{{
    {Canary::none, "none"},
    {Canary::lose_answer, "lose_answer"},
    {Canary::duplicate_answer, "duplicate_answer"},
    {Canary::overstate_credit, "overstate_credit"},
    {Canary::forgive_overdraft, "forgive_overdraft"},
    {Canary::exceed_window, "exceed_window"},
    {Canary::send_to_lost, "send_to_lost"},
    {Canary::tell_before_commit, "tell_before_commit"},
    {Canary::swap_order, "swap_order"},
    {Canary::forget_returned, "forget_returned"},
    {Canary::repeat_attempt, "repeat_attempt"},
    {Canary::keep_forgotten, "keep_forgotten"},
    {Canary::trust_results, "trust_results"},
    {Canary::forget_needed, "forget_needed"},
    {Canary::forget_named, "forget_named"},
    {Canary::mark_early, "mark_early"},
    {Canary::lose_kept, "lose_kept"},
    {Canary::repeat_kept, "repeat_kept"},
    {Canary::forget_environment, "forget_environment"},
    {Canary::forget_dedupe, "forget_dedupe"},
    {Canary::forget_mark, "forget_mark"},
    {Canary::forget_kept, "forget_kept"},
    {Canary::lose_parked, "lose_parked"},
}};

template <class Names, class Value>
std::string_view find_name(const Names& names, Value value) {
  for (const auto& [known, name] : names) {
    if (known == value) return name;
  }
  return "unknown";
}

template <class Value, class Names>
std::optional<Value> find_value(const Names& names, std::string_view wanted) {
  for (const auto& [value, name] : names) {
    if (name == wanted) return value;
  }
  return std::nullopt;
}

/// Small limits visit the rare paths: most seeds have some of them absurdly small.
base::Limits make_limits(Random& random, std::uint32_t engines, std::uint32_t payload_bytes) {
  base::Limits limits;
  // A task for all engines and the largest operation must fit, or a client that keeps the rules could never go on.
  const std::uint32_t operation_bytes = payload_bytes + 512;
  limits.session_tasks_max = random.one_of<std::uint32_t>({engines, engines + 1, engines + 5, engines + 100, 65'536});
  limits.session_bytes_max = random.one_of<std::uint64_t>({operation_bytes, 3ULL * operation_bytes, 512 * base::mib});
  limits.session_results_bytes_max = random.one_of<std::uint64_t>({0, 20, 500, 256 * base::mib});
  limits.result_bytes_guess = payload_bytes + 64;  // no simulated result is longer
  limits.window_tasks_max = random.one_of<std::uint32_t>({1, 2, 7, limits.window_tasks_max});
  limits.window_session_tasks = random.one_of<std::uint32_t>({1, 2, 5, limits.window_session_tasks});
  limits.window_bytes_max = random.one_of<std::uint64_t>({1, 500, limits.window_bytes_max});
  limits.page_tasks_max = random.one_of<std::uint32_t>({1, 3, limits.page_tasks_max});
  limits.page_bytes_max = random.one_of<std::uint64_t>({1, 300, limits.page_bytes_max});
  limits.engine_attempts_max = random.one_of<std::uint32_t>({1, 2, 3, 8, 64});
  limits.engine_bytes_max = random.one_of<std::uint64_t>({1, 400, 128 * base::mib, 128 * base::mib});
  limits.engine_ahead = random.one_of<base::Duration>(
      {base::Duration{0}, base::microseconds(100), base::milliseconds(1), base::milliseconds(50)});
  limits.attempts_max = random.one_of<std::uint32_t>({1, 2, 3});
  limits.worker_kills_max = random.one_of<std::uint32_t>({1, 2, 3});
  limits.modules_max = random.one_of<std::uint32_t>({1, 2, 64});
  limits.modules_bytes_max = random.one_of<std::uint64_t>({100, 512 * base::mib});
  limits.environment_bytes_max = random.one_of<std::uint64_t>({0, 300, limits.environment_bytes_max});
  limits.hello_timeout = base::seconds(static_cast<std::int64_t>(random.between(2, 10)));
  limits.client_silence_max = base::seconds(static_cast<std::int64_t>(random.between(2, 60)));
  limits.session_linger = random.one_of<base::Duration>(
      {base::milliseconds(1), base::milliseconds(20), base::seconds(2), base::seconds(20)});
  limits.named_session_linger = random.one_of<base::Duration>(
      {base::milliseconds(20), base::seconds(20), limits.named_session_linger, limits.named_session_linger});
  limits.sessions_max = 64;
  return limits;
}

}  // namespace

std::optional<Workload> workload_named(std::string_view name) {
  return find_value<Workload>(workload_names, name);
}
std::string_view name_of(Workload workload) {
  return find_name(workload_names, workload);
}
std::optional<Canary> canary_named(std::string_view name) {
  return find_value<Canary>(canary_names, name);
}
std::string_view name_of(Canary canary) {
  return find_name(canary_names, canary);
}

Scenario make_scenario(std::uint64_t seed, std::optional<Workload> workload, Canary canary) {
  Random random{seed * 0x2545f4914f6cdd1dU + 1};
  Scenario scenario;
  scenario.seed = seed;
  scenario.canary = canary;
  const Workload drawn = workload_names[static_cast<std::size_t>(random.below(workload_names.size()))].first;
  scenario.workload = workload.value_or(drawn);
  scenario.engines = static_cast<std::uint32_t>(random.between(1, 7));
  scenario.clients = static_cast<std::uint32_t>(random.between(1, 5));
  scenario.work_max = static_cast<std::uint32_t>(random.one_of<std::uint64_t>({4, 15, 60}));
  scenario.payload_bytes = random.one_of<std::uint32_t>({64, 64, 1000});
  scenario.modules = random.chance(40);
  scenario.shared_effects = random.chance(50);
  scenario.sabotage = random.span(base::milliseconds(20), base::milliseconds(200));
  scenario.lose_engines = random.chance(40);
  scenario.crash_workers = random.chance(40);
  scenario.cut_clients = random.chance(40);
  scenario.drop_connections = random.chance(50);
  scenario.kill_gateway = random.chance(40);
  scenario.lose_power = random.chance(30);
  scenario.slow_links = random.chance(40);
  scenario.stall_store = random.chance(40);
  scenario.rude_clients = random.chance(30);
  scenario.repeat_answers = random.chance(30);
  scenario.late_engines = random.chance(30);
  scenario.named_clients = static_cast<std::uint32_t>(random.one_of<std::uint64_t>({0, 0, 1, 2}));
  scenario.kill_processes = random.chance(70);
  scenario.stall_long = random.chance(20);
  scenario.limits = make_limits(random, scenario.engines, scenario.payload_bytes);
  return scenario;
}

}  // namespace gangway::sim
