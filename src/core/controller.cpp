#include "core/controller.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "base/check.hpp"

namespace gangway::core {

namespace {

// The lowest bits of an id count; the rest is the gateway's number.
constexpr unsigned id_count_bits = 48;

}  // namespace

std::uint64_t outcome_bytes(const wire::Outcome& outcome) {
  if (const auto* result = std::get_if<base::SharedBytes>(&outcome)) return result->size();
  const auto& failure = std::get<wire::Failure>(outcome);
  return failure.type.size() + failure.text.size() + failure.host.size();
}

std::uint64_t credit_bytes_of(const TaskAccepted& task) {
  std::uint64_t awaited = 0;
  for (const Prerequisite& prerequisite : task.after) awaited += prerequisite.parts.size();
  return wire::credit_bytes(task.operation.size() + task.left_out_bytes, task.label, task.needs, awaited,
                            task.environment);
}

Controller::Controller(Identity identity, const base::Limits& limits)
    : identity_{std::move(identity)},
      limits_{limits},
      id_base_{static_cast<std::uint64_t>(identity_.gateway) << id_count_bits},
      engines_{limits_},
      balanced_{engines_},
      results_{limits_} {}

void Controller::handle(const Event& event, base::Instant now, Effects& effects) {
  // Generous: every part of a task that is not forgotten (a resume names them all), every entry of a list, every
  // session and every peer may be looked at a few times.
  steps_ = 0;
  steps_max_ = 1024 + 4 * base::list_entries_max +
               8 * (state_.waiting + state_.running + state_.settled + state_.sessions.size() +
                    engines_.all().size() + connections_.size());
  Turn turn{now, effects};
  std::visit([&](const auto& what) { on(what, turn); }, event);
  place(turn);
  answer_offers(turn);
}

void Controller::commit(Fact fact, Turn& turn) {
  charge(1);
  const Record& record = turn.effects.journal.emplace_back(Record{state_.records + 1, std::move(fact)});
  apply(record);
}

void Controller::send(ConnectionId connection, wire::GatewayMessage message, Turn& turn) {
  turn.effects.to_clients.push_back({connection, std::move(message)});
}

void Controller::charge(std::uint64_t steps) {
  steps_ += steps;
  GANGWAY_CHECK(steps_ <= steps_max_, "one event made more work than there is state: a loop that does not end");
}

std::optional<SessionId> Controller::session_of(ConnectionId connection) const {
  const auto found = connections_.find(connection);
  return found == connections_.end() ? std::nullopt : found->second.session;
}

Status Controller::status() const {
  Status status;
  status.engines.reserve(engines_.all().size());
  for (const auto& [id, engine] : engines_.all()) {
    status.engines.push_back({engine.info, engine.load(), direct_.size(id), engine.tasks_finished});
  }
  status.connections = static_cast<std::uint32_t>(connections_.size());
  status.sessions = static_cast<std::uint32_t>(state_.sessions.size());
  status.tasks_waiting = state_.waiting;
  status.tasks_running = state_.running;
  status.tasks_finished = state_.settled_ever;
  status.late_answers = late_answers_;
  status.stray_messages = stray_messages_;
  status.breaches = breaches_;
  return status;
}

}  // namespace gangway::core
