#include "app/journal_export.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <variant>

#include <gangway/function.hpp>

#include "core/controller.hpp"
#include "launch/json.hpp"
#include "wire/codec.hpp"

namespace gangway::app {
namespace {

using launch::JsonObject;

std::string base64(base::ByteView bytes) {
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  constexpr std::size_t group_bytes = 3;
  std::string text;
  text.reserve((bytes.size() + group_bytes - 1) / group_bytes * 4);
  for (std::size_t at = 0; at < bytes.size(); at += group_bytes) {
    const std::size_t count = std::min(group_bytes, bytes.size() - at);
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < group_bytes; ++i) {
      bits = bits << 8U | (i < count ? std::to_integer<std::uint32_t>(bytes[at + i]) : 0);
    }
    for (std::size_t i = 0; i < 4; ++i) text += i <= count ? letters[bits >> (18 - 6 * i) & 63U] : '=';
  }
  return text;
}

std::string hex(const wire::ModuleHash& hash) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : hash) {
    text += digits[byte >> 4U];
    text += digits[byte & 15U];
  }
  return text;
}

void add_operation(JsonObject& json, const base::SharedBytes& bytes) {
  const base::Result<wire::Operation> operation = wire::decode_operation(bytes);
  if (!operation) return;
  constexpr std::array<const char*, std::variant_size_v<wire::Operation>> kinds{"call", "push", "pull", "load"};
  json.text("operation", kinds[operation.value().index()]);
  if (const auto* call = std::get_if<wire::Call>(&operation.value())) {
    json.text("function", detail::readable_function(call->function.name.c_str()));
  } else if (const auto* push = std::get_if<wire::Push>(&operation.value())) {
    json.text("name", push->name);
  } else if (const auto* pull = std::get_if<wire::Pull>(&operation.value())) {
    json.text("name", pull->name);
  }
}

}  // namespace

void JournalExport::take(const core::Record& record) {
  std::visit([this](const auto& fact) { take_fact(fact); }, record.fact);
}

void JournalExport::end() {
  for (std::size_t index = 0; index < parts_.size(); ++index) write_part(index);
  parts_.clear();
}

void JournalExport::take_fact(const core::SessionOpened& fact) {
  out_ << JsonObject{}.text("kind", "session").number("id", fact.session.value()).text("name", fact.name).to_string()
       << '\n';
}

void JournalExport::take_fact(const core::ModuleStored& fact) {
  out_ << JsonObject{}
              .text("kind", "module")
              .text("hash", hex(fact.hash))
              .number("bytes", fact.content.size())
              .to_string()
       << '\n';
}

void JournalExport::take_fact(const core::LibraryAdded& fact) {
  out_ << JsonObject{}.text("kind", "library").text("hash", hex(fact.hash)).to_string() << '\n';
}

void JournalExport::take_fact(const core::TaskAccepted& fact) {
  end();
  task_ = fact;
  parts_.resize(std::max<std::size_t>(1, fact.engines.size()));
}

void JournalExport::take_fact(const core::AttemptStarted& fact) {
  Part& of = part(fact.attempt.task);
  of.attempts = fact.attempt.attempt;
  of.running = fact;
  of.state = "running";
}

void JournalExport::take_fact(const core::AttemptReturned& fact) {
  part(fact.attempt.task).running.reset();
  part(fact.attempt.task).state = "waiting";
}

void JournalExport::take_fact(const core::AttemptFailed& fact) {
  Part& of = part(fact.attempt.task);
  of.running.reset();
  of.state = "waiting";
  of.failed.push_back(JsonObject{}
                          .number("attempt", fact.attempt.attempt)
                          .number("engine", fact.engine.value())
                          .text("reason", fact.reason)
                          .to_string());
}

void JournalExport::take_fact(const core::TaskSettled& fact) {
  Part& of = part(fact.task);
  of.attempts = fact.run.attempt;
  of.answer = fact;
  of.state = "settled";
}

void JournalExport::take_fact(const core::TaskForgotten& fact) {
  part(fact.task).answer.reset();
  part(fact.task).state = "forgotten";
}

void JournalExport::take_fact(const core::TaskKept& fact) {
  part(fact.task).state = "kept";
}

void JournalExport::write_part(std::size_t index) const {
  const Part& of = parts_[index];
  JsonObject json;
  json.text("kind", "task")
      .number("id", task_.first_task.value() + index)
      .number("first", task_.first_task.value())
      .number("parts", parts_.size())
      .number("session", task_.session.value())
      .number("request", task_.request.value())
      .text("state", of.state)
      .text("label", task_.label);
  add_operation(json, task_.operation);
  if (!task_.key.empty()) json.text("key", task_.key);
  json.number("operation_bytes", task_.operation.size());
  if (!task_.engines.empty()) json.number("target", task_.engines[index].value());
  json.number("attempts", of.attempts).number("submitted_ns", task_.submitted_ns);
  if (!of.failed.empty()) json.raw("failed_attempts", launch::json_list(of.failed));
  if (of.running) json.number("engine", of.running->engine.value()).number("handed_ns", of.running->handed_ns);
  if (of.answer) {
    json.number("engine", of.answer->run.engine.value())
        .number("handed_ns", of.answer->run.handed_ns)
        .number("finished_ns", of.answer->run.finished_ns)
        .number("run_ns", of.answer->run.run_ns)
        .number("outcome_bytes", core::outcome_bytes(of.answer->outcome));
    if (const auto* failure = std::get_if<wire::Failure>(&of.answer->outcome)) {
      json.text("outcome", "failure").text("type", failure->type).text("text", failure->text);
    } else {
      json.text("outcome", "result");
    }
  }
  if (payloads_) {
    json.text("operation_base64", base64(task_.operation.view()));
    const auto* result = of.answer ? std::get_if<base::SharedBytes>(&of.answer->outcome) : nullptr;
    if (result != nullptr) json.text("result_base64", base64(result->view()));
  }
  out_ << json.to_string() << '\n';
}

}  // namespace gangway::app
