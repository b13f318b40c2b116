// How a rank whose keeper was killed tells the others: nobody else sees its end then.
#pragma once

#include "keeper/node_page.hpp"

namespace gangway::keeper {

/// From now on SIGTERM, which the end of its keeper sends to a rank, ends this process at once and marks `rank` dead
/// in the page before. The others see it within their longest sleep; no bell is rung, which a signal handler could
/// not do. `page` must live as long as the process. Once in a process; a fault if the system does not allow it.
base::Status mark_own_death(const NodePage& page, int rank);

}  // namespace gangway::keeper
