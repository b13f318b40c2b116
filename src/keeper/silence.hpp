// When a process that should go round and round counts as stopped or hung for good. One that is merely slow, on
// a loaded machine or behind a slow disk, never does.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>

#include "os/process.hpp"

namespace gangway::keeper {

/// After how much proven silence something is done.
struct SilenceLimits {
  /// It is told in the log.
  std::chrono::milliseconds suspect = std::chrono::seconds(5);
  /// The process is killed.
  std::chrono::milliseconds dead = std::chrono::seconds(15);
  /// How often one looks.
  std::chrono::milliseconds look_interval = std::chrono::seconds(1);

  /// The others in the same proportion.
  static SilenceLimits with_dead(std::chrono::milliseconds dead) { return {dead / 3, dead, dead / 15}; }
};

/// One process as it was seen look by look; a value.
///
/// What proves silence, while the counter stands still: the time between two looks if the process is stopped, or if
/// it sleeps although its bell was rung; the CPU time that it took in between if it runs. A process that could run
/// and gets no CPU, waits for a device or is held by a debugger proves nothing. No look proves more than
/// `look_interval`: when the looks themselves are late, the machine may have slept.
class Silence {
 public:
  enum class Verdict { moving, still, suspect, dead };

  explicit Silence(const SilenceLimits& limits) : limits_{limits} {}

  /// How the process looks at this moment; nothing if it is gone, which is for others to see.
  using View = std::function<std::optional<os::ProcessView>()>;

  /// A look at the process: where its counter is and, if that stands still, the process itself. A counter that is 0
  /// has not begun: it is not expected to move. `suspect` is said once in a silence.
  Verdict look(std::uint64_t counter, const View& view);

  [[nodiscard]] std::chrono::milliseconds proven() const { return proven_; }

 private:
  [[nodiscard]] std::chrono::milliseconds proof_of(const os::ProcessView& process) const;

  SilenceLimits limits_;
  std::uint64_t counter_ = 0;
  std::optional<os::ProcessView> before_;  // the look before this one, if the counter stood still since
  std::chrono::milliseconds proven_{0};
  bool is_suspect_ = false;
};

}  // namespace gangway::keeper
