// Refused peers in the log: one line each, but a flood of them does not fill the disk.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/instant.hpp"
#include "base/log.hpp"

namespace gangway::tls {

/// Passes lines on as long as they come seldom: `lines_max` at once and one more for each `period`. What is held back
/// is counted, and the next line says how many. `log` must outlive it.
class RefusalLog {
 public:
  explicit RefusalLog(base::Log& log, std::uint32_t lines_max = 50, base::Duration period = base::seconds(5))
      : log_{log}, lines_max_{lines_max}, period_{period}, lines_left_{lines_max} {}

  /// Logs `text` as a warning, or counts it.
  void write(std::string_view text, base::Instant now);

 private:
  base::Log& log_;
  std::uint32_t lines_max_;
  base::Duration period_;
  std::uint32_t lines_left_;
  base::Instant refilled_{};
  std::uint64_t held_back_ = 0;
};

}  // namespace gangway::tls
