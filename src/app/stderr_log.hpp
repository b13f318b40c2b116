// Log lines of a program: on standard error, with the time and the program's name.
#pragma once

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
    const auto now = std::chrono::system_clock::now();
    const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
    const auto since_epoch = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch());
    std::tm fields{};
    gmtime_r(&seconds, &fields);
    char time[32];
    std::strftime(time, sizeof time, "%Y-%m-%dT%H:%M:%S", &fields);
    // One call, so that lines of several processes do not mix.
    std::fprintf(stderr, "%s.%03dZ %s: %s: %.*s\n", time, static_cast<int>(since_epoch.count() % 1000), who_.c_str(),
                 names[static_cast<int>(level)], static_cast<int>(text.size()), text.data());
  }

 private:
  std::string who_;
};

}  // namespace gangway::app
