// A client of the simulation: does what the client library does - keeps to its credit, acknowledges in batches,
// pings, comes back when its connection is gone - and checks every answer.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sim/auditor.hpp"
#include "sim/client_lines.hpp"
#include "sim/work.hpp"

namespace gangway::sim {

/// One client's life, over all its connections; lives as long as the simulation.
class SimClient {
 public:
  SimClient(World& world, const Scenario& scenario, Auditor& auditor, Shell& shell, std::uint64_t number);

  /// Connects and does its work.
  void start();
  /// Loses its connection in one of many ways, and comes back.
  void lose_connection();
  /// Is gone for good; `silently`: the gateway is not told either.
  void die(bool silently);
  /// Says that its session is over, and is gone.
  void quit();
  /// Ends the cluster: the one who does this says nothing else.
  void stop_cluster();
  void slow_until(base::Instant when) { lines_.slow_until(when); }

  [[nodiscard]] bool alive() const { return alive_; }
  /// All its work is answered and acknowledged.
  [[nodiscard]] bool done() const;
  [[nodiscard]] std::string progress() const;
  /// After all: what it has learnt fits together.
  void finish() const;

 private:
  /// One submission. Its parts may be fewer than those of its work: others had their answers before.
  struct Request {
    Work work;
    std::size_t work_index = 0;
    wire::ModuleHash module{};
    std::vector<EngineId> engines = {};
    bool needs_are_everywhere = false;
    std::uint64_t bytes = 0;
    std::uint32_t parts = 0;
    bool follows = false;                                 // others must end first
    TaskId first_task = {};                               // when accepted
    std::map<std::uint32_t, wire::Outcome> answers = {};  // by part: final
    // In this connection:
    bool named = false;
    std::uint32_t unacknowledged = 0;       // parts
    std::set<std::uint32_t> answered = {};  // parts
  };
  using Requests = std::map<wire::RequestId, Request>;

  void connect(core::Role role);
  /// What was of the connection is over with it.
  void forget_connection();
  void closed_by_gateway();
  void come_back_soon();
  void hear(const wire::GatewayMessage& message);
  void on(const wire::Welcome& welcome);
  void on(const wire::ModuleAnswered& answered);
  void on(const wire::TaskAccepted& accepted);
  void on(const wire::TaskFinished& finished);
  void on(const wire::Refused& refused);
  void on(const wire::TaskReturned& returned);
  void on(const wire::ClusterState&) {}
  void on(const wire::EnginesChanged& changed);
  void on(const wire::Pong&) {}
  void on(const wire::JournalState&) {}
  void on(const wire::TasksListed&) {}
  void on(const wire::ResultFetched&) {}
  void on(const wire::OperationFetched&) {}
  void on(const wire::TasksForgotten&) {}
  void on(const wire::Goodbye& goodbye);
  void on(const wire::SessionResumed& resumed);
  void begin();
  /// Submissions that are not there are in vain: what has no answer yet is submitted again.
  void submit_unnamed_again();
  /// Puts what has no answer yet before all that came after it.
  void submit_again(const Request& old);
  /// The one that an answer or a name is for; it may be one of those that were done before.
  Request& find(wire::RequestId id);

  void want_module(const wire::ModuleHash& module);
  void settle_module(const wire::ModuleHash& module);

  // sim_client_work.cpp
  void pump();
  bool submit_next();
  bool submit(Request request);
  std::vector<wire::Prerequisite> some_to_follow(const Request& request);
  void take_answer(Request& request, const wire::TaskFinished& finished);
  void acknowledge_soon();
  void acknowledge();
  void ping();
  void say(const wire::ClientMessage& message) { lines_.say(message); }
  [[nodiscard]] std::vector<EngineId> engines_for(const Work& work);
  [[nodiscard]] bool may_submit() const;

  // sim_client_checks.cpp
  void check_replaced_session() const;
  /// What is to be submitted again came after all that is there.
  void check_places() const;
  void check_answer(const Request& request, const wire::TaskFinished& finished);
  void check_result(const Request& request, const wire::TaskFinished& finished, const base::SharedBytes& result);
  /// A push to all engines that has succeeded: engines that join will have it too.
  [[nodiscard]] bool is_everywhere(const Request& request) const;
  void check_failure(const Request& request, const wire::TaskFinished& finished, const wire::Failure& failure) const;
  void check_count(const wire::TaskFinished& finished, const Count& count);

  World& world_;
  const Scenario& scenario_;
  Auditor& auditor_;
  Shell& shell_;
  const std::uint64_t number_;
  Random random_;
  ClientLines lines_;
  SessionId session_;
  bool alive_ = true;
  bool welcomed_ = false;
  bool naming_ = false;  // between Welcome and SessionResumed
  bool session_was_replaced_ = false;
  bool stopping_ = false;
  bool pump_scheduled_ = false;
  bool acknowledge_scheduled_ = false;
  bool erase_failed_ = false;
  std::set<std::string> everywhere_;  // values that the cluster must not lose

  std::uint64_t tasks_credit_ = 0;
  std::uint64_t bytes_credit_ = 0;
  std::vector<EngineId> engines_;
  wire::ModuleHash module_{};  // of its calls; zero: none
  wire::ModuleHash wanted_module_{};
  bool module_settled_ = true;
  bool resubmits_ = false;                               // tasks have come back, and wanted_module_ is why
  std::map<wire::RequestId, wire::ModuleHash> offered_;  // not answered
  std::map<wire::RequestId, wire::ModuleHash> uploaded_;
  std::uint64_t last_request_ = 0;
  std::vector<Work> work_;
  std::size_t next_work_ = 0;
  std::deque<Request> again_;             // before any new work, in its order
  Requests requests_;                     // without all answers, or not acknowledged
  Requests done_;                         // acknowledged, perhaps in vain
  std::set<wire::RequestId> in_vain_;     // submissions that were not there when the session was resumed
  std::set<wire::RequestId> named_done_;  // requests of done_ that were named again
  std::vector<std::pair<wire::RequestId, TaskId>> unacknowledged_;
  std::set<std::pair<EngineId, std::string>> pushed_;  // values of this client, and where they are
  /// What counters said, by engine and incarnation.
  std::map<std::pair<EngineId, std::uint64_t>, std::map<TaskId, std::uint64_t>> counts_;
};

}  // namespace gangway::sim
