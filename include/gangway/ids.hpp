// The identities that users, clients and clusters share. Each is a type of its own, so that an engine's
// number cannot be passed where a task's is wanted.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace gangway {

/// A value: a number that can be compared, printed and hashed, but not mixed up with a number of another kind.
template <class Tag, class Rep>
class StrongId {
 public:
  using Number = Rep;

  constexpr StrongId() = default;
  constexpr explicit StrongId(Rep value) : value_{value} {}

  /// The bare number, for printing and for the wire.
  [[nodiscard]] constexpr Rep value() const { return value_; }

  friend constexpr auto operator<=>(StrongId, StrongId) = default;

 private:
  Rep value_ = 0;
};

/// An engine of a cluster, counted from 0. It is not the engine's MPI rank.
using EngineId = StrongId<struct EngineTag, std::uint32_t>;

/// A task, unique in its cluster.
using TaskId = StrongId<struct TaskTag, std::uint64_t>;

/// A session of a client with a cluster.
using SessionId = StrongId<struct SessionTag, std::uint64_t>;

}  // namespace gangway

template <class Tag, class Rep>
struct std::hash<gangway::StrongId<Tag, Rep>> {
  std::size_t operator()(gangway::StrongId<Tag, Rep> id) const noexcept { return std::hash<Rep>{}(id.value()); }
};
