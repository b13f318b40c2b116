// How much is kept of tasks that are done.
#pragma once

#include <cstdint>

#include "base/instant.hpp"
#include "base/limits.hpp"

namespace gangway::journal {

/// The most that a journal keeps of tasks which were acknowledged, or whose session has ended; what became so first
/// goes first. Any of them may be zero: then nothing is kept.
struct Retention {
  base::Duration age_max = base::seconds(7 * 24 * 3600);
  std::uint64_t tasks_max = 100'000;          // each part of a task counts
  std::uint64_t bytes_max = 256 * base::mib;  // of arguments and answers
};

}  // namespace gangway::journal
