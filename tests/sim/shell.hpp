// What src/gateway is to the real controller: collects events, commits records, and lets the effects leave in their
// order.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "core/controller.hpp"
#include "sim/auditor.hpp"
#include "sim/canary_bird.hpp"
#include "sim/scenario.hpp"
#include "sim/sim_link.hpp"
#include "sim/sim_store.hpp"

namespace gangway::sim {

class Shell {
 public:
  Shell(World& world, const Scenario& scenario, Auditor& auditor);

  /// Something has happened; the controller hears of it in the next turn.
  void happens(core::Event event);

  /// A client connects: what is for it goes to `down`; on_closed is called when the connection has ended, unless the
  /// client ended it. Nothing if the gateway is not there, or not ready since it came back.
  std::optional<core::ConnectionId> connect(core::Role role, SimLink<wire::GatewayMessage>& down,
                                            std::function<void()> on_closed);
  /// The client has gone.
  void disconnect(core::ConnectionId connection);

  /// From now on what is for this engine goes to `down`.
  void attach(EngineId engine, SimLink<wire::ToEngine>& down);
  /// The engine is gone: what is under way to it is dropped.
  void detach(EngineId engine, std::string reason);

  /// The gateway dies, with all that waits for the store; the power may take so many batches of the store too.
  void kill(std::size_t lost_batches);
  /// It comes back with what the store has. Clients are let in when these engines have joined or are lost.
  void come_back(std::set<EngineId> engines);
  [[nodiscard]] bool running() const { return running_; }
  [[nodiscard]] bool lets_in() const { return running_ && unready_.empty(); }
  /// How often it has died, and when each life ended.
  [[nodiscard]] std::uint64_t life() const { return deaths_.size(); }
  [[nodiscard]] base::Instant died(std::uint64_t life) const { return deaths_.at(life); }

  [[nodiscard]] const core::Controller& controller() const { return *controller_; }
  SimStore& store() { return store_; }

  /// Compares what journal and store would bring back with what the controller knows.
  void check_restart() const;

 private:
  struct Client {
    SimLink<wire::GatewayMessage>* down;
    std::function<void()> on_closed;
  };
  struct EngineAddress {
    SimLink<wire::ToEngine>* down;
    bool alive = true;
  };
  struct ToOneEngine {
    std::shared_ptr<EngineAddress> address;
    wire::ToEngine message;
  };
  /// Effects that wait for their records.
  struct Batch {
    std::uint64_t number = 0;  // of the last record before them
    std::vector<ToOneEngine> to_engines;
    std::vector<core::SendToClient> to_clients;
    std::vector<core::SendStoredAnswer> stored_answers;
    std::vector<core::ReadParked> reads;
    std::vector<core::ConnectionId> to_close;
  };

  [[nodiscard]] std::unique_ptr<core::Controller> new_controller() const;
  void turn();
  void handle(std::vector<core::Event> events);
  void look_up(core::ClientSpoke& spoke) const;
  void release();
  /// A value of the environment with its operation; none if the store has it no more.
  [[nodiscard]] std::optional<wire::ToEngine> completed(const wire::ToEngine& message) const;
  void tell(const core::SendToClient& send);
  void tell_kept(const core::SendStoredAnswer& send);
  void note_ready(const core::Event& event);
  void close(core::ConnectionId connection);
  void arm_deadline();
  void trace(const core::Event& event) const;
  void trace(const core::Effects& effects) const;

  World& world_;
  const Scenario& scenario_;
  Auditor& auditor_;
  CanaryBird canary_;
  std::unique_ptr<core::Controller> controller_;
  SimStore store_;
  bool running_ = true;
  bool power_was_lost_ = false;
  std::vector<base::Instant> deaths_;
  std::set<EngineId> unready_;
  std::deque<core::Event> events_;
  bool turn_scheduled_ = false;
  std::optional<base::Instant> deadline_;
  std::deque<Batch> batches_;
  std::vector<core::Record> journal_;  // all that the controller was made of
  std::uint64_t appended_number_ = 0;
  std::uint64_t connections_ever_ = 0;
  std::map<core::ConnectionId, Client> clients_;
  std::map<EngineId, std::shared_ptr<EngineAddress>> engines_;
};

}  // namespace gangway::sim
