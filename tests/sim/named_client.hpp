// Somebody who starts one process after the other. All have the same named session and the same work; most of it has
// keys, so that a process gets the answers of those before it, and nothing runs twice.
#pragma once

#include <cstddef>
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

/// Lives as long as the simulation.
class NamedClient {
 public:
  NamedClient(World& world, const Scenario& scenario, Auditor& auditor, Shell& shell, std::uint64_t number);

  /// The first process.
  void start();
  /// The process loses its connection in one of many ways, and comes back.
  void lose_connection();
  /// The process is gone, with all that it knew; another one begins after a while.
  void kill_process();
  /// The same, and it says that the session is over.
  void end_session();
  void slow_until(base::Instant when) { lines_.slow_until(when); }

  [[nodiscard]] bool alive() const { return !stopping_; }
  /// This process has all answers, and has acknowledged them.
  [[nodiscard]] bool done() const;
  [[nodiscard]] std::string progress() const;

 private:
  struct Item {
    Work work;
    std::string key;  // empty: none
  };
  /// A submission without its answer.
  struct Flight {
    std::size_t item = 0;
    std::uint64_t bytes = 0;
    bool is_other = false;  // another function under a key that is taken: to be refused
    TaskId task = {};       // when accepted
    bool named = false;     // since the session was resumed
  };
  /// A task that this process has not submitted, or has the answer of.
  struct Stray {
    TaskId task;
    std::uint64_t bytes = 0;
  };
  /// What a process knows, and is gone with it.
  struct Process {
    SessionId session = {};
    std::uint32_t opening = 0;
    std::uint64_t last_request = 0;
    std::deque<std::size_t> to_submit = {};
    std::set<std::size_t> answered = {};
    std::map<wire::RequestId, Flight> flights = {};
    std::set<wire::RequestId> in_vain = {};  // submissions that were not there when the session was resumed
  };
  /// What somebody who looks at all processes knows of a key.
  struct Known {
    TaskId task;
    std::optional<wire::Outcome> answer = {};
  };

  void begin_process();
  void connect();
  void connect_after(base::Duration pause);
  void forget_connection();
  void closed_by_gateway();
  /// A process that was replaced comes back, and must not get its session.
  void send_zombie();
  void ping();

  // named_client_messages.cpp
  void hear(const wire::GatewayMessage& message);
  void on(const wire::Welcome& welcome);
  void on(const wire::SessionResumed& resumed);
  void on(const wire::TaskAccepted& accepted);
  void on(const wire::TaskFinished& finished);
  void on(const wire::Refused& refused);
  void on(const wire::Goodbye& goodbye);
  void on(const wire::EnginesChanged&) {}
  void on(const wire::Pong&) {}
  void on(const wire::JournalState&) {}
  template <class Other>
  void on(const Other&) {
    world_.fail("a client was told what it has not asked for");
  }
  void named_again(const wire::TaskAccepted& accepted);
  void submit_unnamed_again();
  /// A task that was there already counts once, not twice.
  void adopt(TaskId task);
  void answered_again(const wire::TaskFinished& finished);
  void check_outcome(const Flight& flight, const wire::TaskFinished& finished);

  // named_client_work.cpp
  void pump();
  bool submit_next();
  bool submit(std::size_t item, bool is_other);
  void owe(TaskId task, std::uint64_t bytes);
  void acknowledge();

  World& world_;
  const Scenario& scenario_;
  Auditor& auditor_;
  Shell& shell_;
  const std::uint64_t number_;
  const std::string name_;
  Random random_;
  ClientLines lines_;
  ClientLines zombie_;
  std::vector<Item> items_;
  bool stopping_ = false;

  // Over all processes:
  std::optional<std::pair<SessionId, std::uint32_t>> replaced_;  // the process before, and its opening
  std::map<std::pair<SessionId, std::string>, Known> keys_;
  bool zombie_came_ = false;

  Process process_;
  std::uint64_t process_number_ = 0;
  // Of this connection:
  bool welcomed_ = false;
  bool naming_ = false;  // between Welcome and SessionResumed
  bool in_use_ = false;  // the session, by another process
  bool pump_scheduled_ = false;
  bool acknowledge_scheduled_ = false;
  std::uint64_t tasks_credit_ = 0;
  std::uint64_t bytes_credit_ = 0;
  std::map<wire::RequestId, Stray> strays_;
  std::set<TaskId> tasks_of_others_;                              // that were strays
  std::set<wire::RequestId> adopted_;                             // were strays
  std::set<std::string> keys_here_;                               // that were accepted
  std::vector<std::pair<TaskId, std::uint64_t>> unacknowledged_;  // and what they count
};

}  // namespace gangway::sim
