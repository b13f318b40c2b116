#include "client/rate_meter.hpp"

#include <algorithm>

namespace gangway::client {

void RateMeter::start(Time now) {
  samples_[0] = {now, 0};
  next_ = 1;
  size_ = 1;
  count_ = 0;
}

void RateMeter::add(Time now, std::size_t count) {
  count_ = count;
  if (size_ == 0 || now - newest().time < spacing) {
    return;
  }
  samples_[next_] = {now, count};
  next_ = (next_ + 1) % samples_max;
  size_ = std::min(size_ + 1, samples_max);
}

double RateMeter::per_second(Time now) const {
  // The newest sample that is as old as the window is wide, else the oldest.
  const Sample* from = nullptr;
  for (std::size_t i = size_; i > 0; --i) {
    const Sample& sample = samples_[(next_ + samples_max - size_ + i - 1) % samples_max];
    from = &sample;
    if (now - sample.time >= window) {
      break;
    }
  }
  if (from == nullptr || now <= from->time) {
    return 0;
  }
  const std::chrono::duration<double> seconds = now - std::max(from->time, now - window);
  return static_cast<double>(count_ - from->count) / seconds.count();
}

}  // namespace gangway::client
