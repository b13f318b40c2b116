// A client of the simulation: does what the client library does - keeps to its credit, acknowledges in batches, pings
// - and checks every answer.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sim/auditor.hpp"
#include "sim/shell.hpp"
#include "sim/sim_link.hpp"
#include "sim/work.hpp"

namespace gangway::sim {

/// One connection's life; lives as long as the simulation.
class SimClient {
 public:
  SimClient(World& world, const Scenario& scenario, Auditor& auditor, Shell& shell, std::uint64_t number);

  /// Connects and does its work.
  void start();
  /// Loses its connection; `silently`: the gateway is not told either.
  void cut(bool silently);
  /// Ends the cluster: the one who does this says nothing else.
  void stop_cluster();
  void slow_until(base::Instant when);

  [[nodiscard]] bool alive() const { return alive_; }
  /// All its work is answered and acknowledged.
  [[nodiscard]] bool done() const;
  [[nodiscard]] std::string progress() const;

 private:
  struct Request {
    Work work;
    std::size_t work_index = 0;
    wire::ModuleHash module{};
    std::vector<EngineId> engines;
    std::uint64_t bytes = 0;
    std::uint32_t parts = 0;
    TaskId first_task;                 // when accepted
    std::set<std::uint32_t> answered;  // parts
    std::uint32_t acknowledged = 0;
  };

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
  void on(const wire::Goodbye& goodbye);

  void want_module(const wire::ModuleHash& module);
  void settle_module(const wire::ModuleHash& module);
  void pump();
  bool submit_next();
  void acknowledge();
  void ping();
  void say(const wire::ClientMessage& message);
  [[nodiscard]] std::vector<EngineId> engines_for(const Work& work);
  void check_result(const Request& request, const wire::TaskFinished& finished, const base::SharedBytes& result);
  void check_failure(const Request& request, const wire::TaskFinished& finished, const wire::Failure& failure) const;

  World& world_;
  const Scenario& scenario_;
  Auditor& auditor_;
  Shell& shell_;
  const std::uint64_t number_;
  Random random_;
  SimLink<wire::GatewayMessage> down_;
  SimLink<wire::ClientMessage> up_;
  core::ConnectionId connection_;
  bool alive_ = true;
  bool welcomed_ = false;
  bool stopping_ = false;
  bool pump_scheduled_ = false;
  bool acknowledge_scheduled_ = false;
  bool erase_failed_ = false;

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
  std::map<wire::RequestId, Request> requests_;  // not yet acknowledged
  std::uint64_t unanswered_ = 0;                 // requests
  std::vector<std::pair<wire::RequestId, TaskId>> unacknowledged_;
  std::set<std::pair<EngineId, std::string>> pushed_;                   // values of this client, and where they are
  std::map<std::pair<EngineId, std::uint64_t>, std::uint64_t> counts_;  // by engine and incarnation
};

}  // namespace gangway::sim
