// Leaving the terminal, the session and the descriptors of whoever started us.
#pragma once

#include <vector>

#include "base/result.hpp"

namespace gangway::launch {

/// The calling process ends with status 0, and a grandchild goes on in its place: without controlling terminal, child
/// of nobody it could surprise, with /dev/null as standard input and output and no descriptor of its parent's but
/// `kept` (which are not inherited further). To be called before there are threads.
base::Status become_daemon(const std::vector<int>& kept);

/// Takes in the orphans of all descendants, so that none of them can get away.
base::Status adopt_orphans();

}  // namespace gangway::launch
