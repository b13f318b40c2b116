// Questions about the cluster: asked again when a connection ends before the answer.
#include <exception>
#include <utility>
#include <variant>

#include "client/requests.hpp"

namespace gangway::client {

void Requests::ask(Inquiry inquiry) {
  waiting_inquiries_.push_back(std::move(inquiry));
  pump();
}

void Requests::send_inquiries() {
  for (; !waiting_inquiries_.empty(); waiting_inquiries_.pop_front()) {
    const wire::RequestId request = next_request();
    Inquiry& next = waiting_inquiries_.front();
    std::visit(
        [request](auto& question) {
          if constexpr (requires { question.request; }) question.request = request;
        },
        next.question);
    send_(next.question);
    inquiries_.emplace(request, std::move(next));
  }
}

base::Status Requests::inquiry_answered(wire::RequestId request, const wire::GatewayMessage& answer) {
  auto found = inquiries_.extract(request);
  if (found.empty()) {
    return base::Fault{"the gateway sent an answer for request " + std::to_string(request.value()) +
                       ", which does not wait for it"};
  }
  found.mapped().answer.set_value(answer);
  return base::Done{};
}

bool Requests::inquiry_refused(const wire::Refused& message) {
  auto found = inquiries_.extract(message.request);
  if (!found.empty()) {
    found.mapped().answer.set_exception(
        std::make_exception_ptr(Error{"the controller does not tell: " + message.reason}));
  }
  return !found.empty();
}

void Requests::keep_inquiries() {
  for (auto& [request, inquiry] : inquiries_) waiting_inquiries_.push_back(std::move(inquiry));
  inquiries_.clear();
}

void Requests::fail_inquiries(const std::string& reason) {
  keep_inquiries();
  for (Inquiry& inquiry : waiting_inquiries_) {
    inquiry.answer.set_exception(std::make_exception_ptr(ConnectionError{reason}));
  }
  waiting_inquiries_.clear();
}

}  // namespace gangway::client
