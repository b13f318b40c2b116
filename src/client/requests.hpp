// The client's side of the protocol, without sockets and threads: what waits for credit or for its module, what is
// under way, and what has to be acknowledged. See src/wire/protocol.hpp for the rules it keeps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include <gangway/ids.hpp>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "client/module.hpp"
#include "client/pending_task.hpp"
#include "wire/protocol.hpp"

namespace gangway::client {

/// What a request's task is to follow; see gangway::after().
struct Prerequisite {
  wire::Condition condition = wire::Condition::succeeded;
  std::shared_ptr<detail::PendingTask> task;
};

/// One request to be made: the parts [first_part, first_part + parts()) of a task.
struct Submission {
  std::shared_ptr<detail::PendingTask> task;
  std::uint32_t first_part = 0;
  std::vector<EngineId> engines;  // empty: whichever is free
  std::string label;
  std::vector<std::string> needs;
  base::SharedBytes operation;
  std::shared_ptr<Module> module;  // null if none is needed
  wire::RetryPolicy policy = {};
  std::vector<Prerequisite> after = {};
  std::string key = {};          // empty: none
  std::string environment = {};  // the value of the cluster's environment that it sets; empty: none
  std::vector<bool> finished;    // of several parts: which have their answers already; empty: none

  [[nodiscard]] std::uint32_t parts() const {
    return engines.empty() ? 1 : static_cast<std::uint32_t>(engines.size());
  }
  /// Besides, each part that it waits for counts when it leaves; see Leaving.
  [[nodiscard]] std::uint64_t bytes() const {
    return wire::credit_bytes(operation.size(), label, needs, 0, environment);
  }
};

/// A question of any kind that is answered by one message: QueryCluster, and those of wire/task_queries.hpp. Asking
/// twice does no harm.
struct Inquiry {
  wire::ClientMessage question;  // without its number
  std::promise<wire::GatewayMessage> answer;
};

/// What a session waits for and how it goes on. One thread at a time.
///
/// Submissions leave strictly in the order they were added: one that waits for its module or for credit holds up
/// those behind it, which keeps direct operations on an engine in order.
///
/// When the connection is gone, disconnected() keeps everything until a new one is opened. What was under way then
/// goes on if the gateway names it again, and is submitted again, before everything else, if it does not.
class Requests {
 public:
  using Send = std::function<void(const wire::ClientMessage& message)>;

  /// Messages leave through `send`, which must not call back.
  explicit Requests(Send send) : send_{std::move(send)} {}

  /// The session is open, or open again: from here on something may be sent; in a resumed one only when the gateway
  /// has said what it knows.
  void open(const wire::Welcome& welcome);

  /// The connection is gone: nothing is sent until open() is called again.
  void disconnected();

  void add(Submission submission);

  /// The answer may be an Error, if the gateway refuses to answer, or a ConnectionError.
  void ask(Inquiry inquiry);

  /// Takes an answer of the gateway. A fault if it breaks the protocol: then the connection is to be closed.
  base::Status handle(const wire::GatewayMessage& message);

  /// Ends a turn: sends acknowledgements if they are many or hold up something that waits for credit. Others leave
  /// with the next submission, or with acknowledge().
  void end_turn();

  /// Sends the acknowledgements there are, and what they gave credit for.
  void acknowledge();

  /// Whether acknowledge() has something to send; to be called soon, since the gateway keeps the results till then.
  [[nodiscard]] bool owes_acknowledgements() const { return !acknowledgements_.empty(); }

  /// Everything that is not finished fails with ConnectionError.
  void fail_all(const std::string& reason);

  /// Submissions that wait here, in number and bytes of credit.
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }
  [[nodiscard]] std::uint64_t waiting_bytes() const { return waiting_bytes_; }

  /// In the order of their ids. The version rises when they change.
  [[nodiscard]] const std::vector<wire::EngineInfo>& engines() const { return engines_; }
  [[nodiscard]] std::uint64_t engines_version() const { return engines_version_; }

 private:
  struct InFlight {
    Submission submission;  // whole: a gateway that was started again may have forgotten it
    bool accepted = false;
    bool answers_may_repeat = false;  // it has some from before the connection that they come by now
    std::uint32_t parts = 0;
    std::uint32_t unfinished = 0;
    std::uint32_t charged = 0;  // parts that count against the credit and whose answers have not come
    std::uint64_t bytes = 0;
  };

  /// A task of a resumed session whose answers were acknowledged, which the gateway has not heard; or of another
  /// process that had the session before.
  struct Stray {
    TaskId first_task;
    std::uint32_t parts_left = 0;
    std::uint64_t bytes = 0;
  };

  /// What the connection is good for.
  enum class Phase : std::uint8_t { closed, resuming, open };

  enum class Delivery : std::uint8_t { offered, uploading, known, refused };

  struct ModuleState {
    std::shared_ptr<Module> module;  // until it is known
    Delivery delivery = Delivery::offered;
    std::string reason;
  };

  /// What a submission is when it leaves, by what is known then.
  struct Leaving {
    std::vector<wire::Prerequisite> after;
    std::uint64_t bytes = 0;  // of credit
  };

  void pump();
  /// Sends the first of those that wait, or refuses it; false if it has to wait.
  bool send_front();
  Submission take_front();
  bool exceeds_grant(const Submission& submission, const Leaving& leaving) const;
  bool fits_credit(const Submission& submission, const Leaving& leaving) const;
  ModuleState& deliver(const std::shared_ptr<Module>& module);
  void offer(const Module& module);
  void submit(Submission submission, Leaving leaving);
  void send_acknowledgements();
  static void refuse(const Submission& submission, wire::FailureKind kind, const std::string& reason);
  void set_engines(const std::vector<wire::EngineInfo>& engines);

  // requests_inquiries.cpp
  void send_inquiries();
  base::Status inquiry_answered(wire::RequestId request, const wire::GatewayMessage& answer);
  /// False if it was none.
  bool inquiry_refused(const wire::Refused& message);
  void keep_inquiries();
  void fail_inquiries(const std::string& reason);

  // requests_resume.cpp
  /// A task with a key was another process's: it does not count twice.
  void adopt(TaskId task);
  void named_again(const wire::TaskAccepted& message);
  base::Status answered_again(const wire::TaskFinished& message);
  base::Status resumed();
  void owe_acknowledgement(const wire::TaskFinished& message);
  wire::RequestId next_request() { return wire::RequestId{++last_request_}; }

  base::Status answered(const wire::ModuleAnswered& message);
  base::Status answered(const wire::TaskAccepted& message);
  base::Status answered(const wire::TaskFinished& message);
  base::Status answered(const wire::Refused& message);
  base::Status answered(const wire::TaskReturned& message);
  /// Nobody here has the content of a module that the gateway has not.
  void module_missing(const wire::ModuleHash& hash);
  base::Status module_refused(wire::RequestId request, const std::string& reason);

  Send send_;
  Phase phase_ = Phase::closed;
  std::uint64_t last_request_ = 0;
  std::uint32_t tasks_granted_ = 0;
  std::uint64_t bytes_granted_ = 0;
  std::uint32_t tasks_used_ = 0;
  std::uint64_t bytes_used_ = 0;

  std::deque<Submission> waiting_;
  std::uint64_t waiting_bytes_ = 0;
  std::ptrdiff_t returned_ = 0;  // of those that wait: the first ones, which the gateway has given back
  std::unordered_map<wire::RequestId, InFlight> in_flight_;
  std::set<std::string> keys_;  // of those in flight
  std::map<wire::ModuleHash, ModuleState> modules_;
  std::map<wire::RequestId, wire::ModuleHash> module_requests_;
  std::map<wire::RequestId, Inquiry> inquiries_;
  std::deque<Inquiry> waiting_inquiries_;
  std::map<wire::RequestId, Stray> strays_;
  std::set<wire::RequestId> adopted_;  // were strays; a request of this process has their task now
  std::set<wire::RequestId> named_;    // of what is in flight, while a session is being resumed

  std::vector<TaskId> acknowledgements_;
  std::uint32_t acknowledged_tasks_ = 0;
  std::uint64_t acknowledged_bytes_ = 0;
  std::uint64_t unacknowledged_result_bytes_ = 0;

  std::uint64_t engines_version_ = 0;
  std::vector<wire::EngineInfo> engines_;
  std::unordered_map<EngineId, std::shared_ptr<const std::string>> hosts_;
};

}  // namespace gangway::client
