// `gangway tasks`, `result`, `resubmit` and `forget`: what a running cluster knows of its tasks.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include <gangway/task_query.hpp>

#include "app/commands.hpp"

namespace gangway::app {

/// In all of these `cluster` is a name, or the path of a connection file.

/// Lists tasks, newest first.
ExitCode list_tasks(const launch::ClusterHome& home, const std::string& cluster, const TaskQuery& query,
                    Output output);

/// Waits for a task and tells its result, or its failure. With `file` that is not empty, writes the encoded result
/// there.
ExitCode show_result(const launch::ClusterHome& home, const std::string& cluster, TaskId task,
                     std::chrono::nanoseconds wait_max, const std::string& file, Output output);

/// Submits a task again and waits for its end.
ExitCode resubmit(const launch::ClusterHome& home, const std::string& cluster, TaskId task);

/// Removes tasks that are done; `all`: all of them.
ExitCode forget(const launch::ClusterHome& home, const std::string& cluster, const std::vector<TaskId>& tasks,
                bool all);

}  // namespace gangway::app
