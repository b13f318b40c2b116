// The auditor watches what goes into the controller and what comes out, and keeps a model of its own, much simpler
// than the controller: who has how much credit, which attempt is where, which task has its answer. It outlives the
// gateway, and takes back what the store lost.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/effect.hpp"
#include "core/event.hpp"
#include "core/prerequisites.hpp"
#include "core/task.hpp"
#include "sim/scenario.hpp"
#include "sim/world.hpp"

namespace gangway::sim {

class Auditor {
 public:
  Auditor(World& world, const Scenario& scenario)
      : world_{world},
        limits_{scenario.limits},
        kept_bytes_max_{limits_.session_results_bytes_max + scenario.engines * limits_.result_bytes_guess} {}

  /// The events of a turn and their effects, before they leave.
  void observe(std::span<const core::Event> events, const core::Effects& effects);

  /// One effect leaves while the store is durable up to this number.
  void leaves(const core::SendToClient& send, std::uint64_t durable_number);
  void leaves(const wire::ToEngine& message, std::uint64_t durable_number);

  /// An engine begins with it, unless its answer is there already.
  void begins(wire::AttemptRef attempt);

  /// At the end: nothing is with an engine, nobody waits for an answer.
  void finish() const;

  /// The gateway has come back with the records up to `durable_number`; `power_was_lost`: there had been more.
  void came_back(std::uint64_t durable_number, bool power_was_lost);

  // What the power has taken: a client may learn other things of it than before.
  [[nodiscard]] bool power_ever_lost() const { return power_ever_lost_; }
  /// The task, or its answer, was durable and was lost.
  [[nodiscard]] bool power_took(TaskId task) const { return taken_.contains(task); }
  /// The session was lost.
  [[nodiscard]] bool power_took(SessionId session) const { return sessions_taken_.contains(session); }

  /// The task has a key and was acknowledged: only the store knows it.
  [[nodiscard]] bool is_kept(TaskId task) const;

  // What saboteurs have done, so that clients know which failures are fair.
  void note_crash(wire::AttemptRef attempt) { crashes_.insert(attempt); }
  [[nodiscard]] bool crashed(wire::AttemptRef attempt) const { return crashes_.contains(attempt); }
  [[nodiscard]] std::uint32_t crashes_of(TaskId task) const;
  [[nodiscard]] bool ever_lost(EngineId engine) const { return lost_ever_.contains(engine); }
  [[nodiscard]] bool any_lost() const { return !lost_ever_.empty(); }
  [[nodiscard]] bool environment_has(const std::vector<std::string>& names) const {
    return std::ranges::all_of(names, [this](const auto& name) { return environment_.contains(name); });
  }
  /// Whether a balanced task with this policy may have failed so.
  [[nodiscard]] bool is_fair(const wire::TaskFinished& finished, const wire::RetryPolicy& policy) const;

 private:
  struct Session {
    std::uint64_t opened_number = 0;
    std::uint64_t ended_number = 0;  // 0: it lives
    std::string name;                // empty: none
    std::uint32_t openings = 0;
    std::uint64_t tasks = 0;
    std::uint64_t bytes = 0;
    std::uint64_t result_bytes = 0;
    std::uint64_t kept_bytes = 0;                               // of results that engines have brought
    std::map<wire::RequestId, wire::SubmitTask> requests = {};  // heard, and not accepted
  };
  struct Connection {
    std::optional<wire::Hello> hello;
    std::optional<SessionId> session;
    bool overtaken = false;  // the session has a newer connection: nothing is heard here any more
    bool naming = false;     // between Welcome and SessionResumed
    bool returning = false;  // the last task was returned
    std::set<TaskId> named;  // first ones
    std::set<std::pair<wire::RequestId, TaskId>> told;  // answers that it was sent
    std::map<wire::RequestId, TaskId> attached;         // requests whose key was there
  };
  struct Task {
    SessionId session;
    TaskId first;
    std::uint32_t parts = 0;  // of all that were submitted with it
    std::string label;
    std::string key;                                                  // empty: none
    std::vector<std::pair<std::uint64_t, wire::RequestId>> requests;  // that asked for it, and their records
    wire::ModuleHash module{};
    wire::RetryPolicy policy;
    std::vector<core::Prerequisite> after;
    std::uint64_t bytes = 0;  // of its operation
    std::uint64_t credit_bytes = 0;
    std::uint64_t result_bytes = 0;
    std::uint64_t kept_bytes = 0;
    std::uint32_t attempts = 0;
    bool handed = false;
    std::string environment;  // the value that it sets
    bool failed = false;      // it is settled with a failure
    // Numbers of its records; 0: none.
    std::uint64_t accepted_number = 0;
    std::uint64_t settled_number = 0;
    bool succeeded = false;
    wire::Outcome outcome;
    std::uint64_t forgotten_number = 0;
  };
  struct ModuleChange {
    wire::ModuleHash hash{};
    std::optional<std::uint64_t> bytes;  // none: it was forgotten
  };
  struct Opening {
    SessionId session;
    std::uint32_t openings = 0;
  };
  struct EnvironmentChange {
    std::string name;
    std::optional<core::Environment::Value> value;  // none: it was erased
  };
  struct Engine {
    std::set<std::string> owed;  // values of the environment that are due before its first task
    std::set<TaskId> handed;
    std::uint64_t bytes = 0;
    std::map<SessionId, TaskId> last_direct;
  };

  void note(const core::ConnectionOpened& event);
  void note(const core::ConnectionClosed& event);
  void note(const core::ClientSpoke& event);
  void note(const core::EngineSpoke& event);
  void note(const core::EngineLost& event);
  void note(const core::ClientStirred&) {}
  void note(const core::TimePassed&) {}
  void note(const core::Restarted&) {}
  void note(const core::ParkedRead&) {}
  void note_hello(Connection& connection, const wire::Hello& hello);
  void note_submitted(Session& session, const wire::SubmitTask& submit);
  /// The request has its answer, and no task of its own.
  wire::SubmitTask take_request(Session& session, wire::RequestId request);
  void note_answer(EngineId engine, wire::AttemptRef attempt);
  void check_overdrafts(const core::Effects& effects) const;

  // auditor_keys.cpp
  void note_record(std::uint64_t number, const core::SessionAdopted& fact);
  void note_record(std::uint64_t number, const core::TaskAttached& fact);
  void note_record(std::uint64_t number, const core::TaskKept& fact);
  void note_opening(std::uint64_t number, SessionId session, std::uint32_t openings);
  void take_back_openings(std::uint64_t durable_number);
  void note_key(SessionId session, const wire::SubmitTask& submit, TaskId task);
  void check_welcome(const Connection& connection, const wire::Welcome& welcome);
  void note_opening_told(core::ConnectionId id, const wire::Welcome& welcome);
  void check_goodbye(const Connection& connection, const wire::Goodbye& goodbye) const;
  void check_users() const;
  /// The answer to the submission of a key that is there.
  void note_attached(Connection& connection, const wire::TaskAccepted& accepted);
  void note_refused(Connection& connection, const wire::Refused& refused);
  void check_all_named(const Connection& connection) const;
  [[nodiscard]] std::optional<SessionId> session_named(const std::string& name) const;

  // auditor_records.cpp
  void note_record(std::uint64_t number, const core::SessionOpened& fact);
  void note_record(std::uint64_t number, const core::SessionEnded& fact);
  void note_record(std::uint64_t number, const core::TaskAccepted& fact);
  void note_record(std::uint64_t number, const core::AttemptStarted& fact);
  void note_record(std::uint64_t number, const core::TaskSettled& fact);
  void note_record(std::uint64_t number, const core::TaskForgotten& fact);
  void note_acknowledged(std::uint64_t number, Task& part);
  void note_record(std::uint64_t number, const core::ModuleStored& fact);
  void note_record(std::uint64_t number, const core::ModuleForgotten& fact);
  void note_record(std::uint64_t number, const core::LibraryAdded& fact);
  void note_record(std::uint64_t number, const core::EnvironmentSet& fact);
  void note_record(std::uint64_t number, const core::EnvironmentErased& fact);
  void note_record(std::uint64_t, const core::HistoryErased&) {}
  /// Parts of the task that have succeeded.
  [[nodiscard]] std::uint32_t succeeded_parts(TaskId first_task);
  template <class Other>
  void note_record(std::uint64_t, const Other&) {}
  void note_taken(std::uint64_t durable_number);
  void take_back(std::uint64_t durable_number);
  void count_sessions();
  void check_modules() const;

  void check_engines(std::span<const core::Event> events, const core::Effects& effects);
  void check_run(EngineId id, const wire::RunTask& run, std::span<const core::Event> events);
  void check_clients(const core::Effects& effects, bool alone);
  void check_message(core::ConnectionId id, Connection& connection, const wire::GatewayMessage& message, bool alone);
  void check_named(Connection& connection, const wire::TaskAccepted& accepted);
  /// `alone`: nothing else happened in this turn.
  void note_returned(Connection& connection, const wire::TaskReturned& returned, bool alone);
  void check_told(Connection& connection, wire::RequestId request, TaskId told);
  Task& task(TaskId id);
  /// Whether what the task follows has ended as it should, or cannot any more.
  [[nodiscard]] core::Verdict judge_prerequisites(const Task& part);

  World& world_;
  const base::Limits limits_;
  const std::uint64_t kept_bytes_max_;                    // see core/results_window.hpp
  std::map<core::ConnectionId, Connection> connections_;  // not closed by either side
  std::map<EngineId, Engine> engines_;                    // that live
  std::map<SessionId, Session> sessions_;
  std::map<TaskId, Task> tasks_;
  std::map<TaskId, std::uint32_t> parts_;              // by first id: parts not forgotten
  std::map<wire::AttemptRef, std::uint64_t> started_;  // numbers of their records
  std::map<SessionId, std::uint64_t> results_before_;
  std::set<TaskId> acknowledged_;           // in this turn
  std::set<SessionId> sessions_told_;       // ids that clients got
  std::map<TaskId, SessionId> tasks_told_;  // the same, and whose they were
  std::map<std::pair<SessionId, std::string>, TaskId> keys_;
  std::map<std::uint64_t, Opening> openings_;                    // of named sessions, by their records
  std::set<std::pair<SessionId, std::uint32_t>> openings_told_;  // to processes that came anew
  std::set<TaskId> taken_;                                       // by the power
  std::set<SessionId> sessions_taken_;
  bool power_ever_lost_ = false;
  /// The modules that are kept, with their bytes: what the records say, one after the other.
  std::map<wire::ModuleHash, std::uint64_t> modules_;
  std::map<std::uint64_t, ModuleChange> module_changes_;  // by the numbers of their records
  std::map<wire::ModuleHash, std::uint64_t> libraries_;   // numbers of their records
  std::map<std::string, core::Environment::Value> environment_;
  std::map<std::uint64_t, EnvironmentChange> environment_changes_;  // by the numbers of their records
  std::set<wire::AttemptRef> crashes_;
  std::map<TaskId, wire::AttemptRef> begun_;  // of tasks that are run at most once
  std::set<EngineId> lost_ever_;
};

}  // namespace gangway::sim
