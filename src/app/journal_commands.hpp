// `gangway journal ...`: the journals of a cluster that is down.
#pragma once

#include <string>

#include "app/commands.hpp"
#include "launch/cluster_directory.hpp"

namespace gangway::app {

/// What is done with a journal that is damaged.
enum class Damage { tell, rescue };

/// How much of a task is exported.
enum class Payloads { leave_out, include };

/// `which` is a cluster's name, the path of its directory, or that of a journal. All end with exit_failure for a
/// journal that cannot be opened or is in use.

/// Tells what is wrong and what there is. exit_damaged if something is wrong; with Damage::rescue, exit_ok if it
/// could be rescued.
ExitCode journal_check(const launch::ClusterHome& home, const std::string& which, Damage damage);

/// Gives back unused room; tells the bytes before and after.
ExitCode journal_compact(const launch::ClusterHome& home, const std::string& which);

/// Writes sessions, modules and tasks on standard output. exit_damaged if something had to be left out, which is
/// told on standard error.
ExitCode journal_export(const launch::ClusterHome& home, const std::string& which, Payloads payloads);

}  // namespace gangway::app
