// Processes and their connections.
#include "sim/named_client.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace gangway::sim {

namespace {

std::vector<Work> some_balanced_work(Scenario scenario, std::uint64_t number, Random& random) {
  scenario.workload = Workload::flood;
  return make_work(scenario, number, random);
}

}  // namespace

NamedClient::NamedClient(World& world, const Scenario& scenario, Auditor& auditor, Shell& shell, std::uint64_t number)
    : world_{world},
      scenario_{scenario},
      auditor_{auditor},
      shell_{shell},
      number_{number},
      name_{"run " + std::to_string(number)},
      random_{world.random().fork()},
      lines_{world, shell, random_, [this](const wire::GatewayMessage& message) { hear(message); },
             [this] { closed_by_gateway(); }},
      zombie_{world, shell, random_,
              [this](const wire::GatewayMessage& message) {
                const auto* welcome = std::get_if<wire::Welcome>(&message);
                world_.require(welcome == nullptr || !welcome->resumed || auditor_.power_ever_lost(),
                               "a process that was replaced has its session back");
                zombie_.die(false);
              },
              [this] { zombie_.leave(); }} {
  for (Work& work : some_balanced_work(scenario_, number_, random_)) {
    const std::string key = random_.chance(70) ? "item " + std::to_string(items_.size()) : "";
    items_.push_back({std::move(work), key});
  }
}

void NamedClient::start() {
  begin_process();
}

void NamedClient::begin_process() {
  process_ = Process{};
  for (std::size_t item = 0; item < items_.size(); ++item) process_.to_submit.push_back(item);
  forget_connection();
  connect();
}

void NamedClient::connect() {
  if (!lines_.connect(core::Role::submit)) {
    connect_after(random_.span({0}, base::milliseconds(5)));
    return;
  }
  lines_.say(wire::Hello{wire::protocol_version, name_ + ", process " + std::to_string(process_number_),
                         process_.session, name_, process_.opening});
}

void NamedClient::connect_after(base::Duration pause) {
  world_.after(pause, [this, number = process_number_] {
    if (number == process_number_ && !stopping_ && lines_.current() == nullptr) connect();
  });
}

void NamedClient::forget_connection() {
  welcomed_ = naming_ = in_use_ = false;
  tasks_credit_ = bytes_credit_ = 0;
  strays_.clear();
  tasks_of_others_.clear();
  adopted_.clear();
  keys_here_.clear();
  unacknowledged_.clear();
  for (auto& [id, flight] : process_.flights) flight.named = false;
}

void NamedClient::closed_by_gateway() {
  const ClientLines::Line& line = *lines_.current();
  const bool in_use = in_use_;
  world_.require(stopping_ || line.gateway_life != shell_.life() || line.was_dismissed,
                 "the connection of a process that keeps the rules was closed");
  lines_.leave();
  forget_connection();
  // A gateway may not know yet that the process before is gone.
  connect_after(in_use ? random_.span({0}, base::seconds(1)) : random_.span({0}, base::milliseconds(5)));
}

void NamedClient::lose_connection() {
  if (lines_.current() == nullptr || stopping_) return;
  lines_.lose();
  forget_connection();
  connect_after(random_.span({0}, base::milliseconds(5)));
}

void NamedClient::kill_process() {
  if (stopping_) return;
  if (process_.session != SessionId{}) replaced_ = {process_.session, process_.opening};
  lines_.die(random_.chance(20));
  forget_connection();
  process_ = Process{};
  world_.after(random_.span({0}, base::milliseconds(10)), [this, number = ++process_number_] {
    if (number == process_number_ && !stopping_) begin_process();
  });
}

void NamedClient::end_session() {
  lines_.say(wire::EndSession{});
  kill_process();
}

void NamedClient::send_zombie() {
  if (!replaced_ || zombie_.current() != nullptr || !random_.chance(50)) return;
  const auto [session, opening] = *replaced_;
  world_.after(random_.span({0}, base::milliseconds(5)), [this, session = session, opening = opening] {
    if (stopping_ || zombie_.current() != nullptr || !zombie_.connect(core::Role::submit)) return;
    zombie_came_ = true;
    zombie_.say(wire::Hello{wire::protocol_version, name_ + ", an older process", session, name_, opening});
  });
}

void NamedClient::ping() {
  world_.after({scenario_.limits.client_silence_max.ns / 4}, [this, line = lines_.current()] {
    if (lines_.current() != line || stopping_) return;
    lines_.say(wire::Ping{number_});
    ping();
  });
}

bool NamedClient::done() const {
  return welcomed_ && !naming_ && process_.answered.size() == items_.size() && process_.to_submit.empty() &&
         process_.flights.empty() && strays_.empty() && unacknowledged_.empty();
}

std::string NamedClient::progress() const {
  return name_ + " has " + std::to_string(process_.answered.size()) + " of " + std::to_string(items_.size()) +
         " answers, and waits for " + std::to_string(process_.flights.size()) + " and " +
         std::to_string(strays_.size()) + " of others" + (welcomed_ ? "" : "; it is not connected");
}

}  // namespace gangway::sim
