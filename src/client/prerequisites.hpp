// What a task is to follow, as it is when its submission leaves.
#pragma once

#include <string>
#include <vector>

#include "client/requests.hpp"
#include "wire/protocol.hpp"

namespace gangway::client {

struct OpenPrerequisites {
  std::vector<wire::Prerequisite> after;  // the parts that have not ended here
  std::string missed;                     // why one can no longer be met; empty: all may be
};

/// What has ended in this process the gateway may have forgotten: it is judged here. All others must have been
/// submitted before, on the connection that is open.
[[nodiscard]] OpenPrerequisites open_prerequisites(const std::vector<Prerequisite>& prerequisites);

}  // namespace gangway::client
