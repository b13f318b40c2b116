// The environment: values that a client has pushed to all engines there were. Engines that join later, above all
// after a restart, are given them before their first task.
//
// The values are in the store, not here: an effect names one, and the shell adds what the store has under the name.
// What tasks set on their engines is not part of it. A value leaves it when tasks have erased it on every engine.
#include <string>
#include <utility>
#include <vector>

#include "core/controller.hpp"

namespace gangway::core {

void Controller::note_environment_part(EngineId id, const Task& task, Turn& turn) {
  if (task.environment.empty()) return;
  const std::string name = task.environment;
  const TaskId first_task = task.first_task;
  const std::uint64_t bytes = task.operation_bytes;
  const Environment& environment = state_.environment;
  const auto older = environment.values.find(name);
  const bool is_new = older == environment.values.end();
  if (is_new && environment.names_bytes + name.size() > limits_.environment_names_bytes_max) return;
  if (engines_.find(id)->names.contains(name)) engines_.note_environment(id, name, first_task);
  if (task.parts_unsettled > 1 || (!is_new && older->second.task > first_task)) return;
  // Before the last answer: were this record lost and that one not, nothing would bring it again.
  const std::uint64_t others = environment.bytes - (!is_new && older->second.kept ? older->second.bytes : 0);
  const bool kept = bytes <= limits_.environment_bytes_max && others <= limits_.environment_bytes_max - bytes;
  commit(EnvironmentSet{name, first_task, bytes, kept}, turn);
  // Some may have joined since the task was accepted.
  std::vector<EngineId> lacking;
  for (const auto& [engine, state] : engines_.all()) {
    const auto has = state.environment.find(name);
    if (has == state.environment.end() || has->second < first_task) lacking.push_back(engine);
  }
  if (!lacking.empty()) give_environment(name, std::move(lacking), turn);
}

void Controller::give_environment(const std::string& name, std::vector<EngineId> engines, Turn& turn) {
  const Environment::Value& value = state_.environment.values.at(name);
  for (const EngineId id : engines) {
    charge(1);
    if (!value.kept) {
      lose_name(id, name);
      engines_.note_missing(id, name, why_not_kept(name));
    } else if (engines_.add_name(id, name)) {
      balanced_.name_added(id, name);
      dirty_.engines.insert(id);
    }
    engines_.note_environment(id, name, value.task);
  }
  std::string missing = value.kept ? "" : why_not_kept(name);
  turn.effects.to_engines.push_back({std::move(engines), wire::SetEnvironment{name, std::move(missing), {}}});
}

std::string Controller::why_not_kept(const std::string& name) const {
  return "\"" + name + "\" takes " + std::to_string(state_.environment.values.at(name).bytes) +
         " bytes, and of what is pushed to all engines this cluster keeps " +
         std::to_string(limits_.environment_bytes_max) +
         " bytes in all for engines that join later, as after a restart; push it again, or raise environment_max in "
         "[controller] of the cluster's profile";
}

void Controller::on_message(EngineId id, const wire::EnvironmentRefused& message, Turn&) {
  if (!state_.environment.values.contains(message.name)) return;
  lose_name(id, message.name);
  engines_.note_missing(id, message.name, "engine " + std::to_string(id.value()) + ": " + message.reason);
}

void Controller::lose_name(EngineId id, const std::string& name) {
  if (!engines_.remove_name(id, name)) return;
  for (const SessionId session : balanced_.name_removed(id, name)) dirty_.sessions.insert(session);
}

void Controller::erase_environment(const std::string& name, Turn& turn) {
  if (!state_.environment.values.contains(name)) return;
  commit(EnvironmentErased{name}, turn);
  engines_.forget_environment(name);
}

}  // namespace gangway::core
