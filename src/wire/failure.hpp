// A task that failed: what the user is told, wherever it went wrong.
#pragma once

#include <cstdint>
#include <string>
#include <tuple>
#include <variant>

#include <gangway/ids.hpp>

#include "base/bytes.hpp"

namespace gangway::wire {

/// What a program could react to. The numbers travel and are never reused.
enum class FailureKind : std::uint8_t {
  exception = 1,       // the user's function threw
  worker_crashed = 2,  // the process that ran it ended: a signal, exit(), abort()
  engine_lost = 3,     // the engine's rank is gone
  not_run = 4,         // it could not be started: unknown function, module that does not load, no such value
  refused = 5,         // the controller did not accept it: no such engine, a limit, a role
  torn = 6,            // a value it reads was being written by a task that died
};

/// A record of one failure. `type` is the exception's type or a short name of the failure, `text` what it says.
struct Failure {
  FailureKind kind = FailureKind::exception;
  std::string type;
  std::string text;
  EngineId engine;   // where it happened; meaningless for `refused`
  std::string host;  // of that engine
  std::uint32_t attempt = 0;
  std::string story = {};  // of the attempts before that one; empty: there were none

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.kind, m.type, m.text, m.engine, m.host, m.attempt, m.story);
  }
  friend bool operator==(const Failure&, const Failure&) = default;
};

/// The encoded result of a task, or why there is none.
using Outcome = std::variant<base::SharedBytes, Failure>;

}  // namespace gangway::wire
