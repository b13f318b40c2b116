#include "keeper/silence.hpp"

#include <algorithm>
#include <utility>

namespace gangway::keeper {

Silence::Verdict Silence::look(std::uint64_t counter, const View& view) {
  const bool stands_still = counter != 0 && counter == counter_;
  const std::optional<os::ProcessView> process = stands_still ? view() : std::nullopt;
  if (!process) {
    *this = Silence{limits_};
    counter_ = counter;
    return Verdict::moving;
  }
  if (before_ && before_->key == process->key) proven_ += proof_of(*process);
  before_ = process;
  if (proven_ >= limits_.dead) return Verdict::dead;
  if (proven_ >= limits_.suspect && !std::exchange(is_suspect_, true)) return Verdict::suspect;
  return Verdict::still;
}

std::chrono::milliseconds Silence::proof_of(const os::ProcessView& process) const {
  switch (process.state) {
    case 'T':
    case 'S':
      return before_->state == process.state ? limits_.look_interval : std::chrono::milliseconds{0};
    case 'R':
      return std::min(process.cpu_time - before_->cpu_time, limits_.look_interval);
    default:
      return std::chrono::milliseconds{0};
  }
}

}  // namespace gangway::keeper
