// What this machine is called.
#pragma once

#include <string>

namespace gangway::os {

/// The name of this host; "localhost" if the system has none. Any thread.
std::string host_name();

}  // namespace gangway::os
