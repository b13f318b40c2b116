// Everything the controller can be told: what happened, in the past tense. The shell around it (src/gateway) makes
// these from connections, links and the clock; the simulator makes them from nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <gangway/ids.hpp>

#include "core/record.hpp"
#include "wire/link_message.hpp"
#include "wire/protocol.hpp"

namespace gangway::core {

/// A client's connection, numbered by the shell; a number is never used twice.
using ConnectionId = StrongId<struct ConnectionTag, std::uint64_t>;

/// What a client's certificate lets it do. Each role may do all that the roles before it may.
enum class Role : std::uint8_t { observe = 1, submit = 2, administer = 3 };

/// An authenticated client is connected and has said nothing yet.
struct ConnectionOpened {
  ConnectionId connection;
  Role role = Role::observe;
  friend bool operator==(const ConnectionOpened&, const ConnectionOpened&) = default;
};

/// The connection is gone, whoever closed it. After a close that the controller asked for, the event may come or not.
struct ConnectionClosed {
  ConnectionId connection;
  friend bool operator==(const ConnectionClosed&, const ConnectionClosed&) = default;
};

/// A parked task that another one names.
struct ParkedPart {
  wire::PartRef named;
  TaskId task;
  friend bool operator==(const ParkedPart&, const ParkedPart&) = default;
};

/// A decoded message of a client. The content of an UploadModule has been verified against its hash.
struct ClientSpoke {
  ConnectionId connection;
  wire::ClientMessage message;
  // Of a SubmitTask, what the store knows:
  std::optional<KeptTask> kept = {};    // under its key
  std::vector<ParkedPart> parked = {};  // of those that Controller::unknown_parts() names, the parked ones
  std::uint64_t durable_number = 0;     // Store::durable_number(), before it was asked for the above
  friend bool operator==(const ClientSpoke&, const ClientSpoke&) = default;
};

/// A page of a session's parked tasks: the answer to ReadParked.
struct ParkedRead {
  SessionId session;
  TaskId after;
  std::optional<ConnectionId> listed_for;
  std::vector<TaskAccepted> tasks;  // by their ids; none: there are no more
  friend bool operator==(const ParkedRead&, const ParkedRead&) = default;
};

/// Something moved on the connection, though no whole message came: a sign of life.
struct ClientStirred {
  ConnectionId connection;
  friend bool operator==(const ClientStirred&, const ClientStirred&) = default;
};

/// A decoded message of an engine. EngineReady is how an engine joins; its id is that of the event.
struct EngineSpoke {
  EngineId engine;
  wire::FromEngine message;
  friend bool operator==(const EngineSpoke&, const EngineSpoke&) = default;
};

/// The engine is gone and nothing more will be heard from it. `reason` continues "engine 3 was lost: ".
struct EngineLost {
  EngineId engine;
  std::string reason;
  friend bool operator==(const EngineLost&, const EngineLost&) = default;
};

/// The moment that Controller::next_deadline() named has come.
struct TimePassed {
  friend bool operator==(const TimePassed&, const TimePassed&) = default;
};

/// The gateway has come back, and all records that its store kept were applied. The first event after that: nobody is
/// connected, no engine has joined, and those that had attempts are gone.
struct Restarted {
  friend bool operator==(const Restarted&, const Restarted&) = default;
};

using Event = std::variant<ConnectionOpened, ConnectionClosed, ClientSpoke, ClientStirred, EngineSpoke, EngineLost,
                           TimePassed, Restarted, ParkedRead>;

}  // namespace gangway::core
