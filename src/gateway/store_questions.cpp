#include "gateway/store_questions.hpp"

#include <exception>
#include <iterator>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/check.hpp"
#include "wire/codec.hpp"

namespace gangway::gateway {

namespace {

wire::RequestId request_of(const wire::ClientMessage& question) {
  return std::visit(
      [](const auto& message) {
        if constexpr (requires { message.request; }) return message.request;
        return wire::RequestId{};
      },
      question);
}

wire::Refused not_kept(wire::RequestId request, TaskId task, const char* what) {
  return {request, std::string{what} + " task " + std::to_string(task.value()) +
                       " is not kept any more: [controller] history_age, history_tasks and history_bytes of the "
                       "cluster's profile say how long tasks are kept that are done, `gangway forget` removes them, "
                       "and durability = memory keeps none"};
}

/// Of the function that an operation calls; empty: it calls none.
std::string signature_in(const base::SharedBytes& operation) {
  const auto decoded = wire::decode_operation(operation);
  const auto* const call = decoded ? std::get_if<wire::Call>(&decoded.value()) : nullptr;
  return call == nullptr ? std::string{} : call->function.signature;
}

}  // namespace

void StoreQuestions::add(core::AskStore question) {
  std::deque<wire::ClientMessage>& questions = asked_[question.connection];
  if (questions.size() < questions_max) {
    questions.push_back(std::move(question.question));
    return;
  }
  ports_.send(question.connection,
              wire::Refused{request_of(question.question), "more than " + std::to_string(questions_max) +
                                                               " questions about tasks wait for their answers"});
}

bool StoreQuestions::answer_some() {
  bool any = false;
  for (auto place = asked_.begin(); place != asked_.end();) {
    auto& [connection, questions] = *place;
    const std::optional<std::size_t> queued = ports_.queued_bytes(connection);
    if (queued && *queued < queued_bytes_max && !questions.empty()) {
      ports_.send(connection, answer(questions.front()));
      questions.pop_front();
      any = true;
    }
    place = !queued || questions.empty() ? asked_.erase(place) : std::next(place);
  }
  return any;
}

wire::GatewayMessage StoreQuestions::answer(const wire::ClientMessage& question) const {
  try {
    return std::visit([this](const auto& message) { return answer_to(message); }, question);
  } catch (const std::exception& error) {
    return wire::Refused{request_of(question), std::string{"the journal could not be read: "} + error.what()};
  }
}

wire::GatewayMessage StoreQuestions::answer_to(const wire::QueryTasks& question) const {
  core::TaskPage page = store_.tasks(question.filter);
  return wire::TasksListed{question.request, std::move(page.rows), page.next};
}

wire::GatewayMessage StoreQuestions::answer_to(const wire::FetchResult& question) const {
  wire::TaskFilter filter;
  filter.tasks = {question.task};
  std::vector<wire::TaskRow> rows = store_.tasks(filter).rows;
  if (rows.empty()) return not_kept(question.request, question.task, "the result of");
  wire::ResultFetched fetched{question.request, std::move(rows.front()), {}, {}};
  const bool is_answered =
      fetched.row.state == wire::TaskState::succeeded || fetched.row.state == wire::TaskState::failed;
  if (!is_answered) return fetched;
  std::optional<wire::Outcome> outcome = store_.outcome(question.task);
  if (!outcome) return not_kept(question.request, question.task, "the result of");
  fetched.outcome = *std::move(outcome);
  if (const auto stored = store_.operation(question.task)) fetched.signature = signature_in(stored->operation);
  return fetched;
}

wire::GatewayMessage StoreQuestions::answer_to(const wire::FetchOperation& question) const {
  std::optional<core::StoredOperation> stored = store_.operation(question.task);
  if (!stored) return not_kept(question.request, question.task, "what was submitted as");
  wire::OperationFetched fetched;
  fetched.request = question.request;
  fetched.label = std::move(stored->label);
  fetched.needs = std::move(stored->needs);
  fetched.module = stored->module;
  fetched.policy = stored->policy;
  if (stored->target) fetched.engines = {*stored->target};
  fetched.signature = signature_in(stored->operation);
  fetched.operation = std::move(stored->operation);
  return fetched;
}

template <class Other>
wire::GatewayMessage StoreQuestions::answer_to(const Other&) const {
  GANGWAY_CHECK(false, "the controller passes on what the store can answer");
  return wire::Refused{};
}

}  // namespace gangway::gateway
