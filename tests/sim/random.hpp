// Random numbers that are the same everywhere: the standard's generators are, its distributions are not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/instant.hpp"

namespace gangway::sim {

/// A value; copies go on alike. (SplitMix64, by Steele, Lea and Flood.)
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_{seed} {}

  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
  }
  /// 0 .. count - 1; `count` is not 0.
  std::uint64_t below(std::uint64_t count) { return next() % count; }
  /// Both ends are possible.
  std::uint64_t between(std::uint64_t low, std::uint64_t high) { return low + below(high - low + 1); }
  bool chance(std::uint64_t percent) { return below(100) < percent; }
  base::Duration span(base::Duration low, base::Duration high) {
    return {
        static_cast<std::int64_t>(between(static_cast<std::uint64_t>(low.ns), static_cast<std::uint64_t>(high.ns)))};
  }
  template <class T>
  const T& one_of(const std::vector<T>& choices) {
    return choices[static_cast<std::size_t>(below(choices.size()))];
  }
  /// A generator of its own, so that one part's draws do not change another's.
  Random fork() { return Random{next()}; }

 private:
  std::uint64_t state_;
};

}  // namespace gangway::sim
