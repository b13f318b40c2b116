// What the shell reads in the store for the controller, which has no way to it.
#pragma once

#include <deque>
#include <optional>

#include "base/log.hpp"
#include "core/controller.hpp"
#include "core/store.hpp"

namespace gangway::gateway {

/// What the store knows of a task that a client submits: under its key, and of those that it is to follow. Throws
/// std::exception if that cannot be read.
void look_up(core::ClientSpoke& spoke, const core::Controller& controller, const core::Store& store);

/// A value of the environment as engines get it: with the operation that the store has, or why it is missing. Nothing
/// if the store has none: the value was replaced by one that is not kept, and that is told next.
[[nodiscard]] std::optional<wire::SetEnvironment> with_operation(wire::SetEnvironment value, const core::Store& store,
                                                                 base::Log& log);

/// Pages of parked tasks that the controller wants. Each is about a millisecond of reading, so that they are read one
/// at a time, and others have their turn between them.
class ParkedReads {
 public:
  void add(const core::ReadParked& wanted) { wanted_.push_back(wanted); }

  /// The next one, read; nothing if none is wanted. Throws std::exception if it cannot be read.
  std::optional<core::ParkedRead> next(const core::Store& store);

 private:
  std::deque<core::ReadParked> wanted_;
};

}  // namespace gangway::gateway
