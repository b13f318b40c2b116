// Ranks of other nodes that are heard of by nobody: neither by themselves nor by their keepers. A keeper tells of
// a rank that is dead or stands still; so this is for those that were stopped together with all who look after them,
// and for a network that lets mpirun's messages pass and MPI's not.
#pragma once

#include <cstdint>
#include <map>

#include "base/instant.hpp"

namespace gangway::gateway {

/// Counts looks rather than time: who looks may have been stopped itself. A value.
class FarSilence {
 public:
  /// What to do about a rank.
  enum class Next { nothing, ask, give_up };

  static constexpr base::Duration look_interval = base::seconds(1);
  /// After so many looks in silence a rank is asked, and again after as many more.
  static constexpr std::int64_t looks_before_asking = 5;

  /// A rank that does not answer for longer than `patience` is given up.
  explicit FarSilence(base::Duration patience) : looks_max_{patience.ns / look_interval.ns} {}

  /// A look at a rank, from which so many messages have come so far.
  Next look(int rank, std::uint64_t received);

  void forget(int rank) { ranks_.erase(rank); }

 private:
  struct Rank {
    std::uint64_t received = 0;
    std::int64_t silent_looks = 0;
  };

  std::int64_t looks_max_;
  std::map<int, Rank> ranks_;
};

}  // namespace gangway::gateway
