// The protocol between a client and a gateway. This comment is its specification.
//
// Transport. One TLS 1.3 connection, both ends authenticated by certificates of the cluster's own authority before
// the first frame (src/tls). A frame (src/wire/frame.hpp) holds one message: its number is the index of the
// alternative in ClientMessage or GatewayMessage below, its body the fields in the order that fields() lists, encoded
// by src/wire/codec.hpp. Large bytes come last in a message and are cut out of the frame without a copy.
//
// Version. The client's first frame is a Hello with `protocol_version`; a gateway of another version answers
// with Goodbye, which names both, and closes. Alternatives and fields are only ever appended with a new version.
//
// Life of a session.
//   client                          gateway
//   Hello                    ->                      at most 4 KiB, within 10 s of the handshake
//                            <-     Welcome          session, credit, engines
//   OfferModule              ->                      before the first task that needs the module
//                            <-     ModuleAnswered   known, or "send it"
//   UploadModule             ->
//                            <-     ModuleAnswered   stored, "offer it again", or refused with a reason
//   SubmitTask (request n)   ->
//                            <-     TaskAccepted     ids; durable from here on
//                            <-     TaskReturned     instead, if its module has been forgotten
//                            <-     TaskFinished     once for each part, in any order
//   Acknowledge              ->                      returns the credit
//   Ping                     ->                      at least every 15 s when there is nothing else to say
//                            <-     Pong
//   EndSession               ->                      the client is done: nothing of the session is kept
// Either side may close at any time; a gateway that closes by decision says Goodbye with the reason first.
//
// Sessions outlive connections. When a connection ends without EndSession, and without a breach of the protocol, the
// session stays for a while (base::Limits::session_linger): its tasks run on, its answers are kept. A client comes
// back with a Hello that names it:
//   Hello (session s)        ->
//                            <-     Welcome          resumed
//                            <-     TaskAccepted     once more, for each task that is not acknowledged
//                            <-     SessionResumed   those were all
//                            <-     TaskFinished     once more, for each part that has one; in time, among others
// These TaskAccepted also say how many parts were not acknowledged, and what the task counts against the credit.
// What is under way in an older connection of the session is not read any more: it is closed. A submission that the
// client has no answer to, and that was not named again before SessionResumed, was not accepted or is forgotten: the
// client submits it again, under a new number. An answer to a request that the client does not know any more was
// acknowledged in vain: it acknowledges it again. What is acknowledged twice, or too early, is ignored. If the
// session is not there any more, Welcome names a new one and is not `resumed`, and no SessionResumed follows.
//
// Named sessions are there for one process after the other. The first Hello with a name opens the session; each later
// process that says it without a session's number takes it over, as it is, if nobody is connected to it. A process
// that comes back says the number and which opening it was: if another process has taken over since, it is told
// goodbye for good. Openings rise from one process to the next, not always by one. A task of such a session may have
// a key. It is not forgotten when it is acknowledged: who submits the key again, in whatever process, gets the task
// that is there, or its answer, and nothing runs. Such a session ends by EndSession alone, or when nobody has come
// for long (base::Limits::named_session_linger).
//
// Requests. The client numbers its requests from 1, or of a named session from behind opening * 2^32, so that no two
// of its processes use a number twice; numbers rise, and every answer carries the number. A request that cannot be
// served is answered by Refused (or by TaskFinished with a failure, if it was accepted); only a breach of the
// protocol ends the session.
//
// Modules. A gateway keeps a module as long as a task that needs it waits or runs; after that it may forget it, and
// does so without a word. A task that comes when its module is forgotten is returned, and so are all tasks behind it
// until that module is offered: the client then puts them before those that it has not submitted yet, offers the
// module and submits again, and no two of its tasks have changed places. Of a module it has one offer at a time. An
// offer may be answered late: all the room may be taken by modules that tasks need.
//
// A journal that cannot be written. When the gateway's disk is full, nothing is accepted or answered until there is
// room; what was submitted is kept. JournalState says so, also as a sign of life: the gateway may read no client
// meanwhile. Pong and ClusterState do not wait for the journal. Who says Hello is sent away, and may try again.
//
// Prerequisites. A balanced task may name earlier tasks of its session that must have ended, in a way. It waits until
// they have; when one ends in another way it fails, and so do those that wait for its success.
//
// Environment. A SubmitTask may say that its operation, a push, sets a value of the cluster's environment. When all
// its parts have succeeded, the gateway keeps the operation, up to a limit of the cluster, and has each engine that
// joins later carry it out before its first task. Of several with one name, the one that was submitted last counts.
//
// Credit. Welcome grants a number of tasks and of bytes. A task counts from its submission until the client has sent
// its acknowledgement, a task with n parts counts n times, its credit_bytes() once. A client without credit does not
// submit; one that submits all the same is disconnected. After a resume the tasks that were named count, with as many
// parts as were named.
//
// Tasks that are done, and how clients ask about them: wire/task_queries.hpp.
//
// Roles. The certificate tells the role. client_observe may Hello, QueryCluster, QueryTasks, Ping; client_submit may
// also submit, upload, fetch and forget; client_administer may also Shutdown.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include <gangway/ids.hpp>

#include "base/bytes.hpp"
#include "wire/failure.hpp"
#include "wire/journal_state.hpp"
#include "wire/operation.hpp"
#include "wire/submission.hpp"
#include "wire/task_queries.hpp"

namespace gangway::wire {

inline constexpr std::uint32_t protocol_version = 3;

/// One engine as clients see it.
struct EngineInfo {
  EngineId id;
  std::uint32_t incarnation = 0;
  std::string host;
  std::int64_t pid = 0;  // of its rank

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.id, m.incarnation, m.host, m.pid);
  }
  friend bool operator==(const EngineInfo&, const EngineInfo&) = default;
};

/// One engine with its load, for status.
struct EngineStatus {
  EngineInfo engine;
  std::uint32_t attempts_handed = 0;  // handed to it and not answered
  std::uint64_t tasks_waiting = 0;    // direct tasks that wait for it
  std::uint64_t tasks_finished = 0;

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.engine, m.attempts_handed, m.tasks_waiting, m.tasks_finished);
  }
  friend bool operator==(const EngineStatus&, const EngineStatus&) = default;
};

/// Where and when a part of a task ran. Times are nanoseconds of the gateway's own steady clock: only differences
/// count.
struct RunInfo {
  EngineId engine;
  std::uint32_t attempt = 0;
  std::int64_t submitted_ns = 0;
  std::int64_t handed_ns = 0;
  std::int64_t finished_ns = 0;
  std::int64_t run_ns = 0;  // spent in the user's function, by the engine's clock

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.engine, m.attempt, m.submitted_ns, m.handed_ns, m.finished_ns, m.run_ns);
  }
  friend bool operator==(const RunInfo&, const RunInfo&) = default;
};

// ---------------------------------------------------------------- client -> gateway

struct Hello {
  std::uint32_t version = protocol_version;
  std::string client;         // host and pid: whose session it is, for people
  SessionId session = {};     // the one to resume; 0: a new one
  std::string name = {};      // of the session, if it has one; then it is there for later processes too
  std::uint32_t opening = 0;  // which of the named session's openings is resumed, as Welcome said

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.version, m.client, m.session, m.name, m.opening);
  }
  friend bool operator==(const Hello&, const Hello&) = default;
};

struct OfferModule {
  RequestId request;
  ModuleHash hash{};
  std::uint64_t size_bytes = 0;

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.request, m.hash, m.size_bytes);
  }
  friend bool operator==(const OfferModule&, const OfferModule&) = default;
};

struct UploadModule {
  RequestId request;
  ModuleHash hash{};
  base::SharedBytes content;

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.request, m.hash, m.content);
  }
  friend bool operator==(const UploadModule&, const UploadModule&) = default;
};

/// The client has these results; the gateway may forget them.
struct Acknowledge {
  std::vector<TaskId> tasks;

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.tasks);
  }
  friend bool operator==(const Acknowledge&, const Acknowledge&) = default;
};

struct QueryCluster {
  RequestId request;

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.request);
  }
  friend bool operator==(const QueryCluster&, const QueryCluster&) = default;
};

/// Ends the cluster: engines say goodbye, the job ends.
struct Shutdown {
  RequestId request;

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.request);
  }
  friend bool operator==(const Shutdown&, const Shutdown&) = default;
};

struct Ping {
  std::uint64_t number = 0;

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.number);
  }
  friend bool operator==(const Ping&, const Ping&) = default;
};

/// Nothing of this session is wanted any more: what waits is dropped, what runs is abandoned. The connection is of no
/// use after it.
struct EndSession {
  template <class Self>
  static auto fields(Self&) {
    return std::tie();
  }
  friend bool operator==(const EndSession&, const EndSession&) = default;
};

/// The order of the alternatives is their number on the wire: append only.
using ClientMessage = std::variant<Hello, OfferModule, UploadModule, SubmitTask, Acknowledge, QueryCluster, Shutdown,
                                   Ping, EndSession, QueryTasks, FetchResult, FetchOperation, ForgetTasks>;

// ---------------------------------------------------------------- gateway -> client

struct Welcome {
  SessionId session;
  std::string cluster;
  std::uint32_t tasks_credit = 0;
  std::uint64_t bytes_credit = 0;
  std::vector<EngineInfo> engines;
  bool resumed = false;       // it is a session that was there before
  std::uint32_t opening = 0;  // of the named session: higher for each process that has opened it

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.session, m.cluster, m.tasks_credit, m.bytes_credit, m.engines, m.resumed, m.opening);
  }
  friend bool operator==(const Welcome&, const Welcome&) = default;
};

struct ModuleAnswered {
  RequestId request;
  bool known = false;  // false after OfferModule: send it; after UploadModule: the room is taken, offer it again

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.request, m.known);
  }
  friend bool operator==(const ModuleAnswered&, const ModuleAnswered&) = default;
};

/// The parts of the task have the ids first_task, first_task + 1, ... When a session is resumed, the message also
/// says what the task still counts against the credit.
struct TaskAccepted {
  RequestId request;
  TaskId first_task;
  std::uint32_t parts = 0;
  std::uint32_t parts_left = 0;    // not acknowledged; only then
  std::uint64_t credit_bytes = 0;  // only then

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.request, m.first_task, m.parts, m.parts_left, m.credit_bytes);
  }
  friend bool operator==(const TaskAccepted&, const TaskAccepted&) = default;
};

struct TaskFinished {
  RequestId request;
  std::uint32_t part = 0;
  TaskId task;
  RunInfo run;
  Outcome outcome;

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.request, m.part, m.task, m.run, m.outcome);
  }
  friend bool operator==(const TaskFinished&, const TaskFinished&) = default;
};

/// The request was not accepted; the session goes on.
struct Refused {
  RequestId request;
  std::string reason;

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.request, m.reason);
  }
  friend bool operator==(const Refused&, const Refused&) = default;
};

struct ClusterState {
  RequestId request;
  std::vector<EngineStatus> engines;
  std::uint32_t sessions = 0;
  std::uint64_t tasks_waiting = 0;
  std::uint64_t tasks_running = 0;
  std::uint64_t tasks_finished = 0;

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.request, m.engines, m.sessions, m.tasks_waiting, m.tasks_running, m.tasks_finished);
  }
  friend bool operator==(const ClusterState&, const ClusterState&) = default;
};

/// The set of engines is now this one. Sent unasked.
struct EnginesChanged {
  std::vector<EngineInfo> engines;

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.engines);
  }
  friend bool operator==(const EnginesChanged&, const EnginesChanged&) = default;
};

struct Pong {
  std::uint64_t number = 0;

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.number);
  }
  friend bool operator==(const Pong&, const Pong&) = default;
};

/// The gateway closes the connection after this, and why.
struct Goodbye {
  std::string reason;
  bool final = false;  // coming back is of no use

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.reason, m.final);
  }
  friend bool operator==(const Goodbye&, const Goodbye&) = default;
};

/// After the Welcome to a resumed session, all its unacknowledged tasks have been named.
struct SessionResumed {
  template <class Self>
  static auto fields(Self&) {
    return std::tie();
  }
  friend bool operator==(const SessionResumed&, const SessionResumed&) = default;
};

/// The task was not accepted: its module, or that of a task before it, is no longer here. Offer it and submit again.
struct TaskReturned {
  RequestId request;

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.request);
  }
  friend bool operator==(const TaskReturned&, const TaskReturned&) = default;
};

/// The order of the alternatives is their number on the wire: append only.
using GatewayMessage = std::variant<Welcome, ModuleAnswered, TaskAccepted, TaskFinished, Refused, ClusterState,
                                    EnginesChanged, Pong, Goodbye, TaskReturned, SessionResumed, JournalState,
                                    TasksListed, ResultFetched, OperationFetched, TasksForgotten>;

}  // namespace gangway::wire
