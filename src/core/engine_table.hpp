// The engines that live: what each has been handed, which named values it holds, and how much more it may be given.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gangway/ids.hpp>

#include "base/limits.hpp"
#include "wire/protocol.hpp"

namespace gangway::core {

/// One engine. `handed` holds the parts that it has not answered.
struct Engine {
  wire::EngineInfo info;
  std::set<TaskId> handed;
  std::uint64_t handed_bytes = 0;
  std::uint64_t tasks_finished = 0;
  std::int64_t typical_run_ns = 0;  // moving average of balanced tasks; 0 while unknown
  bool direct_waiting = false;      // direct tasks wait for it: it gets no balanced ones
  std::set<std::string, std::less<>> names;
  // Of values that tasks have set for the whole cluster and that it holds or misses: which task that was.
  std::map<std::string, TaskId> environment;
  std::map<std::string, std::string, std::less<>> missing;  // values it should have and has not, and why

  [[nodiscard]] std::uint32_t load() const { return static_cast<std::uint32_t>(handed.size()); }
};

/// What is remembered of an engine that is gone.
struct LostEngine {
  std::string reason;
  std::string host;
};

/// A resource of the controller. Engines that were lost are remembered by their reason, a bounded number of them.
class EngineTable {
 public:
  explicit EngineTable(const base::Limits& limits) : limits_{limits} {}

  /// A new engine; there must be none with its id.
  void join(const wire::EngineInfo& info);
  /// Takes the engine out. `reason` is remembered: see find_lost().
  void remove(EngineId id, std::string reason);

  [[nodiscard]] const Engine* find(EngineId id) const;
  [[nodiscard]] const std::map<EngineId, Engine>& all() const { return engines_; }
  [[nodiscard]] std::vector<wire::EngineInfo> infos() const;
  /// No engine has joined so far.
  [[nodiscard]] bool none_yet() const { return !joined_ever_; }
  /// There were engines, and there are none.
  [[nodiscard]] bool all_gone() const { return engines_.empty() && joined_ever_; }
  /// An engine that is no longer there; null if there never was one (or long ago).
  [[nodiscard]] const LostEngine* find_lost(EngineId id) const;
  /// "there are the engines 0-3 and 5", for error texts.
  [[nodiscard]] std::string list() const;

  void hand(EngineId id, TaskId task, std::uint64_t bytes);
  /// The engine has answered, returned or dropped the task.
  void take_back(EngineId id, TaskId task, std::uint64_t bytes);
  void count_finished(EngineId id) { ++engines_.at(id).tasks_finished; }

  /// How long a balanced task ran: the window follows.
  void note_run(EngineId id, std::int64_t run_ns);
  /// The engine had too much: the window shrinks to 1 until short runs are seen again.
  void note_returned(EngineId id);
  void set_direct_waiting(EngineId id, bool waiting);

  /// Whether the window has room for one more task of so many bytes. An idle engine takes any.
  [[nodiscard]] bool has_room(const Engine& engine, std::uint64_t bytes) const;
  /// How many tasks the engine may have for balanced ones to be added.
  [[nodiscard]] std::uint32_t balanced_window(const Engine& engine) const;
  /// Whether it could be given a balanced task now, bytes aside.
  [[nodiscard]] bool takes_balanced(const Engine& engine) const;
  /// The engine with the fewest tasks, then the lowest id, that takes a balanced task of so many bytes now.
  [[nodiscard]] std::optional<EngineId> least_loaded(std::uint64_t bytes) const;
  /// The same among `candidates`.
  [[nodiscard]] std::optional<EngineId> least_loaded_of(const std::set<EngineId>& candidates,
                                                        std::uint64_t bytes) const;

  /// Both return whether that was news.
  bool add_name(EngineId id, const std::string& name);
  bool remove_name(EngineId id, std::string_view name);
  [[nodiscard]] const std::set<EngineId>& holders(std::string_view name) const;
  /// For a name that nobody holds: the last engine that did, if the name went with it; of a bounded number of names.
  [[nodiscard]] std::optional<EngineId> lost_with(std::string_view name) const;

  /// The engine has, or will have before any task that it is given now, what this task set under the name.
  void note_environment(EngineId id, const std::string& name, TaskId task);
  /// It should have a value of that name and has none. It shall not be among its names.
  void note_missing(EngineId id, const std::string& name, std::string reason);
  /// The value is not part of the environment any more.
  void forget_environment(const std::string& name);
  /// Why an engine misses the value; empty if none was said to.
  [[nodiscard]] std::string why_missing(std::string_view name) const;

  void check_invariants() const;

 private:
  /// Takes the engine off the list of free ones, before it is changed; list_if_free() puts it back.
  Engine& unlist(EngineId id);
  void list_if_free(const Engine& engine);
  void drop_holder(std::string_view name, EngineId id);

  const base::Limits& limits_;
  std::map<EngineId, Engine> engines_;
  std::set<std::pair<std::uint32_t, EngineId>> free_;  // (load, id) of those that take balanced tasks
  std::map<std::string, std::set<EngineId>, std::less<>> holders_;
  std::map<EngineId, LostEngine> lost_;
  std::map<std::string, EngineId, std::less<>> lost_names_;
  bool joined_ever_ = false;
};

}  // namespace gangway::core
