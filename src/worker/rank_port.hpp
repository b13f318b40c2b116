// What the worker needs of its rank. The channel is one; tests have another.
#pragma once

#include <cstddef>
#include <span>

#include "wire/worker_message.hpp"

namespace gangway::worker {

/// The rank as the running call sees it. Used by the thread that runs tasks.
class RankPort {
 public:
  virtual ~RankPort() = default;

  /// Sends a request and waits for its answer. Does not return if the rank is gone: nothing that the call could still
  /// do would reach anyone.
  virtual wire::ToWorker ask(const wire::FromWorker& request) = 0;

  /// The bytes of a range of the arena that the rank named. Ends the process if they do not lie in it.
  virtual std::span<std::byte> arena(const wire::ArenaRange& range) = 0;
};

}  // namespace gangway::worker
