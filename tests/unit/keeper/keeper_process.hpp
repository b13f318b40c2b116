// A running gangway-keeper whose rank and workers are stand-ins (stand_in.cpp), driven line by line.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <deque>
#include <filesystem>
#include <string>
#include <vector>

#include "os/descriptor.hpp"

namespace gangway::keeper {

/// Generous: it ends a hang, it measures nothing.
inline constexpr std::chrono::seconds patience{30};

/// A process that is somebody else's child, recognised even after its pid was given to another.
class WatchedProcess {
 public:
  explicit WatchedProcess(pid_t pid);
  [[nodiscard]] pid_t pid() const { return pid_; }
  /// True once the process has ended, waiting for that.
  [[nodiscard]] bool ends_within(std::chrono::milliseconds wait_max) const;
  [[nodiscard]] bool ends() const { return ends_within(patience); }
  [[nodiscard]] bool lives() const { return !ends_within(std::chrono::milliseconds{0}); }
  void kill(int signal) const;

 private:
  pid_t pid_;
  os::Descriptor pidfd_;
};

class KeeperProcess {
 public:
  struct Setup {
    std::string role = "engine";
    /// An engine's, from 1.
    int rank = 1;
    int engines = 1;
    /// That of another one, which lives longer: both are on one node. Empty: its own.
    std::filesystem::path scratch_directory{};
    /// More arguments for keeper and rank.
    std::vector<std::string> arguments{};
    /// NAME=value for keeper and all below it.
    std::vector<std::string> environment{};
    /// Start it as the child of a launcher; pid() is then the launcher's.
    bool with_launcher = false;
  };

  explicit KeeperProcess(Setup setup);
  KeeperProcess() : KeeperProcess(Setup{}) {}
  KeeperProcess(const KeeperProcess&) = delete;
  KeeperProcess& operator=(const KeeperProcess&) = delete;
  /// Kills the keeper if it still runs, and collects what it has left behind.
  ~KeeperProcess();

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] const std::filesystem::path& scratch_directory() const { return scratch_directory_; }

  /// A command for the rank.
  void tell(const std::string& line);

  /// The rest of the next line that begins with `beginning`; the others stay. Empty, and a test failure, if none
  /// comes.
  std::string hear(const std::string& beginning);

  /// Like hear(), for a line that ends with a pid.
  WatchedProcess hear_of_process(const std::string& beginning);

  /// Lines that begin with `beginning` and came within `duration`.
  std::size_t count_lines(const std::string& beginning, std::chrono::milliseconds duration);

  /// Waits for the end of the keeper; its exit code, or -signal.
  int wait();

  void kill(int signal) const;

 private:
  bool read_lines(std::chrono::milliseconds wait_max);

  std::filesystem::path scratch_directory_;
  bool owns_scratch_ = false;
  pid_t pid_ = 0;
  bool waited_ = false;
  os::Descriptor to_rank_;
  os::Descriptor from_rank_;
  std::string unfinished_;
  std::deque<std::string> lines_;
};

}  // namespace gangway::keeper
