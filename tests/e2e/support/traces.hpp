// What a cluster leaves to be seen on its host, from outside of it.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace gangway::e2e {

/// One living process.
struct Process {
  pid_t pid = 0;
  std::vector<std::string> arguments;

  /// The last part of the program's path.
  [[nodiscard]] std::string program() const;
};

/// The living processes that have one of these texts in their arguments or environment. Zombies are none.
std::vector<Process> processes_with(const std::vector<std::string>& texts);

/// By what a cluster is recognised. A value, read from its state.json while that exists.
struct Traces {
  /// Of a cluster in $GANGWAY_HOME. Throws if it has no state that can be read.
  static Traces of(const std::string& cluster);

  std::string directory;
  std::string scratch_dir;
  std::string cookie;
  pid_t supervisor = 0;
  pid_t warden = 0;
  pid_t mpirun = 0;

  /// Processes that have the cookie or one of the directories in their arguments or environment.
  [[nodiscard]] std::vector<Process> processes() const;

  /// The pids of this program that have `argument` among their arguments; at least one, else it throws.
  [[nodiscard]] std::vector<pid_t> pids_of(const std::string& program, const std::string& argument) const;

  /// Everything that is still there, one line each: processes, shared memory, sockets, directories.
  [[nodiscard]] std::vector<std::string> remains() const;
};

/// Waits until nothing remains; the failure tells what does. What is asked to end may take its time.
testing::AssertionResult nothing_remains(const Traces& traces);

/// Waits until `condition()` holds, a minute at most; whether it does.
bool eventually(const std::function<bool()>& condition, std::chrono::seconds time = std::chrono::seconds{60});

/// The process that started this one. Throws if it is gone.
pid_t parent_of(pid_t pid);

/// kill -9
void kill_at_once(pid_t pid);

/// kill -STOP
void stop_at_once(pid_t pid);

}  // namespace gangway::e2e
