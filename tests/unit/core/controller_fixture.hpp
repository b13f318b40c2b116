// A controller with hands and ears: clients and engines are played by the test in one line each. Every message passes
// the codec, the invariants are checked after every event, and in the end the journal is read into a second
// controller, which must know the same.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/controller.hpp"
#include "core/store.hpp"
#include "support/through_codec.hpp"

namespace gangway::core {

inline base::SharedBytes bytes(std::string_view text) {
  return base::SharedBytes::copy_of(base::bytes_of(text));
}
inline std::string text(const base::SharedBytes& shared) {
  return {reinterpret_cast<const char*>(shared.view().data()), shared.size()};
}

using Ids = std::vector<std::uint64_t>;

class ControllerTest : public ::testing::Test {
 protected:
  /// May be changed until the first event.
  base::Limits limits;
  base::Instant now{1'000'000'000};

  Controller& controller() {
    if (!controller_) controller_ = std::make_unique<Controller>(Identity{"test", 0}, limits);
    return *controller_;
  }

  /// One event; its effects alone are in effects().
  void happens(const Event& event) {
    effects_.clear();
    controller().handle(event, now, effects_);
    controller().check_invariants();
    for (const Record& record : effects_.journal) {
      EXPECT_EQ(record.number, journal_.empty() ? 1 : journal_.back().number + 1);
      journal_.push_back(record);
    }
    store_.append(effects_.journal);
    for (const SendToEngines& send : effects_.to_engines) deliver(send);
    for (const SendToClient& send : effects_.to_clients) {
      EXPECT_FALSE(closed_.contains(send.connection)) << "a message for a closed connection";
      heard_[send.connection].push_back(support::through_codec(send.message));
    }
    for (const SendStoredAnswer& send : effects_.stored_answers) {
      const std::optional<TaskSettled> kept = store_.answer(send.task);
      ASSERT_TRUE(kept) << "the store has no answer to task " << send.task.value();
      heard_[send.connection].push_back(
          wire::TaskFinished{send.request, send.part, send.task, kept->run, kept->outcome});
    }
    reads_.insert(reads_.end(), effects_.reads.begin(), effects_.reads.end());
    closed_.insert(effects_.to_close.begin(), effects_.to_close.end());
  }

  /// The store gives the next page of parked tasks that was asked for. False if none was.
  bool store_reads() {
    if (reads_.empty()) return false;
    const ReadParked wanted = reads_.front();
    reads_.pop_front();
    happens(ParkedRead{wanted.session, wanted.after, wanted.listed_for, store_.parked(wanted)});
    return true;
  }

  /// The gateway dies and comes back with what its store kept. Connections and engines are gone.
  void restarts() {
    controller_ = std::make_unique<Controller>(Identity{"test", 0}, limits);
    journal_.clear();
    store_.replay([&](const Record& record) {
      controller_->apply(record);
      journal_.push_back(record);
    });
    runs_.clear();
    modules_.clear();
    environment_.clear();
    reads_.clear();
    happens(Restarted{});
  }
  [[nodiscard]] const Effects& effects() const { return effects_; }

  // ---- clients

  ConnectionId connected(Role role = Role::submit) {
    const ConnectionId id{++connections_};
    happens(ConnectionOpened{id, role});
    return id;
  }
  /// Connected and welcomed.
  ConnectionId client(Role role = Role::submit, SessionId session = {}) {
    const ConnectionId id = connected(role);
    says(id, wire::Hello{wire::protocol_version, "test", session});
    return id;
  }
  /// The session that the client was welcomed to.
  SessionId session_of(ConnectionId id) {
    const auto welcomes = heard<wire::Welcome>(id);
    EXPECT_EQ(welcomes.size(), 1U);
    return welcomes.empty() ? SessionId{} : welcomes[0].session;
  }
  /// The client comes back to the session of a connection that it had; its requests go on.
  ConnectionId comes_back(ConnectionId from) {
    const ConnectionId id = client(Role::submit, session_of(from));
    requests_[id] = requests_[from];
    return id;
  }
  void says(ConnectionId id, const wire::ClientMessage& message) {
    ClientSpoke spoke{id, support::through_codec(message)};
    if (const auto* task = std::get_if<wire::SubmitTask>(&spoke.message)) look_up(spoke, *task);
    happens(spoke);
  }
  wire::RequestId next_request(ConnectionId id) { return wire::RequestId{++requests_[id]}; }

  /// Submits; returns the id of the first part, 0 if it was not accepted.
  TaskId submits(ConnectionId id, std::vector<std::uint64_t> engines = {}, std::vector<std::string> needs = {},
                 std::string_view operation = "work") {
    wire::SubmitTask task;
    for (const std::uint64_t engine : engines) task.engines.emplace_back(static_cast<std::uint32_t>(engine));
    task.needs = std::move(needs);
    task.operation = bytes(operation);
    return submits_task(id, std::move(task));
  }
  TaskId submits_with(ConnectionId id, wire::RetryPolicy policy) {
    wire::SubmitTask task;
    task.policy = policy;
    return submits_task(id, std::move(task));
  }
  TaskId submits_task(ConnectionId id, wire::SubmitTask task) {
    task.request = next_request(id);
    task.label = "f";
    says(id, task);
    for (const SendToClient& send : effects_.to_clients) {
      if (const auto* accepted = std::get_if<wire::TaskAccepted>(&send.message)) return accepted->first_task;
    }
    return {};
  }
  void acknowledges(ConnectionId id, std::vector<TaskId> tasks) { says(id, wire::Acknowledge{std::move(tasks)}); }

  /// All messages of a kind that the client has got, in order.
  template <class Message>
  std::vector<Message> heard(ConnectionId id) {
    std::vector<Message> found;
    for (const wire::GatewayMessage& message : heard_[id]) {
      if (const auto* wanted = std::get_if<Message>(&message)) found.push_back(*wanted);
    }
    return found;
  }
  /// The task's one answer; none so far: nothing.
  std::optional<wire::TaskFinished> answer(ConnectionId id, TaskId task) {
    std::optional<wire::TaskFinished> found;
    for (const auto& finished : heard<wire::TaskFinished>(id)) {
      if (finished.task != task) continue;
      EXPECT_FALSE(found) << "a second answer to task " << task.value();
      found = finished;
    }
    return found;
  }
  /// The failure of a task that has failed.
  wire::Failure failure(ConnectionId id, TaskId task) {
    const auto found = answer(id, task);
    if (!found || !std::holds_alternative<wire::Failure>(found->outcome)) {
      ADD_FAILURE() << "task " << task.value() << " has not failed";
      return {};
    }
    return std::get<wire::Failure>(found->outcome);
  }
  /// Why the controller said Goodbye; empty if it has not.
  std::string goodbye(ConnectionId id) {
    const auto said = heard<wire::Goodbye>(id);
    if (said.empty()) return "";
    EXPECT_TRUE(closed_.contains(id)) << "Goodbye was said, but the connection is not closed";
    return said.front().reason;
  }
  [[nodiscard]] bool closed(ConnectionId id) const { return closed_.contains(id); }

  // ---- engines

  void joins(std::uint32_t engine) {
    happens(EngineSpoke{EngineId{engine}, support::through_codec(wire::FromEngine{wire::EngineReady{info(engine)}})});
  }
  static wire::EngineInfo info(std::uint32_t engine) {
    return {EngineId{engine}, 1, "node" + std::to_string(engine), 100 + static_cast<std::int64_t>(engine)};
  }
  void engine_says(std::uint32_t engine, const wire::FromEngine& message) {
    happens(EngineSpoke{EngineId{engine}, support::through_codec(message)});
  }
  /// Ids of the tasks that an engine has been handed and has not answered.
  Ids handed(std::uint32_t engine) {
    Ids ids;
    for (const wire::RunTask& run : runs_[EngineId{engine}]) ids.push_back(run.attempt.task.value());
    return ids;
  }
  /// The engine answers its first task.
  void finishes(std::uint32_t engine, base::Duration run = base::milliseconds(20), std::string_view result = "done",
                std::vector<std::string> names_added = {}, std::vector<std::string> names_removed = {}) {
    auto& runs = runs_[EngineId{engine}];
    ASSERT_FALSE(runs.empty()) << "engine " << engine << " has nothing to do";
    const wire::AttemptRef attempt = runs.front().attempt;
    runs.pop_front();
    engine_says(engine, wire::AttemptFinished{attempt, run.ns, std::move(names_added), std::move(names_removed),
                                              bytes(result)});
  }
  /// The engine's first task fails.
  void fails(std::uint32_t engine, wire::FailureKind kind = wire::FailureKind::exception,
             std::string_view text = "bad") {
    auto& runs = runs_[EngineId{engine}];
    ASSERT_FALSE(runs.empty()) << "engine " << engine << " has nothing to do";
    const wire::AttemptRef attempt = runs.front().attempt;
    runs.pop_front();
    engine_says(engine, wire::AttemptFinished{
                            attempt,
                            5,
                            {},
                            {},
                            wire::Failure{kind, "E", std::string{text}, EngineId{engine}, "node", attempt.attempt}});
  }
  /// The engine gives all but its first task back.
  void returns_rest(std::uint32_t engine) {
    auto& runs = runs_[EngineId{engine}];
    wire::AttemptsReturned returned;
    while (runs.size() > 1) {
      returned.attempts.insert(returned.attempts.begin(), runs.back().attempt);
      runs.pop_back();
    }
    engine_says(engine, returned);
  }
  void is_lost(std::uint32_t engine, std::string reason = "its node is gone") {
    runs_.erase(EngineId{engine});
    modules_.erase(EngineId{engine});
    environment_.erase(EngineId{engine});
    happens(EngineLost{EngineId{engine}, std::move(reason)});
  }
  std::deque<wire::RunTask>& runs(std::uint32_t engine) { return runs_[EngineId{engine}]; }
  std::vector<std::string> modules(std::uint32_t engine) { return modules_[EngineId{engine}]; }
  /// What the engine was told of the environment, in order; with their operations, as the store has them.
  std::vector<wire::SetEnvironment> environment(std::uint32_t engine) { return environment_[EngineId{engine}]; }
  [[nodiscard]] bool told_to_leave(std::uint32_t engine) const { return leaving_.contains(EngineId{engine}); }

  /// An engine that has shown to be quick, so that it is given tasks ahead.
  void is_quick(std::uint32_t engine, ConnectionId by) {
    const TaskId task = submits(by);
    ASSERT_EQ(handed(engine), Ids{task.value()});
    finishes(engine, base::microseconds(10));
    acknowledges(by, {task});
  }

  void passes(base::Duration span) {
    now = now + span;
    happens(TimePassed{});
  }

  void TearDown() override {
    Controller restarted{Identity{"test", 0}, limits};
    for (const Record& record : journal_) restarted.apply(record);
    EXPECT_EQ(restarted.durable_state(), controller().durable_state()) << "the journal tells another story";
  }

  [[nodiscard]] const std::vector<Record>& journal() const { return journal_; }
  [[nodiscard]] const MemoryStore& store() const { return store_; }

 private:
  /// As a shell does it.
  void look_up(ClientSpoke& spoke, const wire::SubmitTask& task) {
    spoke.durable_number = store_.durable_number();
    const std::optional<SessionId> session = controller().session_of(spoke.connection);
    for (const wire::PartRef& named : controller().unknown_parts(spoke.connection, task)) {
      if (const auto found = store_.find_parked(*session, named)) spoke.parked.push_back({named, *found});
    }
  }

  void deliver(const SendToEngines& send) {
    for (std::size_t i = 0; i < send.engines.size(); ++i) {
      const EngineId engine = send.engines[i];
      const wire::ToEngine message = support::through_codec(message_for(send, i));
      if (const auto* run = std::get_if<wire::RunTask>(&message)) {
        runs_[engine].push_back(*run);
      } else if (const auto* module = std::get_if<wire::StoreModule>(&message)) {
        modules_[engine].push_back(text(module->content));
      } else if (const auto* value = std::get_if<wire::SetEnvironment>(&message)) {
        environment_[engine].push_back(*value);
        if (!value->missing.empty()) continue;
        const auto operation = store_.environment(value->name);
        ASSERT_TRUE(operation) << "the store does not keep " << value->name;
        environment_[engine].back().operation = *operation;
      } else if (std::holds_alternative<wire::LeaveCluster>(message)) {
        leaving_.insert(engine);
      }
    }
  }

  std::unique_ptr<Controller> controller_;
  Effects effects_;
  std::vector<Record> journal_;
  MemoryStore store_;
  std::deque<ReadParked> reads_;
  std::uint64_t connections_ = 0;
  std::map<ConnectionId, std::uint64_t> requests_;
  std::map<ConnectionId, std::vector<wire::GatewayMessage>> heard_;
  std::set<ConnectionId> closed_;
  std::map<EngineId, std::deque<wire::RunTask>> runs_;
  std::map<EngineId, std::vector<std::string>> modules_;
  std::map<EngineId, std::vector<wire::SetEnvironment>> environment_;
  std::set<EngineId> leaving_;
};

}  // namespace gangway::core
