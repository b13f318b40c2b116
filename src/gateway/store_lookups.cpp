#include "gateway/store_lookups.hpp"

#include <exception>
#include <string>
#include <utility>
#include <variant>

namespace gangway::gateway {

void look_up(core::ClientSpoke& spoke, const core::Controller& controller, const core::Store& store) {
  const auto* const task = std::get_if<wire::SubmitTask>(&spoke.message);
  if (task == nullptr) return;
  if (task->key.empty() && !controller.parks()) return;
  const std::optional<SessionId> session = controller.session_of(spoke.connection);
  if (!session) return;
  spoke.durable_number = store.durable_number();
  if (!task->key.empty()) spoke.kept = store.find_kept(*session, task->key);
  for (const wire::PartRef& named : controller.unknown_parts(spoke.connection, *task)) {
    if (const auto found = store.find_parked(*session, named)) spoke.parked.push_back({named, *found});
  }
}

std::optional<wire::SetEnvironment> with_operation(wire::SetEnvironment value, const core::Store& store,
                                                   base::Log& log) {
  if (!value.missing.empty()) return value;
  try {
    std::optional<base::SharedBytes> operation = store.environment(value.name);
    if (!operation) return std::nullopt;
    value.operation = std::move(*operation);
  } catch (const std::exception& error) {
    value.missing = std::string{"the cluster could not read back what it keeps of it: "} + error.what();
    log.error("\"" + value.name + "\" is not set on engines that have joined: " + value.missing);
  }
  return value;
}

std::optional<core::ParkedRead> ParkedReads::next(const core::Store& store) {
  if (wanted_.empty()) return std::nullopt;
  const core::ReadParked wanted = wanted_.front();
  wanted_.pop_front();
  return core::ParkedRead{wanted.session, wanted.after, wanted.listed_for, store.parked(wanted)};
}

}  // namespace gangway::gateway
