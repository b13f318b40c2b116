// What becomes of requests when their connection ends and another one is opened.
#include <algorithm>
#include <iterator>
#include <utility>

#include "client/requests.hpp"

namespace gangway::client {

void Requests::disconnected() {
  phase_ = Phase::closed;
  named_.clear();
  strays_.clear();
  adopted_.clear();
  returned_ = 0;
  keep_inquiries();
  // What was being delivered is offered again; what the gateway had it may still have.
  module_requests_.clear();
  std::erase_if(modules_, [](const auto& entry) {
    return entry.second.delivery == Delivery::offered || entry.second.delivery == Delivery::uploading;
  });
}

void Requests::open(const wire::Welcome& welcome) {
  tasks_granted_ = welcome.tasks_credit;
  bytes_granted_ = welcome.bytes_credit;
  set_engines(welcome.engines);
  // Two processes of a session use no number twice: when the power takes an acknowledgement, the task is named again.
  last_request_ = std::max(last_request_, std::uint64_t{welcome.opening} << 32U);
  // What the gateway counts it says again, task by task. Results that were not acknowledged come again.
  tasks_used_ = 0;
  bytes_used_ = 0;
  acknowledgements_.clear();
  acknowledged_tasks_ = 0;
  acknowledged_bytes_ = 0;
  unacknowledged_result_bytes_ = 0;
  if (welcome.resumed) {
    phase_ = Phase::resuming;
    return;
  }
  // The session is a new one, and no task of an earlier one is known.
  phase_ = Phase::resuming;
  static_cast<void>(resumed());
}

void Requests::named_again(const wire::TaskAccepted& message) {
  tasks_used_ += message.parts_left;
  bytes_used_ += message.credit_bytes;
  const auto found = in_flight_.find(message.request);
  if (found == in_flight_.end()) {
    strays_.emplace(message.request, Stray{message.first_task, message.parts_left, message.credit_bytes});
    // Of a process before this one: numbers go on behind.
    last_request_ = std::max(last_request_, message.request.value());
    return;
  }
  named_.insert(message.request);
  found->second.charged = message.parts_left;
  found->second.answers_may_repeat = true;
}

base::Status Requests::resumed() {
  if (phase_ != Phase::resuming) {
    return base::Fault{"the gateway resumed a session that nobody asked it to"};
  }
  std::vector<std::pair<wire::RequestId, InFlight>> forgotten;
  for (auto entry = in_flight_.begin(); entry != in_flight_.end();) {
    const auto next = std::next(entry);
    if (!named_.contains(entry->first)) {
      auto taken = in_flight_.extract(entry);
      keys_.erase(taken.mapped().submission.key);
      forgotten.emplace_back(taken.key(), std::move(taken.mapped()));
    }
    entry = next;
  }
  named_.clear();
  // In their order, and before what has never left.
  std::sort(forgotten.begin(), forgotten.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (auto entry = forgotten.rbegin(); entry != forgotten.rend(); ++entry) {
    if (entry->second.accepted && entry->second.submission.policy.at_most_once) {
      refuse(entry->second.submission, wire::FailureKind::engine_lost,
             "the cluster has forgotten it, or its session has expired: it may have run or not, and was to be run at "
             "most "
             "once");
      continue;
    }
    waiting_bytes_ += entry->second.submission.bytes();
    waiting_.push_front(std::move(entry->second.submission));
  }
  phase_ = Phase::open;
  pump();
  return base::Done{};
}

void Requests::adopt(TaskId task) {
  const auto stray = std::find_if(strays_.begin(), strays_.end(),
                                  [task](const auto& entry) { return entry.second.first_task == task; });
  if (stray == strays_.end()) {
    return;
  }
  tasks_used_ -= stray->second.parts_left;
  bytes_used_ -= stray->second.bytes;
  adopted_.insert(stray->first);
  strays_.erase(stray);
}

// The acknowledgement of an earlier time was lost with its connection.
base::Status Requests::answered_again(const wire::TaskFinished& message) {
  // It was under way when the task was taken over: the answer to this process' own request follows.
  if (adopted_.contains(message.request)) {
    return base::Done{};
  }
  const auto found = strays_.find(message.request);
  if (found == strays_.end()) {
    return base::Fault{"the gateway sent TaskFinished for request " + std::to_string(message.request.value()) +
                       ", which does not wait for it"};
  }
  ++acknowledged_tasks_;
  owe_acknowledgement(message);
  if (--found->second.parts_left == 0) {
    acknowledged_bytes_ += found->second.bytes;
    strays_.erase(found);
  }
  return base::Done{};
}

void Requests::owe_acknowledgement(const wire::TaskFinished& message) {
  acknowledgements_.push_back(message.task);
  if (const auto* result = std::get_if<base::SharedBytes>(&message.outcome)) {
    unacknowledged_result_bytes_ += result->size();
  }
}

}  // namespace gangway::client
