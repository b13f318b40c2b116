#include "client/requests.hpp"

#include <algorithm>
#include <type_traits>
#include <utility>

#include "base/limits.hpp"
#include "client/prerequisites.hpp"

namespace gangway::client {

namespace {

// What the gateway may keep for the sake of acknowledgements that wait for company.
constexpr std::size_t owed_tasks_max = 256;
constexpr std::uint64_t owed_result_bytes_max = 1 * base::mib;

template <class Message>
constexpr bool is_answer_to_inquiry =
    std::is_same_v<Message, wire::ClusterState> || std::is_same_v<Message, wire::TasksListed> ||
    std::is_same_v<Message, wire::ResultFetched> || std::is_same_v<Message, wire::OperationFetched> ||
    std::is_same_v<Message, wire::TasksForgotten>;

base::Fault unexpected(const char* message, wire::RequestId request) {
  return {std::string{"the gateway sent "} + message + " for request " + std::to_string(request.value()) +
          ", which does not wait for it"};
}

}  // namespace

void Requests::add(Submission submission) {
  waiting_bytes_ += submission.bytes();
  waiting_.push_back(std::move(submission));
  pump();
}

void Requests::pump() {
  if (phase_ != Phase::open) {
    return;
  }
  send_inquiries();
  while (!waiting_.empty() && send_front()) continue;
}

bool Requests::send_front() {
  const Submission& front = waiting_.front();
  if (front.module) {
    const ModuleState& module = deliver(front.module);
    if (module.delivery == Delivery::offered || module.delivery == Delivery::uploading) {
      return false;
    }
    if (module.delivery == Delivery::refused) {
      refuse(take_front(), wire::FailureKind::not_run, module.reason);
      return true;
    }
  }
  // The gateway answers the request that said the key last: the one before would never hear of it.
  if (keys_.contains(front.key)) {
    return false;
  }
  Leaving leaving;
  leaving.bytes = front.bytes();
  if (!front.after.empty()) {
    OpenPrerequisites open = open_prerequisites(front.after);
    if (!open.missed.empty()) {
      refuse(take_front(), wire::FailureKind::not_run, open.missed);
      return true;
    }
    leaving.after = std::move(open.after);
    leaving.bytes =
        wire::credit_bytes(front.operation.size(), front.label, front.needs, wire::parts_awaited(leaving.after));
  }
  if (exceeds_grant(front, leaving)) {
    const Submission submission = take_front();
    refuse(submission, wire::FailureKind::not_run,
           "it counts as " + std::to_string(submission.parts()) + " tasks of " + std::to_string(leaving.bytes) +
               " bytes, the cluster lets a client have " + std::to_string(tasks_granted_) + " of " +
               std::to_string(bytes_granted_) + " under way: use fewer engines or smaller arguments");
    return true;
  }
  if (!fits_credit(front, leaving)) {
    return false;
  }
  submit(take_front(), std::move(leaving));
  return true;
}

Submission Requests::take_front() {
  Submission submission = std::move(waiting_.front());
  waiting_.pop_front();
  waiting_bytes_ -= submission.bytes();
  // The first one waits for the answer about its module, before which all that are returned have come.
  returned_ = 0;
  return submission;
}

bool Requests::exceeds_grant(const Submission& submission, const Leaving& leaving) const {
  return submission.parts() > tasks_granted_ || leaving.bytes > bytes_granted_;
}

bool Requests::fits_credit(const Submission& submission, const Leaving& leaving) const {
  return tasks_used_ + submission.parts() <= tasks_granted_ && bytes_used_ + leaving.bytes <= bytes_granted_;
}

Requests::ModuleState& Requests::deliver(const std::shared_ptr<Module>& module) {
  const auto [found, is_new] = modules_.try_emplace(module->hash);
  ModuleState& state = found->second;
  if (is_new) {
    state.module = module;
    offer(*module);
  }
  return state;
}

void Requests::offer(const Module& module) {
  const wire::RequestId request = next_request();
  module_requests_.emplace(request, module.hash);
  send_(wire::OfferModule{request, module.hash, module.content.size()});
}

void Requests::submit(Submission submission, Leaving leaving) {
  send_acknowledgements();
  const wire::RequestId request = next_request();
  InFlight in_flight;
  in_flight.parts = in_flight.charged = submission.parts();
  in_flight.bytes = leaving.bytes;
  if (in_flight.parts > 1) {
    submission.finished.resize(in_flight.parts);
  }
  in_flight.unfinished = in_flight.parts - static_cast<std::uint32_t>(std::count(submission.finished.begin(),
                                                                                 submission.finished.end(), true));
  in_flight.answers_may_repeat = in_flight.unfinished < in_flight.parts;
  tasks_used_ += in_flight.parts;
  bytes_used_ += in_flight.bytes;
  const wire::ModuleHash module = submission.module ? submission.module->hash : wire::ModuleHash{};
  send_(wire::SubmitTask{request, submission.engines, submission.label, submission.needs, submission.operation,
                         module, submission.policy, std::move(leaving.after), submission.key,
                         submission.environment});
  submission.task->submitted(submission.first_part, submission.parts(), request);
  if (!submission.key.empty()) {
    keys_.insert(submission.key);
  }
  in_flight.submission = std::move(submission);
  in_flight_.emplace(request, std::move(in_flight));
}

// Of one that is submitted again, parts may be finished.
void Requests::refuse(const Submission& submission, wire::FailureKind kind, const std::string& reason) {
  for (std::uint32_t part = 0; part < submission.parts(); ++part) {
    if (submission.finished.empty() || !submission.finished[part]) {
      submission.task->refused(submission.first_part + part, 1, kind, reason);
    }
  }
}

void Requests::set_engines(const std::vector<wire::EngineInfo>& engines) {
  ++engines_version_;
  engines_ = engines;
  std::sort(engines_.begin(), engines_.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  // The hosts of engines that are gone are kept: their last results may still be on the way.
  for (const wire::EngineInfo& engine : engines_) {
    hosts_[engine.id] = std::make_shared<const std::string>(engine.host);
  }
}

base::Status Requests::handle(const wire::GatewayMessage& message) {
  return std::visit(
      [this, &message](const auto& content) -> base::Status {
        using Message = std::decay_t<decltype(content)>;
        if constexpr (std::is_same_v<Message, wire::EnginesChanged>) {
          set_engines(content.engines);
          return base::Done{};
        } else if constexpr (std::is_same_v<Message, wire::Pong> || std::is_same_v<Message, wire::JournalState>) {
          return base::Done{};  // the session's
        } else if constexpr (std::is_same_v<Message, wire::Goodbye>) {
          return base::Fault{content.reason};
        } else if constexpr (std::is_same_v<Message, wire::Welcome>) {
          return base::Fault{"the gateway opened a session that was already open"};
        } else if constexpr (std::is_same_v<Message, wire::SessionResumed>) {
          return resumed();
        } else if constexpr (is_answer_to_inquiry<Message>) {
          return inquiry_answered(content.request, message);
        } else {
          return answered(content);
        }
      },
      message);
}

base::Status Requests::answered(const wire::ModuleAnswered& message) {
  const auto request = module_requests_.find(message.request);
  if (request == module_requests_.end()) {
    return unexpected("ModuleAnswered", message.request);
  }
  const wire::ModuleHash hash = request->second;
  module_requests_.erase(request);
  ModuleState& state = modules_.at(hash);
  if (message.known) {
    state.delivery = Delivery::known;
    state.module.reset();
    pump();
    return base::Done{};
  }
  if (state.module->content.size() == 0) {
    module_missing(hash);
    return base::Done{};
  }
  if (state.delivery == Delivery::uploading) {
    // Others have taken the room meanwhile. The answer to an offer waits for it.
    state.delivery = Delivery::offered;
    offer(*state.module);
    return base::Done{};
  }
  state.delivery = Delivery::uploading;
  const wire::RequestId upload = next_request();
  module_requests_.emplace(upload, hash);
  send_(wire::UploadModule{upload, hash, state.module->content});
  return base::Done{};
}

void Requests::module_missing(const wire::ModuleHash& hash) {
  const std::shared_ptr<Module> module = modules_.extract(hash).mapped().module;
  if (!waiting_.empty() && waiting_.front().module == module) {
    refuse(take_front(), wire::FailureKind::not_run,
           "the cluster does not have the module " + module->path +
               " any more: run the program that it is of, and call the function from there");
  }
  pump();
}

base::Status Requests::module_refused(wire::RequestId request, const std::string& reason) {
  const auto found = module_requests_.find(request);
  const wire::ModuleHash hash = found->second;
  module_requests_.erase(found);
  ModuleState& state = modules_.at(hash);
  state.delivery = Delivery::refused;
  state.reason = "the controller did not take the module " + state.module->path + ": " + reason;
  state.module.reset();
  pump();
  return base::Done{};
}

base::Status Requests::answered(const wire::TaskAccepted& message) {
  const auto found = in_flight_.find(message.request);
  if (phase_ == Phase::resuming && (found == in_flight_.end() || message.parts == found->second.parts)) {
    named_again(message);
  }
  if (phase_ == Phase::resuming && found == in_flight_.end()) {
    return base::Done{};
  }
  if (found == in_flight_.end() || message.parts != found->second.parts) {
    return unexpected("TaskAccepted", message.request);
  }
  InFlight& in_flight = found->second;
  in_flight.accepted = true;
  if (!in_flight.submission.key.empty()) {
    adopt(message.first_task);
  }
  for (std::uint32_t part = 0; part < in_flight.parts; ++part) {
    in_flight.submission.task->accepted(in_flight.submission.first_part + part,
                                        TaskId{message.first_task.value() + part});
  }
  return base::Done{};
}

base::Status Requests::answered(const wire::TaskReturned& message) {
  const auto found = in_flight_.find(message.request);
  if (found == in_flight_.end() || found->second.accepted) {
    return unexpected("TaskReturned", message.request);
  }
  InFlight returned = std::move(found->second);
  in_flight_.erase(found);
  keys_.erase(returned.submission.key);
  tasks_used_ -= returned.parts;
  bytes_used_ -= returned.bytes;
  if (const Module* module = returned.submission.module.get()) {
    const auto state = modules_.find(module->hash);
    if (state != modules_.end() && state->second.delivery == Delivery::known) modules_.erase(state);
  }
  // They come in the order of their submission, which they keep.
  waiting_bytes_ += returned.submission.bytes();
  waiting_.insert(waiting_.begin() + returned_++, std::move(returned.submission));
  pump();
  return base::Done{};
}

base::Status Requests::answered(const wire::TaskFinished& message) {
  const auto found = in_flight_.find(message.request);
  if (found == in_flight_.end()) {
    return answered_again(message);
  }
  InFlight& in_flight = found->second;
  Submission& submission = in_flight.submission;
  if (message.part >= in_flight.parts || in_flight.charged == 0) {
    return unexpected("TaskFinished", message.request);
  }
  --in_flight.charged;
  ++acknowledged_tasks_;
  owe_acknowledgement(message);
  if (in_flight.parts > 1) {
    if (submission.finished[message.part]) {
      return in_flight.answers_may_repeat ? base::Status{base::Done{}} : unexpected("TaskFinished", message.request);
    }
    submission.finished[message.part] = true;
  }
  const auto host = hosts_.find(message.run.engine);
  submission.task->finished(submission.first_part + message.part, message,
                            host == hosts_.end() ? nullptr : host->second);
  if (--in_flight.unfinished == 0) {
    acknowledged_tasks_ += in_flight.charged;
    acknowledged_bytes_ += in_flight.bytes;
    keys_.erase(submission.key);
    in_flight_.erase(found);
  }
  return base::Done{};
}

base::Status Requests::answered(const wire::Refused& message) {
  if (module_requests_.contains(message.request)) {
    return module_refused(message.request, message.reason);
  }
  if (inquiry_refused(message)) {
    return base::Done{};
  }
  const auto found = in_flight_.find(message.request);
  if (found == in_flight_.end() || found->second.accepted) {
    return unexpected("Refused", message.request);
  }
  const InFlight refused = std::move(found->second);
  in_flight_.erase(found);
  keys_.erase(refused.submission.key);
  tasks_used_ -= refused.parts;
  bytes_used_ -= refused.bytes;
  refuse(refused.submission, wire::FailureKind::refused, message.reason);
  pump();
  return base::Done{};
}

void Requests::end_turn() {
  if (!waiting_.empty() || acknowledgements_.size() >= owed_tasks_max ||
      unacknowledged_result_bytes_ >= owed_result_bytes_max) {
    acknowledge();
  }
}

void Requests::acknowledge() {
  send_acknowledgements();
  pump();
}

void Requests::send_acknowledgements() {
  if (phase_ != Phase::open) {
    return;
  }
  for (std::size_t begin = 0; begin < acknowledgements_.size(); begin += base::list_entries_max) {
    const std::size_t end = std::min(begin + base::list_entries_max, acknowledgements_.size());
    using Offset = std::vector<TaskId>::difference_type;
    send_(wire::Acknowledge{{acknowledgements_.begin() + static_cast<Offset>(begin),
                             acknowledgements_.begin() + static_cast<Offset>(end)}});
  }
  acknowledgements_.clear();
  tasks_used_ -= std::exchange(acknowledged_tasks_, 0);
  bytes_used_ -= std::exchange(acknowledged_bytes_, 0);
  unacknowledged_result_bytes_ = 0;
}

void Requests::fail_all(const std::string& reason) {
  const auto shared_reason = std::make_shared<const std::string>(reason);
  for (auto& [request, in_flight] : in_flight_) {
    in_flight.submission.task->lost(in_flight.submission.first_part, in_flight.parts, shared_reason);
  }
  for (const Submission& submission : waiting_) {
    submission.task->lost(submission.first_part, submission.parts(), shared_reason);
  }
  fail_inquiries(reason);
  in_flight_.clear();
  keys_.clear();
  waiting_.clear();
  waiting_bytes_ = 0;
  modules_.clear();
  module_requests_.clear();
  phase_ = Phase::closed;
}

}  // namespace gangway::client
