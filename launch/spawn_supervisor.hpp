// Starting a supervisor from a program that may have threads.
#pragma once

#include <chrono>
#include <string>

#include "base/result.hpp"
#include "launch/launch_record.hpp"

namespace gangway::launch {

/// The number of the descriptor in which a supervisor reports, as its arguments have it.
inline constexpr int supervisor_report_fd = 3;

/// How long a supervisor may take for itself: asking mpirun for its version, and cleaning up after a failure.
inline constexpr std::chrono::seconds supervisor_time{40};

/// Starts a supervisor, which leaves the calling process at once, and waits until it reports that it is ready. A
/// fault has its words, or `silence` if it ended without any or is not ready in time. When the calling process ends
/// meanwhile, a supervisor that starts a cluster gives up.
base::Status run_supervisor(const LaunchRecord& record, std::chrono::milliseconds time, const std::string& silence);

}  // namespace gangway::launch
