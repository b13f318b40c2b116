// What is known about a task while it runs and afterwards.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include <gangway/ids.hpp>

namespace gangway {

/// Where and when a part of a task ran. What is not known yet is zero or empty.
struct TaskInfo {
  TaskId id;
  EngineId engine;                    ///< which engine ran it
  std::string host;                   ///< of that engine; empty as long as the part has not finished
  std::uint32_t attempts = 0;         ///< how often it was handed out
  std::chrono::nanoseconds waited{};  ///< from its arrival at the controller until it was handed to the engine
  std::chrono::nanoseconds ran{};     ///< inside the function, by the engine's clock
  std::chrono::nanoseconds total{};   ///< from its arrival at the controller until its result was there
};

/// How far a map has come, counted in elements.
struct Progress {
  std::size_t done = 0;   ///< failed ones too
  std::size_t total = 0;  ///< of the whole map
  double per_second = 0;  ///< done in a second, over the last ten seconds; 0 if there was none
  std::optional<std::chrono::duration<double>> left;  ///< what the rest takes at this rate; none if there is no rate
  std::string label;                                  ///< that of the view, see gangway::label()
};

}  // namespace gangway
