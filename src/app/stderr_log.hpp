// Log lines of a program: on standard error, with the time and the program's name. Nobody who logs waits: who reads
// standard error, mpirun in a cluster, may be stopped. Then lines are lost, and the next one tells how many.
#pragma once

#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <string>
#include <utility>

#include "base/log.hpp"

namespace gangway::app {

class StderrLog final : public base::Log {
 public:
  /// `who` stands in every line, e.g. "engine 3".
  explicit StderrLog(std::string who) : who_{std::move(who)} {}

  void write(base::LogLevel level, std::string_view text) override {
    static constexpr const char* names[] = {"info", "warning", "error"};
    pollfd room{STDERR_FILENO, POLLOUT, 0};
    if (::poll(&room, 1, 0) != 1) {
      ++lost_;
      return;
    }
    const unsigned lost = lost_.exchange(0);
    const std::string before = lost == 0 ? "" : "(after " + std::to_string(lost) + " lines that found no room) ";
    const auto now = std::chrono::system_clock::now();
    const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
    const auto since_epoch = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch());
    std::tm fields{};
    gmtime_r(&seconds, &fields);
    char time[32];
    std::strftime(time, sizeof time, "%Y-%m-%dT%H:%M:%S", &fields);
    // One call, so that lines of several processes do not mix.
    std::fprintf(stderr, "%s.%03dZ %s: %s: %s%.*s\n", time, static_cast<int>(since_epoch.count() % 1000),
                 who_.c_str(), names[static_cast<int>(level)], before.c_str(), static_cast<int>(text.size()),
                 text.data());
  }

 private:
  std::string who_;
  std::atomic<unsigned> lost_ = 0;
};

}  // namespace gangway::app
