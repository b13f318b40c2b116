// Whether a series of samples grows.
#pragma once

#include <cstddef>
#include <vector>

namespace gangway::bench {

/// Samples over time; times rise.
class Series {
 public:
  void add(double time, double value);

  /// The middle of the first samples, and of the last; there must be a sample.
  [[nodiscard]] double first() const;
  [[nodiscard]] double last() const;

  /// How much the series grew from its first sample to its last: its slope, the middle one of those between all pairs
  /// of samples (so that single samples far off do not count), times the time between them. 0 for fewer than two.
  [[nodiscard]] double growth() const;

 private:
  struct Sample {
    double time = 0;
    double value = 0;
  };
  [[nodiscard]] double middle_of(std::size_t begin, std::size_t end) const;

  std::vector<Sample> samples_;
};

}  // namespace gangway::bench
