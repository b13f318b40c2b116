// Running other programs as children.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "launch/mpirun.hpp"
#include "os/descriptor.hpp"

namespace gangway::launch {

/// Where a child's standard error goes.
enum class Errors { with_output, apart };

/// What becomes of a child when the thread that has started it ends, however that happens.
enum class Orphan { is_terminated, goes_on };

/// A child that was started, and where what it writes can be read (non-blocking).
struct RunningJob {
  pid_t pid = 0;
  os::Descriptor output;  // its standard output, and its standard error if that is not apart
  os::Descriptor errors;  // its standard error if that is apart
};

/// Starts the program in a process group of its own, with no standard input. To be called by a process with one
/// thread.
base::Result<RunningJob> start_job(const CommandLine& command, Errors errors = Errors::with_output,
                                   Orphan orphan = Orphan::is_terminated);

/// Reads one line of a pipe; nothing if the other end was closed before, or if the time is over.
std::optional<std::string> read_line(const os::Descriptor& pipe, std::chrono::milliseconds time);

/// Runs a short command to its end and returns what it printed, on standard output and error. A fault if it cannot be
/// started, does not end in time or fails. At most 64 KiB are kept.
base::Result<std::string> output_of(const std::vector<std::string>& arguments, std::chrono::milliseconds time);

/// How a command ended, and what it printed on standard output and error: the first 64 KiB.
struct CommandEnd {
  int wait_status = 0;
  std::string text;
};

/// Runs a command to its end, whatever that is. A fault if it cannot be started or does not end in time: then it is
/// killed, with what it has started.
base::Result<CommandEnd> run_to_end(const CommandLine& command, std::chrono::milliseconds time);

/// A wait status in words: "ended with status 1", "was killed by signal 9 (Killed)".
std::string wait_status_text(int status);

}  // namespace gangway::launch
