// How often new workers may be started: a few at once, then at a steady pace. A worker that always dies at once must
// not become a loop that burns the node; a row of tasks that crash must not wait for long either.
#pragma once

#include <algorithm>

#include "base/instant.hpp"

namespace gangway::keeper {

class StartPacer {
 public:
  /// After a pause `burst` starts are free; in the long run there is one in each `interval`.
  StartPacer(int burst, base::Duration interval) : slack_{(burst - 1) * interval.ns}, interval_{interval} {}

  /// When the next start is allowed; the past if it is allowed now.
  [[nodiscard]] base::Instant next_start() const { return {due_.ns - slack_.ns}; }

  /// Takes a start if one is allowed now.
  bool try_start(base::Instant now) {
    if (now < next_start()) return false;
    due_ = std::max(due_, now) + interval_;
    return true;
  }

 private:
  base::Duration slack_;
  base::Duration interval_;
  base::Instant due_;  // when the next start would be due if all starts kept the steady pace
};

}  // namespace gangway::keeper
