// The command lines of `gangway tasks`, `result`, `resubmit` and `forget`.
#pragma once

#include <string>
#include <vector>

#include "app/commands.hpp"

namespace gangway::app {

/// Whether it is one of these commands.
[[nodiscard]] bool is_task_command(const std::string& command);

/// Reads the arguments behind the command's name, and carries it out or explains it. Throws UsageError.
ExitCode run_task_command(const launch::ClusterHome& home, const std::string& command,
                          const std::vector<std::string>& arguments);

}  // namespace gangway::app
