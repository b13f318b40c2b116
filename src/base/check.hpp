// Bugs end the process here, in every build. What can happen in a correct program is an error, not a check.
#pragma once

namespace gangway::base {

/// Prints the expression, the place and the explanation to standard error and aborts.
[[noreturn]] void check_failed(const char* expression, const char* file, int line, const char* explanation);

}  // namespace gangway::base

/// Aborts with a message if `condition` is false. `explanation` says what a reader of the message should know.
#define GANGWAY_CHECK(condition, explanation)          \
  (static_cast<bool>(condition) ? static_cast<void>(0) \
                                : ::gangway::base::check_failed(#condition, __FILE__, __LINE__, explanation))
