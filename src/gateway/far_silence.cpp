#include "gateway/far_silence.hpp"

#include <utility>

namespace gangway::gateway {

FarSilence::Next FarSilence::look(int rank, std::uint64_t received) {
  Rank& seen = ranks_[rank];
  if (std::exchange(seen.received, received) != received) {
    seen.silent_looks = 0;
    return Next::nothing;
  }
  ++seen.silent_looks;
  if (seen.silent_looks > looks_max_) return Next::give_up;
  return seen.silent_looks % looks_before_asking == 0 ? Next::ask : Next::nothing;
}

}  // namespace gangway::gateway
