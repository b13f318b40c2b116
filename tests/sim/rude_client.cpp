#include "sim/rude_client.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "sim/work.hpp"

namespace gangway::sim {

namespace {

// What each kind of misbehaviour must be told.
constexpr std::array<const char*, 7> answers{"no Hello",          "first message must be Hello", "version",
                                             "nothing was heard", "numbers must rise",           "was acknowledged",
                                             "exceeds the credit"};
// With a larger credit it takes too long to use it up.
constexpr std::uint32_t overspent_tasks_max = 200;
constexpr TaskId never_given{1ULL << 47U};

std::uint64_t choose_way(World& world, const Scenario& scenario) {
  const std::uint64_t way = world.random().below(answers.size());
  return way == 6 && scenario.limits.session_tasks_max > overspent_tasks_max ? 4 : way;
}

}  // namespace

RudeClient::RudeClient(World& world, const Scenario& scenario, Shell& shell)
    : world_{world},
      scenario_{scenario},
      shell_{shell},
      way_{choose_way(world, scenario)},
      down_{world, base::microseconds(500),
            [this](const wire::GatewayMessage& message) {
              if (std::holds_alternative<wire::Welcome>(message)) misbehave();
              if (const auto* goodbye = std::get_if<wire::Goodbye>(&message)) hear(*goodbye);
            }},
      up_{world, base::microseconds(500), [this](const wire::ClientMessage& message) {
            if (!closed_) shell_.happens(core::ClientSpoke{connection_, message});
          }} {}

void RudeClient::start() {
  life_ = shell_.life();
  const auto connection = shell_.connect(core::Role::submit, down_, [this] { closed_ = true; });
  if (!connection) {
    closed_ = goodbye_ = true;
    return;
  }
  connection_ = *connection;
  if (way_ == 0) return;  // says nothing at all
  if (way_ == 1) {
    up_.send(wire::QueryCluster{wire::RequestId{1}});
    return;
  }
  up_.send(wire::Hello{way_ == 2 ? 99 : wire::protocol_version, "rude", {}});
}

void RudeClient::hear(const wire::Goodbye& goodbye) {
  goodbye_ = true;
  if (goodbye.reason.find(answers[way_]) == std::string::npos) {
    world_.fail("a client was sent away for another reason than its own: " + goodbye.reason);
  }
}

void RudeClient::misbehave() {
  if (way_ == 3) return;  // never pings
  if (way_ == 4) {
    up_.send(wire::QueryCluster{wire::RequestId{7}});
    up_.send(wire::QueryCluster{wire::RequestId{7}});
    return;
  }
  if (way_ == 5) {
    up_.send(wire::Acknowledge{{never_given}});
    return;
  }
  // More than its credit.
  Work work;
  work.run = base::microseconds(10);
  const base::SharedBytes operation = operation_for(work, {}, 1'000'000, 1);
  const std::vector<EngineId> unknown(std::min<std::size_t>(scenario_.limits.session_tasks_max, 8), EngineId{4711});
  const std::uint64_t submissions = scenario_.limits.session_tasks_max / unknown.size() + 1;
  for (std::uint64_t i = 1; i <= submissions; ++i) {
    up_.send(wire::SubmitTask{wire::RequestId{i}, unknown, "rude", {}, operation});
  }
}

}  // namespace gangway::sim
