// Modules: known by their hash, kept here for engines that join later, and sent to every engine before the tasks that
// need them.
//
// A cluster lives longer than its users' builds. When the room is taken, the module is forgotten, here and at the
// engines, whose last task was submitted the longest ago. In use, and never forgotten, is one that a task needs that
// waits or runs, and one that engines have loaded as a library: it was brought on purpose, and calls by name do not
// say which library they need. If all the room is in use, offers wait for the end of a task; if all of it is
// libraries', they are refused. A client whose task finds its module forgotten is told to bring it again
// (wire::TaskReturned).
#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "base/check.hpp"
#include "core/controller.hpp"

namespace gangway::core {

namespace {

// Offers of one client that wait for room. Those of the client library are two at most.
constexpr std::ptrdiff_t waiting_offers_max = 16;

}  // namespace

void Controller::on_message(ConnectionId id, Connection& connection, const wire::OfferModule& message, Turn& turn) {
  if (connection.missing_module == message.hash) connection.missing_module.reset();
  if (std::ranges::count(offers_, id, &WaitingOffer::connection) >= waiting_offers_max) {
    send(id, wire::Refused{message.request, "too many modules of this client wait for room in the cluster already"},
         turn);
    return;
  }
  offers_.push_back({id, message.request, message.hash, message.size_bytes});
}

void Controller::answer_offers(Turn& turn) {
  std::erase_if(offers_, [&](const WaitingOffer& offer) {
    const bool known = state_.modules.content.contains(offer.hash);
    if (!known) return false;
    module_used_[offer.hash] = state_.records;  // its tasks are about to come
    send(offer.connection, wire::ModuleAnswered{offer.request, true}, turn);
    return true;
  });
  // The first one is not overtaken: were smaller modules let by, it might wait for ever.
  while (!offers_.empty()) {
    const WaitingOffer& offer = offers_.front();
    if (auto reason = why_never_room_for_module(offer.bytes)) {
      send(offer.connection, wire::Refused{offer.request, std::move(*reason)}, turn);
    } else if (room_for_module(offer.bytes)) {
      send(offer.connection, wire::ModuleAnswered{offer.request, false}, turn);
    } else {
      return;
    }
    offers_.pop_front();
  }
}

void Controller::on_message(ConnectionId id, Connection&, const wire::UploadModule& message, Turn& turn) {
  const std::uint64_t bytes = message.content.size();
  if (!state_.modules.content.contains(message.hash)) {
    if (auto reason = why_never_room_for_module(bytes)) {
      send(id, wire::Refused{message.request, std::move(*reason)}, turn);
      return;
    }
    if (!room_for_module(bytes)) {
      // Others were faster. The content is not kept here meanwhile: it would need the room that there is not.
      send(id, wire::ModuleAnswered{message.request, false}, turn);
      return;
    }
    make_room_for_module(bytes, turn);
    commit(ModuleStored{message.hash, message.content}, turn);
    module_used_[message.hash] = state_.records;
    send_to_all_engines(wire::StoreModule{message.hash, message.content}, turn);
  }
  send(id, wire::ModuleAnswered{message.request, true}, turn);
}

bool Controller::is_library(const wire::ModuleHash& hash) const {
  return std::ranges::find(state_.modules.libraries, hash) != state_.modules.libraries.end();
}

std::optional<std::string> Controller::why_never_room_for_module(std::uint64_t bytes) const {
  std::uint64_t libraries = 0;
  std::uint64_t library_bytes = 0;
  for (const auto& [hash, content] : state_.modules.content) {
    if (!is_library(hash)) continue;
    ++libraries;
    library_bytes += content.size();
  }
  const std::string way_out =
      "; libraries stay as long as the cluster: join several in one, or stop the cluster and start it again with "
      "those that are needed";
  if (libraries >= limits_.modules_max) {
    return "this cluster keeps " + std::to_string(limits_.modules_max) +
           " modules at most, and so many libraries have been loaded" + way_out;
  }
  if (bytes > limits_.modules_bytes_max) {
    return "a module of " + std::to_string(bytes) + " bytes does not fit: this cluster keeps modules of " +
           std::to_string(limits_.modules_bytes_max) + " bytes in all; strip the module";
  }
  if (library_bytes <= limits_.modules_bytes_max - bytes) return std::nullopt;
  return "a module of " + std::to_string(bytes) + " bytes does not fit: this cluster keeps modules of " +
         std::to_string(limits_.modules_bytes_max) + " bytes in all, and the loaded libraries take " +
         std::to_string(library_bytes) + way_out;
}

bool Controller::room_for_module(std::uint64_t bytes) const {
  const ModuleTable& modules = state_.modules;
  std::uint64_t in_use = 0;
  std::uint64_t in_use_bytes = 0;
  for (const auto& [hash, content] : modules.content) {
    if (!modules.tasks.contains(hash) && !is_library(hash)) continue;
    ++in_use;
    in_use_bytes += content.size();
  }
  return in_use < limits_.modules_max && bytes <= limits_.modules_bytes_max &&
         in_use_bytes <= limits_.modules_bytes_max - bytes;
}

void Controller::make_room_for_module(std::uint64_t bytes, Turn& turn) {
  const ModuleTable& modules = state_.modules;
  while (modules.content.size() >= limits_.modules_max || modules.bytes + bytes > limits_.modules_bytes_max) {
    std::optional<std::pair<std::uint64_t, wire::ModuleHash>> oldest;
    for (const auto& [hash, content] : modules.content) {
      if (modules.tasks.contains(hash) || is_library(hash)) continue;
      const auto used = module_used_.find(hash);
      const std::pair candidate{used == module_used_.end() ? 0 : used->second, hash};
      if (!oldest || candidate < *oldest) oldest = candidate;
    }
    GANGWAY_CHECK(oldest, "room is made for a module where there is none to make");
    commit(ModuleForgotten{oldest->second}, turn);
    module_used_.erase(oldest->second);
    send_to_all_engines(wire::ForgetModule{oldest->second}, turn);
  }
}

void Controller::send_to_all_engines(const wire::ToEngine& message, Turn& turn) {
  std::vector<EngineId> engines;
  for (const auto& [engine, state] : engines_.all()) engines.push_back(engine);
  if (!engines.empty()) turn.effects.to_engines.push_back({std::move(engines), message});
}

}  // namespace gangway::core
