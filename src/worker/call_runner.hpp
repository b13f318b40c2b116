// Runs one call at a time: finds the function, hands it its arguments, places the result.
#pragma once

#include <gangway/engine.hpp>

#include "code/registry.hpp"
#include "wire/worker_message.hpp"
#include "worker/engine_port.hpp"
#include "worker/loaded_modules.hpp"
#include "worker/rank_port.hpp"

namespace gangway::worker {

/// Results up to this many bytes ride in the message; larger ones lie in the arena.
inline constexpr std::size_t inline_result_bytes_max = 64 * 1024;

/// All references must outlive the runner. For one thread.
class CallRunner {
 public:
  CallRunner(const LoadedModules& modules, EnginePort& engine, RankPort& rank);

  /// Runs the call; whatever the function throws becomes a failure. The message is not sent yet: after it was, call
  /// EnginePort::end_call().
  wire::CallFinished run(const wire::RunCall& call);

 private:
  [[nodiscard]] base::Result<code::FoundStub> find(const wire::RunCall& call) const;

  const LoadedModules& modules_;
  EnginePort& port_;
  RankPort& rank_;
  Engine engine_;
};

}  // namespace gangway::worker
