// How often a cluster that ends by itself is started again, and how long it waits before.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

namespace gangway::launch {

/// Knows the restarts of the last ten minutes. A value; time is handed in.
class RestartLimit {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// Restarts that are granted within `window`, 0: none ever; and those that were, the oldest first.
  explicit RestartLimit(std::uint32_t most, std::deque<Time> granted = {})
      : most_{most}, granted_{std::move(granted)} {}

  /// Grants a restart, and says what it has to wait: half a second, twice as much for each one in the window, ten
  /// seconds at most. Nothing if it would be one too many.
  [[nodiscard]] std::optional<std::chrono::milliseconds> grant(Time now);

  [[nodiscard]] const std::deque<Time>& granted() const { return granted_; }

  static constexpr std::chrono::minutes window{10};
  static constexpr std::chrono::milliseconds wait_min{500};
  static constexpr std::chrono::milliseconds wait_max{10'000};

 private:
  std::uint32_t most_;
  std::deque<Time> granted_;
};

}  // namespace gangway::launch
