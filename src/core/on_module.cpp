// Modules: known by their hash, kept here for engines that join later, and sent to every engine before the tasks that
// need them.
#include <optional>
#include <string>

#include "core/controller.hpp"

namespace gangway::core {

void Controller::on_message(ConnectionId id, Connection&, const wire::OfferModule& message, Turn& turn) {
  const bool known = state_.modules.content.contains(message.hash);
  if (!known) {
    // Said now, it spares the upload.
    if (auto reason = why_no_room_for_module(message.size_bytes)) {
      send(id, wire::Refused{message.request, std::move(*reason)}, turn);
      return;
    }
  }
  send(id, wire::ModuleAnswered{message.request, known}, turn);
}

void Controller::on_message(ConnectionId id, Connection&, const wire::UploadModule& message, Turn& turn) {
  if (!state_.modules.content.contains(message.hash)) {
    if (auto reason = why_no_room_for_module(message.content.size())) {
      send(id, wire::Refused{message.request, std::move(*reason)}, turn);
      return;
    }
    commit(ModuleStored{message.hash, message.content}, turn);
    std::vector<EngineId> engines;
    for (const auto& [engine, state] : engines_.all()) engines.push_back(engine);
    if (!engines.empty()) {
      turn.effects.to_engines.push_back({std::move(engines), wire::StoreModule{message.hash, message.content}});
    }
  }
  send(id, wire::ModuleAnswered{message.request, true}, turn);
}

std::optional<std::string> Controller::why_no_room_for_module(std::uint64_t bytes) const {
  const ModuleTable& modules = state_.modules;
  if (modules.content.size() >= limits_.modules_max) {
    return "this cluster already keeps " + std::to_string(modules.content.size()) +
           " modules, the most it may; stop it and start it again to drop old ones";
  }
  if (modules.bytes <= limits_.modules_bytes_max && bytes <= limits_.modules_bytes_max - modules.bytes) {
    return std::nullopt;
  }
  return "a module of " + std::to_string(bytes) + " bytes does not fit: this cluster keeps modules of " +
         std::to_string(limits_.modules_bytes_max) + " bytes in all and has " + std::to_string(modules.bytes) +
         "; strip the module, or stop the cluster and start it again to drop old ones";
}

}  // namespace gangway::core
