// The commands of `gangway`, each a function of what was read from its command line.
#pragma once

#include <string>
#include <vector>

#include <gangway/profile.hpp>

#include "launch/cluster_directory.hpp"

namespace gangway::app {

/// What `gangway` ends with.
enum ExitCode : int { exit_ok = 0, exit_failure = 1, exit_usage = 2, exit_no_cluster = 3, exit_damaged = 4 };

/// How a command prints.
enum class Output { table, json };

/// Starts a cluster that runs until it is stopped; prints where it is and how to stop it.
ExitCode start(const launch::ClusterHome& home, const Profile& profile);

/// Stops a cluster, or removes what is left of one.
ExitCode stop(const launch::ClusterHome& home, const std::string& name);

/// All clusters of this account.
ExitCode list(const launch::ClusterHome& home, Output output);

/// One cluster, and what it is doing.
ExitCode status(const launch::ClusterHome& home, const std::string& name, Output output);

/// The engines of one cluster.
ExitCode engines(const launch::ClusterHome& home, const std::string& name, Output output);

/// Has a cluster compile the sources in a directory and load the library. `cluster` is a name, or the path of a
/// connection file.
ExitCode build(const launch::ClusterHome& home, const std::string& cluster, const std::string& directory,
               const std::vector<std::string>& flags);

/// Prints "gangway: <text>" on standard error.
void complain(const std::string& text);

}  // namespace gangway::app
