// A child process made of a function; for tests of what processes share.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace gangway::keeper {

/// Runs `body` in a forked child, which ends with the int it returns. Killed at the end of the test if it still runs.
class Forked {
 public:
  template <class Body>
  explicit Forked(Body body) : pid_{::fork()} {
    if (pid_ == 0) ::_exit(body());
  }
  Forked(const Forked&) = delete;
  Forked& operator=(const Forked&) = delete;
  ~Forked() {
    if (waited_) return;
    kill(SIGKILL);
    wait();
  }

  void kill(int signal) const { ::kill(pid_, signal); }

  /// Waits for the end of the child. Returns waitpid's status.
  int wait() {
    int status = -1;
    ::waitpid(pid_, &status, 0);
    waited_ = true;
    return status;
  }

  /// The exit code, or -1 if it was killed.
  int exit_code() {
    const int status = wait();
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t pid_;
  bool waited_ = false;
};

}  // namespace gangway::keeper
