#include "keeper/children.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <thread>

namespace gangway::keeper {

std::vector<pid_t> list_children() {
  std::vector<pid_t> children;
  std::error_code failed;
  for (const auto& task : std::filesystem::directory_iterator{"/proc/self/task", failed}) {
    std::ifstream list{task.path() / "children"};
    for (pid_t child = 0; list >> child;) children.push_back(child);
  }
  return children;
}

int kill_children_except(std::span<const pid_t> spared) {
  int killed = 0;
  for (const pid_t child : list_children()) {
    const pid_t group = ::getpgid(child);
    if (std::ranges::find(spared, group) != spared.end()) continue;
    // Its own group must not be the keeper's, or the keeper would go with it.
    const bool has_group = group > 1 && group != ::getpgrp();
    ::kill(has_group ? -group : child, SIGKILL);
    ++killed;
  }
  return killed;
}

void kill_all_children(base::Duration wait_max) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::nanoseconds{wait_max.ns};
  while (std::chrono::steady_clock::now() < deadline) {
    kill_children_except({});
    pid_t ended = 0;
    do {
      ended = ::waitpid(-1, nullptr, WNOHANG);
    } while (ended > 0);
    if (ended < 0 && errno == ECHILD) return;
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
}

}  // namespace gangway::keeper
