#include "sim/shell.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <variant>

#include "support/parked_again.hpp"

namespace gangway::sim {

namespace {

/// Events after which addresses change: their effects are a batch of their own.
bool stands_alone(const core::Event& event) {
  return std::holds_alternative<core::EngineLost>(event) || std::holds_alternative<core::ConnectionClosed>(event);
}

bool has_abandoned(const core::DurableState& state) {
  return std::any_of(state.tasks.all().begin(), state.tasks.all().end(),
                     [&](const auto& entry) { return !state.sessions.contains(entry.second.session); });
}

}  // namespace

Shell::Shell(World& world, const Scenario& scenario, Auditor& auditor)
    : world_{world},
      scenario_{scenario},
      auditor_{auditor},
      canary_{scenario.canary},
      controller_{new_controller()},
      store_{world, [this] { release(); }} {}

std::unique_ptr<core::Controller> Shell::new_controller() const {
  return std::make_unique<core::Controller>(core::Identity{"simulated", 0}, canary_.limits(scenario_.limits));
}

void Shell::happens(core::Event event) {
  if (!running_) return;
  if (!canary_.lets_in(event)) {
    // The controller is deaf to it, the auditor is not.
    auditor_.observe({&event, 1}, core::Effects{});
    return;
  }
  events_.push_back(std::move(event));
  if (std::exchange(turn_scheduled_, true)) return;
  world_.after(world_.random().span({0}, base::microseconds(20)), [this, life = life()] {
    if (life == this->life()) turn();
  });
}

std::optional<core::ConnectionId> Shell::connect(core::Role role, SimLink<wire::GatewayMessage>& down,
                                                 std::function<void()> on_closed) {
  if (!lets_in()) return std::nullopt;
  const core::ConnectionId id{++connections_ever_};
  clients_.emplace(id, Client{&down, std::move(on_closed)});
  happens(core::ConnectionOpened{id, role});
  return id;
}

void Shell::disconnect(core::ConnectionId connection) {
  clients_.erase(connection);
  happens(core::ConnectionClosed{connection});
}

void Shell::attach(EngineId engine, SimLink<wire::ToEngine>& down) {
  engines_[engine] = std::make_shared<EngineAddress>(EngineAddress{&down});
}

void Shell::detach(EngineId engine, std::string reason) {
  engines_.at(engine)->alive = false;
  happens(core::EngineLost{engine, std::move(reason)});
}

void Shell::kill(std::size_t lost_batches) {
  if (world_.traces()) world_.trace("the gateway dies");
  running_ = false;
  deaths_.push_back(world_.now());
  power_was_lost_ = store_.crash(lost_batches) > 0;
  turn_scheduled_ = false;
  deadline_.reset();
  events_.clear();
  batches_.clear();
  engines_.clear();
  // Each client notices by itself, and gets what is on its way to it or does not.
  for (const auto& [id, client] : std::exchange(clients_, {})) {
    if (world_.random().chance(50)) {
      client.down->later(client.on_closed);
    } else {
      client.down->cut();
      world_.after(world_.random().span({0}, base::milliseconds(5)), client.on_closed);
    }
  }
}

void Shell::come_back(std::set<EngineId> engines) {
  controller_ = new_controller();
  journal_.clear();
  store_.replay([&](const core::Record& record) {
    controller_->apply(record);
    journal_.push_back(record);
  });
  appended_number_ = store_.durable_number();
  auditor_.came_back(store_.durable_number(), power_was_lost_);
  unready_ = std::move(engines);
  running_ = true;
  happens(core::Restarted{});
}

void Shell::note_ready(const core::Event& event) {
  if (const auto* lost = std::get_if<core::EngineLost>(&event)) unready_.erase(lost->engine);
  const auto* spoke = std::get_if<core::EngineSpoke>(&event);
  if (spoke != nullptr && std::holds_alternative<wire::EngineReady>(spoke->message)) unready_.erase(spoke->engine);
}

void Shell::turn() {
  turn_scheduled_ = false;
  std::vector<core::Event> group;
  while (!events_.empty()) {
    const bool alone = !scenario_.shared_effects || stands_alone(events_.front());
    if (alone && !group.empty()) handle(std::exchange(group, {}));
    group.push_back(std::move(events_.front()));
    events_.pop_front();
    if (alone) handle(std::exchange(group, {}));
  }
  if (!group.empty()) handle(group);
  arm_deadline();
}

void Shell::look_up(core::ClientSpoke& spoke) const {
  const auto* const task = std::get_if<wire::SubmitTask>(&spoke.message);
  const std::optional<SessionId> session = controller_->session_of(spoke.connection);
  if (task == nullptr || !session) return;
  spoke.durable_number = store_.durable_number();
  if (!task->key.empty()) spoke.kept = store_.find_kept(*session, task->key);
  for (const wire::PartRef& named : controller_->unknown_parts(spoke.connection, *task)) {
    if (const auto found = store_.find_parked(*session, named)) spoke.parked.push_back({named, *found});
  }
  canary_.tamper_with_lookup(spoke);
}

void Shell::handle(std::vector<core::Event> events) {
  core::Effects effects;
  for (core::Event& event : events) {
    if (auto* spoke = std::get_if<core::ClientSpoke>(&event)) look_up(*spoke);
    if (world_.traces()) trace(event);
    note_ready(event);
    controller_->handle(event, world_.now(), effects);
    controller_->check_invariants();
  }
  canary_.tamper(events.back(), effects);
  if (world_.traces()) trace(effects);
  auditor_.observe(events, effects);
  for (const core::Record& record : effects.journal) {
    world_.require(record.number == (journal_.empty() ? 1 : journal_.back().number + 1),
                   "the records are not numbered in a row");
    journal_.push_back(record);
    appended_number_ = record.number;
  }
  store_.append(effects.journal);

  Batch batch;
  batch.number = appended_number_;
  for (const core::SendToEngines& send : effects.to_engines) {
    for (std::size_t i = 0; i < send.engines.size(); ++i) {
      batch.to_engines.push_back({engines_.at(send.engines[i]), core::message_for(send, i)});
    }
  }
  if (canary_.tells_before_commit()) {
    std::erase_if(effects.to_clients, [this](const core::SendToClient& send) {
      const bool early = std::holds_alternative<wire::TaskAccepted>(send.message) ||
                         std::holds_alternative<wire::TaskFinished>(send.message);
      if (early) tell(send);
      return early;
    });
  }
  batch.to_clients = std::move(effects.to_clients);
  batch.stored_answers = std::move(effects.stored_answers);
  batch.reads = std::move(effects.reads);
  batch.to_close = std::move(effects.to_close);
  batches_.push_back(std::move(batch));
  release();
}

void Shell::release() {
  while (!batches_.empty() && batches_.front().number <= store_.durable_number()) {
    const Batch batch = std::move(batches_.front());
    batches_.pop_front();
    for (const ToOneEngine& send : batch.to_engines) {
      if (!send.address->alive) continue;
      auditor_.leaves(send.message, store_.durable_number());
      if (const auto message = completed(send.message)) send.address->down->send(*message);
    }
    for (const core::SendToClient& send : batch.to_clients) tell(send);
    for (const core::SendStoredAnswer& send : batch.stored_answers) {
      // When the client has room.
      world_.after(world_.random().span({0}, base::milliseconds(1)), [this, send] { tell_kept(send); });
    }
    for (const core::ReadParked& read : batch.reads) {
      world_.after(world_.random().span({0}, base::milliseconds(1)), [this, read, life = life()] {
        if (life != this->life()) return;
        core::ParkedRead page{read.session, read.after, read.listed_for, store_.parked(read)};
        canary_.tamper_with_page(page);
        happens(std::move(page));
      });
    }
    for (const core::ConnectionId id : batch.to_close) close(id);
  }
}

std::optional<wire::ToEngine> Shell::completed(const wire::ToEngine& message) const {
  const auto* value = std::get_if<wire::SetEnvironment>(&message);
  if (value == nullptr || !value->missing.empty()) return message;
  const auto operation = store_.environment(value->name);
  if (!operation) return std::nullopt;
  return wire::SetEnvironment{value->name, "", *operation};
}

void Shell::tell(const core::SendToClient& send) {
  auditor_.leaves(send, store_.durable_number());
  const auto found = clients_.find(send.connection);
  if (found != clients_.end()) found->second.down->send(send.message);
}

void Shell::tell_kept(const core::SendStoredAnswer& send) {
  if (!clients_.contains(send.connection)) return;
  const auto kept = store_.answer(send.task);
  if (!kept) return;
  tell({send.connection, wire::TaskFinished{send.request, send.part, send.task, kept->run, kept->outcome}});
}

void Shell::close(core::ConnectionId connection) {
  const auto found = clients_.find(connection);
  if (found == clients_.end()) return;
  found->second.down->later(found->second.on_closed);
  clients_.erase(found);
  // Some shells report the close that they were asked for.
  if (world_.random().chance(50)) happens(core::ConnectionClosed{connection});
}

void Shell::arm_deadline() {
  const auto next = controller_->next_deadline();
  if (!next || (deadline_ && *deadline_ <= *next)) return;
  deadline_ = next;
  world_.at(*next, [this, life = life()] {
    if (life != this->life()) return;
    deadline_.reset();
    happens(core::TimePassed{});
  });
}

void Shell::check_restart() const {
  if (!running_) return;
  const core::DurableState& now = controller_->durable_state();
  core::Controller from_journal{core::Identity{"simulated", 0}, scenario_.limits};
  for (const core::Record& record : journal_) from_journal.apply(record);
  world_.require(from_journal.durable_state() == now, "the journal tells another story than the controller");

  // The store may lag behind, and has no attempts of sessions that have ended.
  if (store_.durable_number() != now.records || has_abandoned(now)) return;
  core::Controller from_store{core::Identity{"simulated", 0}, scenario_.limits};
  store_.replay([&](const core::Record& record) { from_store.apply(record); });
  const core::DurableState stored = support::parked_again(from_store.durable_state());
  const core::DurableState known = support::parked_again(now);
  world_.require(stored.tasks == known.tasks, "the store tells another story than the controller");
  world_.require(stored.sessions == known.sessions, "the store knows other sessions");
  world_.require(stored.modules == known.modules, "the store knows other modules");
}

}  // namespace gangway::sim
