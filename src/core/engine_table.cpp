#include "core/engine_table.hpp"

#include <algorithm>

#include "base/check.hpp"

namespace gangway::core {

namespace {

// Lost engines whose reason is remembered for error texts.
constexpr std::size_t lost_engines_max = 1024;
// Names of values that went with them, likewise.
constexpr std::size_t lost_names_max = 1024;
// Ranges of ids that an error text lists.
constexpr std::size_t listed_ranges_max = 8;
// Longest run time that is believed; engines measure it by their own clock.
constexpr std::int64_t run_ns_max = base::seconds(3600).ns;
// Weight of a new run time in the moving average: one part in so many.
constexpr std::int64_t average_parts = 8;

const std::set<EngineId> no_holders;

}  // namespace

void EngineTable::join(const wire::EngineInfo& info) {
  const auto [place, added] = engines_.try_emplace(info.id);
  GANGWAY_CHECK(added, "an engine joined twice");
  place->second.info = info;
  lost_.erase(info.id);
  joined_ever_ = true;
  list_if_free(place->second);
}

void EngineTable::remove(EngineId id, std::string reason) {
  Engine& engine = unlist(id);
  for (const std::string& name : engine.names) {
    drop_holder(name, id);
    if (!holders(name).empty()) continue;
    if (lost_names_.size() >= lost_names_max) lost_names_.erase(lost_names_.begin());
    lost_names_.insert_or_assign(name, id);
  }
  if (lost_.size() >= lost_engines_max) lost_.erase(lost_.begin());
  lost_.insert_or_assign(id, LostEngine{std::move(reason), engine.info.host});
  engines_.erase(id);
}

const Engine* EngineTable::find(EngineId id) const {
  const auto found = engines_.find(id);
  return found == engines_.end() ? nullptr : &found->second;
}

std::vector<wire::EngineInfo> EngineTable::infos() const {
  std::vector<wire::EngineInfo> infos;
  infos.reserve(engines_.size());
  for (const auto& [id, engine] : engines_) infos.push_back(engine.info);
  return infos;
}

const LostEngine* EngineTable::find_lost(EngineId id) const {
  const auto found = lost_.find(id);
  return found == lost_.end() ? nullptr : &found->second;
}

std::string EngineTable::list() const {
  if (engines_.empty()) return "there are no engines";
  std::string ranges;
  std::size_t count = 0;
  for (auto first = engines_.begin(); first != engines_.end();) {
    auto last = first;
    auto next = std::next(first);
    while (next != engines_.end() && next->first.value() == last->first.value() + 1) last = next++;
    if (count == listed_ranges_max) {
      ranges += " and others";
      break;
    }
    if (count++ > 0) ranges += ", ";
    ranges += std::to_string(first->first.value());
    if (last != first) ranges.append("-").append(std::to_string(last->first.value()));
    first = next;
  }
  return engines_.size() == 1 ? "there is only engine " + ranges : "there are the engines " + ranges;
}

void EngineTable::hand(EngineId id, TaskId task, std::uint64_t bytes) {
  Engine& engine = unlist(id);
  GANGWAY_CHECK(engine.handed.insert(task).second, "an engine was handed a task that it has");
  engine.handed_bytes += bytes;
  list_if_free(engine);
}

void EngineTable::take_back(EngineId id, TaskId task, std::uint64_t bytes) {
  Engine& engine = unlist(id);
  GANGWAY_CHECK(engine.handed.erase(task) == 1, "an engine answered a task that it does not have");
  GANGWAY_CHECK(engine.handed_bytes >= bytes, "an engine answered more bytes than it was handed");
  engine.handed_bytes -= bytes;
  list_if_free(engine);
}

void EngineTable::note_run(EngineId id, std::int64_t run_ns) {
  Engine& engine = unlist(id);
  const std::int64_t run = std::clamp<std::int64_t>(run_ns, 1, run_ns_max);
  std::int64_t& typical = engine.typical_run_ns;
  typical = typical == 0 ? run : std::max<std::int64_t>(1, typical + (run - typical) / average_parts);
  list_if_free(engine);
}

void EngineTable::note_returned(EngineId id) {
  Engine& engine = unlist(id);
  engine.typical_run_ns = std::max<std::int64_t>({1, engine.typical_run_ns, limits_.engine_ahead.ns});
  list_if_free(engine);
}

void EngineTable::set_direct_waiting(EngineId id, bool waiting) {
  if (!engines_.contains(id)) return;
  Engine& engine = unlist(id);
  engine.direct_waiting = waiting;
  list_if_free(engine);
}

bool EngineTable::has_room(const Engine& engine, std::uint64_t bytes) const {
  if (engine.handed.empty()) return true;
  return engine.load() < limits_.engine_attempts_max && engine.handed_bytes + bytes <= limits_.engine_bytes_max;
}

std::uint32_t EngineTable::balanced_window(const Engine& engine) const {
  if (engine.typical_run_ns == 0) return 1;
  const std::int64_t window = limits_.engine_ahead.ns / engine.typical_run_ns;
  return static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(window, 1, std::max<std::int64_t>(1, limits_.engine_attempts_max)));
}

bool EngineTable::takes_balanced(const Engine& engine) const {
  return !engine.direct_waiting && engine.load() < balanced_window(engine);
}

std::optional<EngineId> EngineTable::least_loaded(std::uint64_t bytes) const {
  for (const auto& [load, id] : free_) {
    if (has_room(engines_.at(id), bytes)) return id;
  }
  return std::nullopt;
}

std::optional<EngineId> EngineTable::least_loaded_of(const std::set<EngineId>& candidates,
                                                     std::uint64_t bytes) const {
  // Either walk the free engines until one is a candidate, or all candidates: whichever is likely to be shorter.
  if (candidates.size() * candidates.size() > free_.size()) {
    for (const auto& [load, id] : free_) {
      if (candidates.contains(id) && has_room(engines_.at(id), bytes)) return id;
    }
    return std::nullopt;
  }
  const Engine* best = nullptr;
  for (const EngineId id : candidates) {
    const Engine& engine = engines_.at(id);
    if (!takes_balanced(engine) || !has_room(engine, bytes)) continue;
    if (best == nullptr || engine.load() < best->load()) best = &engine;
  }
  if (best == nullptr) return std::nullopt;
  return best->info.id;
}

bool EngineTable::add_name(EngineId id, const std::string& name) {
  Engine& engine = engines_.at(id);
  engine.missing.erase(name);
  if (!engine.names.insert(name).second) return false;
  holders_[name].insert(id);
  lost_names_.erase(name);
  return true;
}

bool EngineTable::remove_name(EngineId id, std::string_view name) {
  Engine& engine = engines_.at(id);
  const auto found = engine.names.find(name);
  if (found == engine.names.end()) return false;
  drop_holder(name, id);
  engine.environment.erase(std::string{name});
  engine.names.erase(found);
  return true;
}

const std::set<EngineId>& EngineTable::holders(std::string_view name) const {
  const auto found = holders_.find(name);
  return found == holders_.end() ? no_holders : found->second;
}

void EngineTable::note_environment(EngineId id, const std::string& name, TaskId task) {
  TaskId& last = engines_.at(id).environment[name];
  last = std::max(last, task);
}

void EngineTable::note_missing(EngineId id, const std::string& name, std::string reason) {
  engines_.at(id).missing.insert_or_assign(name, std::move(reason));
}

void EngineTable::forget_environment(const std::string& name) {
  for (auto& [id, engine] : engines_) {
    engine.environment.erase(name);
    engine.missing.erase(name);
  }
}

std::string EngineTable::why_missing(std::string_view name) const {
  for (const auto& [id, engine] : engines_) {
    const auto found = engine.missing.find(name);
    if (found != engine.missing.end()) return found->second;
  }
  return "";
}

std::optional<EngineId> EngineTable::lost_with(std::string_view name) const {
  const auto found = lost_names_.find(name);
  if (found == lost_names_.end()) return std::nullopt;
  return found->second;
}

Engine& EngineTable::unlist(EngineId id) {
  Engine& engine = engines_.at(id);
  free_.erase({engine.load(), id});
  return engine;
}

void EngineTable::list_if_free(const Engine& engine) {
  if (takes_balanced(engine)) free_.insert({engine.load(), engine.info.id});
}

void EngineTable::drop_holder(std::string_view name, EngineId id) {
  const auto found = holders_.find(name);
  GANGWAY_CHECK(found != holders_.end() && found->second.erase(id) == 1, "a name of an engine has no entry");
  if (found->second.empty()) holders_.erase(found);
}

void EngineTable::check_invariants() const {
  std::size_t free_count = 0;
  std::size_t names_count = 0;
  for (const auto& [id, engine] : engines_) {
    GANGWAY_CHECK(engine.info.id == id, "an engine stands under another's id");
    GANGWAY_CHECK(engine.load() <= std::max(1U, limits_.engine_attempts_max), "an engine's window is exceeded");
    GANGWAY_CHECK(engine.load() <= 1 || engine.handed_bytes <= limits_.engine_bytes_max,
                  "an engine's window is exceeded in bytes");
    GANGWAY_CHECK(free_.contains({engine.load(), id}) == takes_balanced(engine), "the list of free engines is wrong");
    free_count += takes_balanced(engine) ? 1U : 0U;
    names_count += engine.names.size();
    for (const std::string& name : engine.names) {
      GANGWAY_CHECK(holders(name).contains(id), "an engine's name is not in the index");
    }
    for (const auto& [name, reason] : engine.missing) {
      GANGWAY_CHECK(!engine.names.contains(name), "an engine holds a value and misses it");
    }
    GANGWAY_CHECK(!lost_.contains(id), "a living engine is remembered as lost");
  }
  for (const auto& [name, ids] : holders_) {
    GANGWAY_CHECK(!ids.empty(), "a name without holders is in the index");
    names_count -= ids.size();
  }
  for (const auto& [name, id] : lost_names_) {
    GANGWAY_CHECK(holders(name).empty(), "a value that an engine holds is remembered as lost");
  }
  GANGWAY_CHECK(free_.size() == free_count, "the list of free engines names one that is not there");
  GANGWAY_CHECK(names_count == 0, "the index of names is wrong");
}

}  // namespace gangway::core
