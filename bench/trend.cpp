#include "trend.hpp"

#include <algorithm>

#include "statistics.hpp"

namespace gangway::bench {

namespace {

constexpr std::size_t samples_at_an_end = 5;

}  // namespace

void Series::add(double time, double value) {
  samples_.push_back({time, value});
}

double Series::middle_of(std::size_t begin, std::size_t end) const {
  std::vector<double> values;
  for (std::size_t i = begin; i < end; ++i) values.push_back(samples_[i].value);
  return median(std::move(values));
}

double Series::first() const {
  return middle_of(0, std::min(samples_.size(), samples_at_an_end));
}

double Series::last() const {
  return middle_of(samples_.size() - std::min(samples_.size(), samples_at_an_end), samples_.size());
}

double Series::growth() const {
  std::vector<double> slopes;
  for (std::size_t i = 0; i < samples_.size(); ++i) {
    for (std::size_t k = i + 1; k < samples_.size(); ++k) {
      const double time = samples_[k].time - samples_[i].time;
      if (time > 0) slopes.push_back((samples_[k].value - samples_[i].value) / time);
    }
  }
  if (slopes.empty()) return 0;
  return median(std::move(slopes)) * (samples_.back().time - samples_.front().time);
}

}  // namespace gangway::bench
