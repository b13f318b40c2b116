// Whether a task that failed is attempted again, and how to tell of its attempts. Pure functions.
#pragma once

#include <string>
#include <vector>

#include "base/limits.hpp"
#include "core/task.hpp"
#include "wire/failure.hpp"
#include "wire/protocol.hpp"

namespace gangway::core {

/// Whether an attempt that ended in `kind` may be followed by another one, after those that have failed `before`.
///
/// A lost engine is not the task's fault: it counts against Limits::attempts_max alone. A function or worker that
/// failed counts against the task's own retries, and whoever kills its worker again and again is stopped by
/// Limits::worker_kills_max whatever it asked for. What could not be run at all will not be the next time either.
[[nodiscard]] bool may_follow(wire::FailureKind kind, const std::vector<FailedAttempt>& before,
                              const wire::RetryPolicy& policy, const base::Limits& limits);

/// "attempt 1 ended with engine 3 (signal 9), attempt 2 failed on engine 0 (std::domain_error: negative mass)";
/// bounded, however many there were.
[[nodiscard]] std::string story_of(const std::vector<FailedAttempt>& attempts);

/// What is kept of a failure for the story: one line, bounded.
[[nodiscard]] std::string reason_of(const wire::Failure& failure);

}  // namespace gangway::core
