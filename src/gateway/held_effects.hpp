// Effects that wait for their records: what nobody may hear of before a restart would remember it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "base/limits.hpp"
#include "core/effect.hpp"

namespace gangway::gateway {

/// How much may have been appended to the store and not be durable. Above it clients are not read; what engines send
/// is bounded by the windows of tasks and results.
struct HeldBounds {
  std::size_t records_max = 2048;
  std::size_t bytes_max = 128 * base::mib;
};

/// Takes out what says nothing of records and need not wait for them: a client that heard no Pong would give up, and
/// ClusterState counts what is there now.
[[nodiscard]] std::vector<core::SendToClient> take_what_need_not_wait(core::Effects& effects);

/// The records of one turn.
struct RecordsWeight {
  std::uint64_t last = 0;  // number of the last; 0: there are none
  std::size_t count = 0;
  std::size_t bytes = 0;  // that they keep in memory until they are written, about
};
[[nodiscard]] RecordsWeight weigh(const std::vector<core::Record>& records);

/// A queue; it sends nothing itself. What is held leaves in the order in which it came, also effects without records.
class HeldEffects {
 public:
  explicit HeldEffects(HeldBounds bounds = {}) : bounds_{bounds} {}

  /// Keeps what one turn has made, but for its records, which the store has.
  void hold(core::Effects effects, const RecordsWeight& records);

  /// The oldest effects, if all records up to their last are durable.
  [[nodiscard]] std::optional<core::Effects> release(std::uint64_t durable_number);

  [[nodiscard]] bool empty() const { return turns_.empty(); }

  /// True from the moment when there is too much until half of it has left.
  [[nodiscard]] bool is_full() const { return is_full_; }

 private:
  struct Turn {
    core::Effects effects;    // without its records, which the store has
    std::uint64_t last = 0;   // number of the last record that must be durable
    std::size_t records = 0;  // of this turn
    std::size_t bytes = 0;
  };

  void note_fullness();

  HeldBounds bounds_;
  std::deque<Turn> turns_;
  std::uint64_t last_ = 0;
  std::size_t records_ = 0;
  std::size_t bytes_ = 0;
  bool is_full_ = false;
};

}  // namespace gangway::gateway
