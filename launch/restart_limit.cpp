#include "launch/restart_limit.hpp"

#include <algorithm>

namespace gangway::launch {

std::optional<std::chrono::milliseconds> RestartLimit::grant(Time now) {
  while (!granted_.empty() && now - granted_.front() >= window) granted_.pop_front();
  if (granted_.size() >= most_) return std::nullopt;
  std::chrono::milliseconds wait = wait_min;
  for (std::size_t i = 0; i < granted_.size() && wait < wait_max; ++i) wait *= 2;
  granted_.push_back(now);
  return std::min(wait, wait_max);
}

}  // namespace gangway::launch
