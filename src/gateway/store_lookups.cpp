#include "gateway/store_lookups.hpp"

#include <variant>

namespace gangway::gateway {

void look_up(core::ClientSpoke& spoke, const core::Controller& controller, const core::Store& store) {
  const auto* const task = std::get_if<wire::SubmitTask>(&spoke.message);
  if (task == nullptr) return;
  const std::optional<SessionId> session = controller.session_of(spoke.connection);
  if (!session) return;
  spoke.durable_number = store.durable_number();
  if (!task->key.empty()) spoke.kept = store.find_kept(*session, task->key);
  for (const wire::PartRef& named : controller.unknown_parts(spoke.connection, *task)) {
    if (const auto found = store.find_parked(*session, named)) spoke.parked.push_back({named, *found});
  }
}

std::optional<core::ParkedRead> ParkedReads::next(const core::Store& store) {
  if (wanted_.empty()) return std::nullopt;
  const core::ReadParked wanted = wanted_.front();
  wanted_.pop_front();
  return core::ParkedRead{wanted.session, wanted.after, wanted.listed_for, store.parked(wanted)};
}

}  // namespace gangway::gateway
