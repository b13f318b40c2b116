// The scratch directory of a cluster on one host: in memory, it holds every shared-memory and session file of the
// job. Whoever removes it has removed all of them.
#pragma once

#include <filesystem>

#include "base/result.hpp"

namespace gangway::launch {

/// A name for a new one, which nothing has yet: /dev/shm/gangway.<uid>.<8 hex digits>, or in the directory for
/// temporary files where there is no /dev/shm.
std::filesystem::path new_scratch_path();

/// Makes it (0700), with the place for modules in it.
base::Status make_scratch(const std::filesystem::path& path);

/// Removes it; none there is fine. A path that cannot have come from new_scratch_path() is refused.
base::Status remove_scratch(const std::filesystem::path& path);

}  // namespace gangway::launch
