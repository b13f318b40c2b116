// What a supervisor is told on its command line, by the library that starts it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <gangway/profile.hpp>

#include "base/result.hpp"
#include "launch/process.hpp"

namespace gangway::launch {

/// What a supervisor begins with.
enum class Beginning {
  start,   ///< a new cluster
  adopt,   ///< one that has lost its supervisor: see adopt.hpp
  revive,  ///< one that has ended, whose directory has its journal
};

struct SupervisorOptions {
  std::string home;    // of all clusters
  Profile profile;     // with a name
  int report_fd = -1;  // one line is written there: "ready", or "error " and the reason
  ProcessKey owner;    // when it ends, the cluster is stopped; pid 0: it has no owner
  Beginning beginning = Beginning::start;
};

/// The arguments, without the program.
std::vector<std::string> to_arguments(const SupervisorOptions& options);

/// The same back again. A fault names what is wrong.
base::Result<SupervisorOptions> parse_supervisor_options(int argc, const char* const* argv);

/// The profile with its defaults filled in. A fault if no cluster can be like that: no engines, no name, and so on.
base::Result<Profile> resolve(Profile profile);

}  // namespace gangway::launch
