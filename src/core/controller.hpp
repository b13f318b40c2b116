// The controller: who is connected, which tasks wait, which engine has which, and what to do next.
//
// It is pure. handle() is the only way its state changes, what is to be done comes out as effects, and time is handed
// in. It opens nothing, waits for nothing and reads no clock; it iterates over ordered containers only, so that the
// same events give the same effects everywhere.
//
// What must survive changes by records alone: a handler makes a record, apply() changes the tables, and the record
// goes to the journal. What lives with the process (connections, engines, timers) is changed by the handlers.
//
//   controller.cpp     handle(), status()          on_submit.cpp   SubmitTask, Acknowledge
//   on_connection.cpp  connections, timers         on_module.cpp   OfferModule, UploadModule
//   on_session.cpp     Hello, EndSession, restart  on_engine.cpp   messages and loss of engines
//   on_client.cpp      other messages of clients   placement.cpp   which task goes where
//   apply.cpp          records to state            invariants.cpp  check_invariants()
//   environment.cpp    values for engines that join   on_task_query.cpp  what the store knows of tasks
//   parked.cpp         tasks beyond the window, which the store keeps
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <gangway/ids.hpp>

#include "base/instant.hpp"
#include "base/limits.hpp"
#include "core/balanced_queues.hpp"
#include "core/direct_queues.hpp"
#include "core/effect.hpp"
#include "core/engine_table.hpp"
#include "core/event.hpp"
#include "core/record.hpp"
#include "core/results_window.hpp"
#include "core/task.hpp"
#include "core/timers.hpp"

namespace gangway::core {

/// Whose controller it is. Gateways of a cluster have different numbers, and so their task and session ids differ.
struct Identity {
  std::string cluster;
  std::uint16_t gateway = 0;
};

/// A look at the controller. The counters only grow.
struct Status {
  std::vector<wire::EngineStatus> engines;
  std::uint32_t connections = 0;
  std::uint32_t sessions = 0;
  std::uint64_t tasks_waiting = 0;
  std::uint64_t tasks_running = 0;
  std::uint64_t tasks_finished = 0;
  std::uint64_t late_answers = 0;    // of attempts that are not handed out (any more); dropped
  std::uint64_t stray_messages = 0;  // of engines that are not there; dropped
  std::uint64_t breaches = 0;        // clients that broke the protocol and were disconnected
};

/// A resource; one for each gateway, owned and called by its loop's thread.
class Controller {
 public:
  Controller(Identity identity, const base::Limits& limits);
  Controller(const Controller&) = delete;
  Controller& operator=(const Controller&) = delete;

  /// Takes one event and adds what is to be done to `effects`, which it does not clear. `now` never goes back.
  void handle(const Event& event, base::Instant now, Effects& effects);

  /// When TimePassed is due at the latest, if nothing else happens.
  [[nodiscard]] std::optional<base::Instant> next_deadline() const { return timers_.next(); }

  /// Makes a record's change to the state. handle() calls it for every record it makes; a shell that starts with a
  /// journal calls it for every record in there, in order, before the first event, which is Restarted then.
  void apply(const Record& record);

  [[nodiscard]] Status status() const;

  /// The engines that have not joined since the restart and that direct tasks wait for.
  [[nodiscard]] const std::set<EngineId>& awaited() const { return awaited_; }

  /// Shutdown was asked for: clients are gone, engines are told to leave.
  [[nodiscard]] bool stopping() const { return stopping_; }
  /// And they have all left or are lost.
  [[nodiscard]] bool stopped() const { return stopping_ && engines_.all().empty(); }

  /// The session of a connection that has said Hello.
  [[nodiscard]] std::optional<SessionId> session_of(ConnectionId connection) const;

  /// Whether a shell has to say with a submission what the store knows, though it has no key.
  [[nodiscard]] bool parks() const { return !parking_.empty() || !fresh_.empty(); }

  /// What a task is to follow and the controller does not know: a store may have it among the parked tasks of the
  /// connection's session. The shell looks there and says what it has found with the event (ClientSpoke::parked).
  [[nodiscard]] std::vector<wire::PartRef> unknown_parts(ConnectionId connection, const wire::SubmitTask& task) const;

  /// What the records have made, for comparison.
  [[nodiscard]] const DurableState& durable_state() const { return state_; }

  /// Checks every table against every other; ends the process if one is wrong. Looks at everything: for tests.
  void check_invariants() const;

 private:
  struct Connection {
    Role role = Role::observe;
    std::string client;                // who it says it is, for people
    std::optional<SessionId> session;  // from Hello on
    wire::RequestId last_request;
    base::Instant last_heard;
    std::optional<KeptTask> kept;                    // see ClientSpoke
    std::vector<ParkedPart> parked;                  // the same
    std::optional<wire::ModuleHash> missing_module;  // its tasks are returned until it offers this one
  };
  /// An offered module that has not been asked for yet: there was no room, or the turn goes on.
  struct WaitingOffer {
    ConnectionId connection;
    wire::RequestId request;
    wire::ModuleHash hash{};
    std::uint64_t bytes = 0;
  };
  /// A client comes back, and its session's parked tasks are named to it, page by page. None of them comes into the
  /// window before all are named.
  struct Listing {
    ConnectionId connection;
    TaskId last;  // given then: what is behind it was submitted later
  };
  /// A parked task that the store may not have yet.
  struct FreshlyParked {
    std::uint64_t number = 0;  // of its record
    SessionId session;
    wire::RequestId request;
  };
  /// What every handler needs of the call that it serves.
  struct Turn {
    base::Instant now;
    Effects& effects;
  };
  /// What a turn changed and place() must look at.
  struct Dirty {
    std::set<EngineId> engines;    // have room, or tasks wait for them
    std::set<LaneKey> lanes;       // tasks have come (back)
    std::set<SessionId> sessions;  // tasks may wait for values in vain
    std::set<TaskId> spoiled;      // blocked tasks that will fail
    std::set<SessionId> refill;    // their window may have room for parked tasks
    bool queues = false;           // a session stands aside: what waited behind its tasks may go
  };

  // controller.cpp
  void commit(Fact fact, Turn& turn);
  void send(ConnectionId connection, wire::GatewayMessage message, Turn& turn);
  void charge(std::uint64_t steps);

  // on_connection.cpp
  void on(const ConnectionOpened& event, Turn& turn);
  void on(const ConnectionClosed& event, Turn& turn);
  void on(const TimePassed& event, Turn& turn);
  /// Says Goodbye and closes; the connection's session is detached.
  void dismiss(ConnectionId id, wire::Goodbye goodbye, Turn& turn);
  /// The same for a client that broke the protocol: its session ends.
  void breach(ConnectionId id, std::string reason, Turn& turn);
  /// Both return the session that the connection had.
  std::optional<SessionId> say_goodbye(ConnectionId id, wire::Goodbye goodbye, Turn& turn);
  std::optional<SessionId> forget_connection(ConnectionId id);
  void tell_engines_changed(Turn& turn);

  // on_session.cpp
  void on(const Restarted& event, Turn& turn);
  void on_hello(ConnectionId id, Connection& connection, const wire::Hello& hello, Turn& turn);
  void open_session(ConnectionId id, Connection& connection, const std::string& name, Turn& turn);
  void open_named_session(ConnectionId id, Connection& connection, const wire::Hello& hello, Turn& turn);
  void resume_session(ConnectionId id, Connection& connection, SessionId session, Turn& turn);
  void welcome(ConnectionId id, Connection& connection, SessionId session, bool resumed, Turn& turn);
  /// It has no connection (any more). If it has tasks it waits for its client to come back; if not, it ends.
  void detach_session(SessionId session, Turn& turn);
  void end_session(SessionId session, Turn& turn);
  void on_message(ConnectionId id, Connection& connection, const wire::EndSession& message, Turn& turn);

  // on_client.cpp
  void on(const ClientSpoke& event, Turn& turn);
  void on(const ClientStirred& event, Turn& turn);
  bool accept_request(ConnectionId id, Connection& connection, const wire::ClientMessage& message, Turn& turn);
  void on_message(ConnectionId id, Connection& connection, const wire::QueryCluster& message, Turn& turn);
  void on_message(ConnectionId id, Connection& connection, const wire::Shutdown& message, Turn& turn);
  void on_message(ConnectionId id, Connection& connection, const wire::Ping& message, Turn& turn);
  void on_message(ConnectionId id, Connection& connection, const wire::Hello& message, Turn& turn);

  // on_task_query.cpp
  void on_message(ConnectionId id, Connection& connection, const wire::QueryTasks& message, Turn& turn);
  void on_message(ConnectionId id, Connection& connection, const wire::FetchResult& message, Turn& turn);
  void on_message(ConnectionId id, Connection& connection, const wire::FetchOperation& message, Turn& turn);
  void on_message(ConnectionId id, Connection& connection, const wire::ForgetTasks& message, Turn& turn);
  /// False if there never was such a task, which the client is told.
  bool was_given(ConnectionId id, wire::RequestId request, TaskId task, Turn& turn);

  // on_module.cpp
  void on_message(ConnectionId id, Connection& connection, const wire::OfferModule& message, Turn& turn);
  void on_message(ConnectionId id, Connection& connection, const wire::UploadModule& message, Turn& turn);
  void answer_offers(Turn& turn);
  [[nodiscard]] bool is_library(const wire::ModuleHash& hash) const;
  /// Why no end of a task will make room for it; nothing if one may.
  [[nodiscard]] std::optional<std::string> why_never_room_for_module(std::uint64_t bytes) const;
  /// Whether forgetting what is not in use makes room.
  [[nodiscard]] bool room_for_module(std::uint64_t bytes) const;
  void make_room_for_module(std::uint64_t bytes, Turn& turn);
  void send_to_all_engines(const wire::ToEngine& message, Turn& turn);

  // on_submit.cpp
  void on_message(ConnectionId id, Connection& connection, const wire::SubmitTask& message, Turn& turn);
  void on_message(ConnectionId id, Connection& connection, const wire::Acknowledge& message, Turn& turn);
  /// If there is a task with this key, the request is for that one: true, and it is answered.
  bool attach(ConnectionId id, Connection& connection, const wire::SubmitTask& message, Turn& turn);
  /// What a submitted task waits for, as far as it is known; nothing, and why, if it cannot be told.
  [[nodiscard]] std::optional<std::vector<Prerequisite>> resolve(const Connection& connection,
                                                                 const std::vector<wire::Prerequisite>& after,
                                                                 std::string& why_not) const;
  /// Fails the parts whose engine is not there; hands out those that can be at once.
  void start_parts(TaskId first_task, const std::vector<EngineId>& engines, Turn& turn);

  // parked.cpp
  void on(const ParkedRead& event, Turn& turn);
  void read_parked(SessionId session, TaskId after, std::optional<ConnectionId> listed_for, Turn& turn);
  void start_listing(ConnectionId id, SessionId session, Turn& turn);
  void go_on_listing(const ParkedRead& page, Turn& turn);
  void stop_listing(SessionId session);
  /// Asks for parked tasks where there is room for them.
  void refill_windows(Turn& turn);
  /// Whether a plain task that comes now has to be parked.
  [[nodiscard]] bool is_beyond_window(const Session& session) const;
  [[nodiscard]] bool has_room(const Session& session) const;
  void note_parked(Parked& parked, const TaskAccepted& fact) const;
  void leave_parked(SessionId id, const Parked& parked);
  void note_fresh(SessionId session, wire::RequestId request, TaskId task);
  void forget_fresh(std::uint64_t durable_number);
  /// The id of a task of the session that is parked; none if this one is not, or not known to be.
  [[nodiscard]] TaskId parked_id(SessionId session, const wire::PartRef& named,
                                 const std::vector<ParkedPart>& found) const;
  void apply_fact(const TaskUnparked& fact);

  // on_engine.cpp
  void on(const EngineSpoke& event, Turn& turn);
  void on(const EngineLost& event, Turn& turn);
  void on_message(EngineId id, const wire::EngineReady& message, Turn& turn);
  void on_message(EngineId id, const wire::AttemptFinished& message, Turn& turn);
  void on_message(EngineId id, const wire::AttemptsReturned& message, Turn& turn);
  void on_message(EngineId id, const wire::EngineLeaving& message, Turn& turn);
  void on_message(EngineId id, const wire::LibraryLoaded& message, Turn& turn);
  void take_names(EngineId id, const wire::AttemptFinished& message, Turn& turn);
  void remove_engine(EngineId id, const std::string& reason, Turn& turn);
  void fail_waiting_for(EngineId id, const std::string& reason, Turn& turn);
  void attempt_failed(TaskTable::Found found, const wire::RunInfo& run, const wire::Failure& failure, Turn& turn);
  void lose_attempt(TaskId task, EngineId engine, const std::string& reason, Turn& turn);

  // environment.cpp
  void on_message(EngineId id, const wire::EnvironmentRefused& message, Turn& turn);
  /// An engine has carried out its part of a task that sets a value, and will have its answer.
  void note_environment_part(EngineId id, const Task& task, Turn& turn);
  /// Sends a value to engines, or why it is missing.
  void give_environment(const std::string& name, std::vector<EngineId> engines, Turn& turn);
  void lose_name(EngineId id, const std::string& name);
  /// No engine holds the name any more.
  void erase_environment(const std::string& name, Turn& turn);
  [[nodiscard]] std::string why_not_kept(const std::string& name) const;

  // placement.cpp
  void place(Turn& turn);
  void fail_hopeless(Turn& turn);
  void fail_spoiled(Turn& turn);
  [[nodiscard]] std::string missing_values(const Task& task) const;
  void serve_direct(EngineId engine, Turn& turn);
  void place_lanes(Turn& turn);
  void serve_balanced(EngineId engine, Turn& turn);
  void hand_out(TaskId task, EngineId engine, Turn& turn);
  /// Whether the result of a task that `engine` would run finds room; if not, its session may have to stand aside.
  [[nodiscard]] bool result_finds_room(const Task& task, const Engine& engine) const;
  bool make_room_for_result(const Task& task, const Engine& engine);
  /// The session's results have become fewer, or what is expected of them: its tasks are looked at again.
  void results_moved(SessionId session);
  /// Gives a task its final answer and tells its client.
  void settle(TaskId task, wire::RunInfo run, wire::Outcome outcome, Turn& turn);
  /// The same with a failure that was found here, not on an engine.
  void fail(TaskId task, wire::FailureKind kind, std::string type, std::string text, Turn& turn);

  // apply.cpp
  void apply_fact(const SessionOpened& fact);
  void apply_fact(const SessionEnded& fact);
  void apply_fact(const ModuleStored& fact);
  void apply_fact(const ModuleForgotten& fact);
  void apply_fact(const LibraryAdded& fact);
  void apply_fact(const TaskAccepted& fact);
  void apply_fact(const AttemptStarted& fact);
  void apply_fact(const AttemptReturned& fact);
  void apply_fact(const AttemptFailed& fact);
  void apply_fact(const TaskSettled& fact);
  void apply_fact(const TaskForgotten& fact);
  void apply_fact(const IdsGiven& fact);
  void apply_fact(const SessionAdopted& fact);
  void apply_fact(const TaskAttached& fact);
  void apply_fact(const TaskKept& fact);
  void part_acknowledged(Task& task, Part& part);
  void apply_fact(const EnvironmentSet& fact);
  void apply_fact(const EnvironmentErased& fact);
  void add_task(Session& session, const TaskAccepted& fact);
  void unneed_module(const wire::ModuleHash& hash, std::uint64_t tasks);
  void apply_fact(const HistoryErased&) {}  // it is the store's alone
  void enqueue(const Task& task, std::uint32_t index);
  void dequeue(const Task& task, std::uint32_t index);
  void wait_again(TaskTable::Found found);
  /// Blocks a new task if there is something that it must wait for, or waits for in vain.
  bool block(Task& task, const std::vector<Prerequisite>& after);
  void note_ended(TaskId part, bool succeeded);
  void wait_for_nobody(Task& task);
  void note_settled_part(Task& task);
  void forget_part(Task& task, Part& part);
  void update_pause(SessionId id, const Session& session, bool was_paused);
  void note_direct_waiting(EngineId engine);
  [[nodiscard]] bool paused(const Session& session) const {
    return session.result_bytes > limits_.session_results_bytes_max;
  }

  // invariants.cpp
  void check_tasks() const;
  void check_prerequisites() const;
  void check_parked() const;
  void check_sessions() const;
  void check_modules() const;
  void check_environment() const;
  void check_connections() const;
  void check_engines() const;
  void check_nothing_idles() const;

  const Identity identity_;
  const base::Limits limits_;
  const std::uint64_t id_base_;  // the gateway's share of the id space

  DurableState state_;

  std::map<ConnectionId, Connection> connections_;
  std::map<SessionId, ConnectionId> connection_of_;  // sessions that are not in here are detached
  EngineTable engines_;
  std::map<TaskId, std::set<TaskId>> dependents_;  // parts that have not ended, and who is blocked by each
  std::set<EngineId> awaited_;  // direct tasks waited for them when the gateway came back; they have not joined yet
  DirectQueues direct_;
  BalancedQueues balanced_;
  ResultsWindow results_;
  std::set<SessionId> parking_;    // have parked tasks
  std::set<SessionId> refilling_;  // some of these are being read for the window
  std::map<SessionId, Listing> listings_;
  std::map<std::pair<SessionId, wire::RequestId>, TaskId> fresh_;
  std::deque<FreshlyParked> fresh_numbers_;  // of those, in the order of their records
  std::deque<WaitingOffer> offers_;
  // Numbers of the records of their last use. After a restart all count as old: which is forgotten first is no
  // promise.
  std::map<wire::ModuleHash, std::uint64_t> module_used_;
  Timers timers_;
  Dirty dirty_;
  bool was_restarted_ = false;
  bool stopping_ = false;

  std::uint64_t late_answers_ = 0;
  std::uint64_t stray_messages_ = 0;
  std::uint64_t breaches_ = 0;

  // The ceiling on work in one turn: a loop that does not end becomes a failed check.
  std::uint64_t steps_ = 0;
  std::uint64_t steps_max_ = 0;
};

/// What an accepted task takes of its session's credit.
std::uint64_t credit_bytes_of(const TaskAccepted& task);

/// The size of an outcome as it counts against session_results_bytes_max.
std::uint64_t outcome_bytes(const wire::Outcome& outcome);

}  // namespace gangway::core
