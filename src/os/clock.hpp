// Time, for those who are not handed it.
#pragma once

#include <chrono>

#include "base/instant.hpp"

namespace gangway::os {

/// Now, by a clock that is never set and counts while the machine is awake. Any thread.
inline base::Instant now() {
  return {std::chrono::nanoseconds{std::chrono::steady_clock::now().time_since_epoch()}.count()};
}

}  // namespace gangway::os
