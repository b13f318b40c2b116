// What a client submits: a task, what it follows, and how often it may be run. Part of the protocol, see
// wire/protocol.hpp.
#pragma once

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include <gangway/ids.hpp>

#include "base/bytes.hpp"
#include "wire/operation.hpp"

namespace gangway::wire {

/// The number a client gives to a request; unique in its session.
using RequestId = StrongId<struct RequestTag, std::uint64_t>;

/// Whether a task that has begun may be run again.
struct RetryPolicy {
  std::uint32_t retries = 0;  // after failures of the function or its worker; lost engines do not count
  bool at_most_once = false;  // in no case: it fails when nobody knows whether it ran

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.retries, m.at_most_once);
  }
  friend bool operator==(const RetryPolicy&, const RetryPolicy&) = default;
};

/// How an earlier operation must have ended before a task may run.
enum class Condition : std::uint8_t {
  succeeded = 1,  // all its parts have
  failed = 2,     // all have ended, and one at least has failed
  ended = 3,      // all have ended
};

/// A part of an earlier task of the session: by its id, or by the request that it was submitted with while the client
/// does not know the id.
struct PartRef {
  TaskId task;  // 0: by the request
  RequestId request;
  std::uint32_t part = 0;  // of the request

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.task, m.request, m.part);
  }
  friend bool operator==(const PartRef&, const PartRef&) = default;
};

/// What a balanced task waits for. Parts that have ended the client leaves out: it knows how.
struct Prerequisite {
  Condition condition = Condition::succeeded;
  std::vector<PartRef> parts;

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.condition, m.parts);
  }
  friend bool operator==(const Prerequisite&, const Prerequisite&) = default;
};

/// One operation for one engine (empty `engines`: whichever is free) or for each of several (one part each, in
/// order).
struct SubmitTask {
  RequestId request;
  std::vector<EngineId> engines;
  std::string label;               // the function's readable name, or "push x"; for errors and status
  std::vector<std::string> needs;  // named values it reads: a balanced task runs only where all of them are
  base::SharedBytes operation;     // an encoded wire::Operation
  ModuleHash module{};             // the module it needs; all zeros: none
  RetryPolicy policy = {};
  std::vector<Prerequisite> after = {};  // of a balanced task: all of them must be met
  std::string key = {};  // of a balanced task of a named session: the same key is the same task, in every process
  std::string environment = {};  // the value of the cluster's environment that it sets; empty: none

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.request, m.engines, m.label, m.needs, m.module, m.policy, m.after, m.key, m.environment,
                    m.operation);
  }
  friend bool operator==(const SubmitTask&, const SubmitTask&) = default;
};

/// What a task counts against its session's credit in bytes: its operation, its label, the name of what it sets in
/// the environment, for each name it needs 32 bytes besides the name, and as many for each part that it waits for.
inline std::uint64_t credit_bytes(std::uint64_t operation_bytes, const std::string& label,
                                  const std::vector<std::string>& needs, std::uint64_t parts_awaited,
                                  const std::string& environment = {}) {
  constexpr std::uint64_t entry_bytes = 32;
  std::uint64_t bytes = operation_bytes + label.size() + environment.size() + entry_bytes * parts_awaited;
  for (const std::string& need : needs) bytes += entry_bytes + need.size();
  return bytes;
}

inline std::uint64_t parts_awaited(const std::vector<Prerequisite>& after) {
  std::uint64_t parts = 0;
  for (const Prerequisite& prerequisite : after) parts += prerequisite.parts.size();
  return parts;
}

}  // namespace gangway::wire
