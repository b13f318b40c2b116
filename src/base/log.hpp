// One line for each thing an operator should know. The sink adds the time; callers never read a clock for a log line.
#pragma once

#include <string_view>

namespace gangway::base {

enum class LogLevel { info, warning, error };

/// Where log lines go. Ports are passed in; there is no global logger.
class Log {
 public:
  virtual ~Log() = default;
  /// Writes one line. `text` holds no line break.
  virtual void write(LogLevel level, std::string_view text) = 0;

  void info(std::string_view text) { write(LogLevel::info, text); }
  void warning(std::string_view text) { write(LogLevel::warning, text); }
  void error(std::string_view text) { write(LogLevel::error, text); }
};

/// Drops everything; for tests and for programs that do not log.
class SilentLog final : public Log {
 public:
  void write(LogLevel, std::string_view) override {}
};

}  // namespace gangway::base
