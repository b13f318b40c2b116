// Everything the controller can ask for. Effects are values: tests compare them.
//
// The contract of their order. The members of Effects are in the order of execution: the records are durable before
// anything below them leaves, then the messages to engines leave, then those to clients, then stored answers and
// answers of the store follow when there is room, and the store is read for more tasks, then connections are closed.
// Inside a member the order is that of the vector. So a client is never told something that a restart would forget.
// Several events may add to one Effects; then they share one commit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include <gangway/ids.hpp>

#include "core/event.hpp"
#include "core/record.hpp"
#include "wire/link_message.hpp"
#include "wire/protocol.hpp"

namespace gangway::core {

/// One message for one or several engines. The bytes in it are shared: a direct task on n engines is one effect with
/// one buffer.
///
/// Engines get it as it is, with one exception: of a RunTask, engines[i] gets the attempt of task
/// message.attempt.task + i, since the parts of a task have ids in a row. message_for() gives each engine's own.
/// A SetEnvironment that is not missing has no operation here: the shell adds what Store::environment() gives.
struct SendToEngines {
  std::vector<EngineId> engines;
  wire::ToEngine message;
  friend bool operator==(const SendToEngines&, const SendToEngines&) = default;
};

/// What engines[index] gets. Copies no payload.
inline wire::ToEngine message_for(const SendToEngines& send, std::size_t index) {
  wire::ToEngine message = send.message;
  if (auto* run = std::get_if<wire::RunTask>(&message)) {
    run->attempt.task = TaskId{run->attempt.task.value() + index};
  }
  return message;
}

struct SendToClient {
  ConnectionId connection;
  wire::GatewayMessage message;
  friend bool operator==(const SendToClient&, const SendToClient&) = default;
};

/// A TaskFinished whose content the store keeps (Store::answer) and the controller does not. The shell reads and
/// sends it when the client has room for it; if the store has forgotten the answer meanwhile, or the connection is
/// gone, it does nothing.
struct SendStoredAnswer {
  ConnectionId connection;
  wire::RequestId request;
  std::uint32_t part = 0;
  TaskId task;
  friend bool operator==(const SendStoredAnswer&, const SendStoredAnswer&) = default;
};

/// Parked tasks are wanted, those of a session with ids above `after`; the answer is the event ParkedRead. If it is
/// for naming them to a client that comes back, without their operations.
struct ReadParked {
  SessionId session;
  TaskId after;
  std::optional<ConnectionId> listed_for;
  std::uint32_t tasks_max = 0;
  std::uint64_t bytes_max = 0;  // no more behind the one with which their operations have so many
  friend bool operator==(const ReadParked&, const ReadParked&) = default;
};

/// A question of a client that the store can answer and the controller cannot: QueryTasks, FetchResult or
/// FetchOperation. The shell answers when it has time; if the connection is gone, it does nothing.
struct AskStore {
  ConnectionId connection;
  wire::ClientMessage question;
  friend bool operator==(const AskStore&, const AskStore&) = default;
};

struct Effects {
  std::vector<Record> journal;
  std::vector<SendToEngines> to_engines;
  std::vector<SendToClient> to_clients;
  std::vector<SendStoredAnswer> stored_answers;
  std::vector<ReadParked> reads;
  std::vector<AskStore> questions;
  /// Closed when what was sent to them has left, or after a short while. The controller has forgotten them already.
  std::vector<ConnectionId> to_close;

  [[nodiscard]] bool empty() const {
    return journal.empty() && to_engines.empty() && to_clients.empty() && stored_answers.empty() && reads.empty() &&
           questions.empty() && to_close.empty();
  }
  /// Empties it and keeps the memory.
  void clear() {
    journal.clear();
    to_engines.clear();
    to_clients.clear();
    stored_answers.clear();
    reads.clear();
    questions.clear();
    to_close.clear();
  }
  friend bool operator==(const Effects&, const Effects&) = default;
};

}  // namespace gangway::core
