// Runs programs as a shell would, and keeps what they say.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

namespace gangway::e2e {

/// How a program ended.
struct Outcome {
  int status = -1;  ///< its exit status, or 128 and the signal that killed it
  std::string out;
  std::string error;
};

/// Variables that are set on top of the environment of the test; an empty value takes one away.
using Variables = std::map<std::string, std::string>;

/// A program that runs beside the test; the end of the object kills it if it has not ended.
class RunningProgram {
 public:
  /// `arguments` begin with the program's path.
  explicit RunningProgram(const std::vector<std::string>& arguments, const Variables& variables = {});
  ~RunningProgram();
  RunningProgram(const RunningProgram&) = delete;
  RunningProgram& operator=(const RunningProgram&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }

  /// What it has written so far.
  [[nodiscard]] std::string out() const;

  /// Waits for its end.
  Outcome wait();

 private:
  pid_t pid_ = 0;
  bool ended_ = false;
  std::string directory_;
};

/// Runs a program to its end.
Outcome run(const std::vector<std::string>& arguments, const Variables& variables = {});

/// Runs the command `gangway` of this build.
Outcome gangway(std::vector<std::string> arguments, const Variables& variables = {});

}  // namespace gangway::e2e
