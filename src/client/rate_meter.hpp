// How fast something counts up, measured over the last seconds.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>

namespace gangway::client {

/// Remembers a few of the counts of the last ten seconds, so that its cost does not grow with what is counted. One
/// thread at a time.
class RateMeter {
 public:
  using Time = std::chrono::steady_clock::time_point;

  static constexpr std::chrono::seconds window{10};

  /// The counting begins at zero.
  void start(Time now);

  /// It is at `count` now; never falls.
  void add(Time now, std::size_t count);

  /// Counts per second from the window's begin, or from start(), until now. 0 if nothing was counted in it.
  [[nodiscard]] double per_second(Time now) const;

 private:
  struct Sample {
    Time time;
    std::size_t count = 0;
  };

  static constexpr std::size_t samples_max = 64;
  static constexpr auto spacing = std::chrono::duration_cast<std::chrono::nanoseconds>(window) / (samples_max - 2);

  [[nodiscard]] const Sample& newest() const { return samples_[(next_ + samples_max - 1) % samples_max]; }

  std::array<Sample, samples_max> samples_;  // a ring, at least `spacing` apart
  std::size_t next_ = 0;
  std::size_t size_ = 0;
  std::size_t count_ = 0;
};

}  // namespace gangway::client
