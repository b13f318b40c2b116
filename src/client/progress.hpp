// Numbers of a progress bar in words.
#pragma once

#include <chrono>
#include <string>

namespace gangway::detail {

/// "0.25/s", "12/s", "350k/s"
std::string rate_text(double per_second);

/// Rounded up: "9 s", "3 min 05 s", "2 h 40 min", "1 d 03 h"
std::string duration_text(std::chrono::duration<double> duration);

}  // namespace gangway::detail
