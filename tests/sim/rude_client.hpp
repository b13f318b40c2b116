// A client that breaks the protocol in one way and must be sent away for it.
#pragma once

#include "sim/scenario.hpp"
#include "sim/shell.hpp"
#include "sim/sim_link.hpp"

namespace gangway::sim {

class RudeClient {
 public:
  RudeClient(World& world, const Scenario& scenario, Shell& shell);

  void start();
  /// It got its Goodbye, unless the gateway died before, and the connection was closed.
  [[nodiscard]] bool dismissed() const { return closed_ && (goodbye_ || shell_.life() != life_); }

 private:
  void misbehave();
  void hear(const wire::Goodbye& goodbye);

  World& world_;
  const Scenario& scenario_;
  Shell& shell_;
  const std::uint64_t way_;
  std::uint64_t life_ = 0;  // of the gateway
  bool goodbye_ = false;
  bool closed_ = false;
  core::ConnectionId connection_;
  SimLink<wire::GatewayMessage> down_;
  SimLink<wire::ClientMessage> up_;
};

}  // namespace gangway::sim
