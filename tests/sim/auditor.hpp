// The auditor watches what goes into the controller and what comes out, and keeps a model of its own, much simpler
// than the controller: who has how much credit, which attempt is where, which task has its answer.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <utility>

#include "core/effect.hpp"
#include "core/event.hpp"
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

  /// At the end: nothing is with an engine, nobody waits for an answer.
  void finish() const;

  // What saboteurs have done, so that clients know which failures are fair.
  void note_crash(wire::AttemptRef attempt) { crashes_.insert(attempt); }
  [[nodiscard]] bool crashed(wire::AttemptRef attempt) const { return crashes_.contains(attempt); }
  [[nodiscard]] bool ever_lost(EngineId engine) const { return lost_ever_.contains(engine); }
  [[nodiscard]] bool any_lost() const { return !lost_ever_.empty(); }

 private:
  struct Connection {
    std::uint64_t tasks = 0;
    std::uint64_t bytes = 0;
    std::uint64_t result_bytes = 0;
    std::uint64_t kept_bytes = 0;  // of results that engines have brought
    std::map<wire::RequestId, wire::SubmitTask> requests;
    bool returning = false;  // the last one was returned
  };
  struct Task {
    core::ConnectionId connection;
    TaskId first;
    SessionId session;
    wire::ModuleHash module{};
    std::uint64_t bytes = 0;  // of its operation
    std::uint64_t credit_bytes = 0;
    std::uint64_t result_bytes = 0;
    std::uint64_t kept_bytes = 0;
    bool answered = false;
    bool acknowledged = false;
    std::uint32_t attempts = 0;
    bool handed = false;
    std::uint64_t accepted_number = 0;
    std::uint64_t settled_number = 0;
  };
  struct Engine {
    std::set<TaskId> handed;
    std::uint64_t bytes = 0;
    std::map<core::ConnectionId, TaskId> last_direct;
  };

  void note(const core::ConnectionOpened& event);
  void note(const core::ConnectionClosed& event);
  void note(const core::ClientSpoke& event);
  void note(const core::EngineSpoke& event);
  void note(const core::EngineLost& event);
  void note(const core::ClientStirred&) {}
  void note(const core::TimePassed&) {}
  void note_submitted(Connection& connection, const wire::SubmitTask& submit);
  void note_acknowledged(Connection& connection, core::ConnectionId id, const wire::Acknowledge& acknowledge);
  void note_answer(EngineId engine, wire::AttemptRef attempt);
  void note_records(const core::Effects& effects);
  void note_module_record(const core::Fact& fact);
  void note_forgotten(const wire::ModuleHash& module);
  void note_returned(Connection& connection, const wire::TaskReturned& returned, bool alone);
  void check_engines(std::span<const core::Event> events, const core::Effects& effects);
  void check_run(EngineId id, const wire::RunTask& run, std::span<const core::Event> events);
  void check_clients(const core::Effects& effects, bool alone);
  Task& task(TaskId id);

  World& world_;
  const base::Limits limits_;
  const std::uint64_t kept_bytes_max_;                    // see core/results_window.hpp
  std::map<core::ConnectionId, Connection> connections_;  // not closed by either side
  std::map<EngineId, Engine> engines_;                    // that live
  std::map<TaskId, Task> tasks_;
  std::map<TaskId, std::uint32_t> parts_;              // by first id: parts not acknowledged
  std::map<wire::AttemptRef, std::uint64_t> started_;  // numbers of their records
  std::map<core::ConnectionId, std::uint64_t> results_before_;
  std::map<wire::ModuleHash, std::uint64_t> modules_;  // that are kept, with their bytes
  std::set<wire::ModuleHash> libraries_;
  std::set<SessionId> ended_;
  std::set<wire::AttemptRef> crashes_;
  std::set<EngineId> lost_ever_;
};

}  // namespace gangway::sim
