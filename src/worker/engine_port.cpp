#include "worker/engine_port.hpp"

#include <variant>

#include "base/check.hpp"
#include "base/limits.hpp"

namespace gangway::worker {

namespace {

wire::ValueHead head_of(const detail::ValueDescription& description) {
  return {description.is_array, description.type, description.element_bytes};
}

std::string checked_name(std::string_view name) {
  if (name.empty() || name.size() > base::name_bytes_max) {
    throw ValueError{"the name of a value has 1 to " + std::to_string(base::name_bytes_max) + " bytes, not " +
                     std::to_string(name.size())};
  }
  return std::string{name};
}

}  // namespace

void EnginePort::begin_call(const wire::EngineInfo& engine) {
  engine_ = engine;
}

void EnginePort::end_call(bool succeeded) {
  if (!succeeded) {
    // Versions that were dropped are decoded here and nowhere else.
    for (const std::string& name : made_) {
      objects_.forget_decoded(name);
    }
  }
  made_.clear();
  claimed_.clear();
  objects_.end_call();
}

template <class Answer>
Answer EnginePort::ask(const wire::FromWorker& request) {
  wire::ToWorker answer = rank_.ask(request);
  GANGWAY_CHECK(std::holds_alternative<Answer>(answer), "the rank answers a question with its own kind of answer");
  return std::get<Answer>(std::move(answer));
}

detail::OpenedValue EnginePort::open(std::string_view name, bool for_writing) {
  const auto access = for_writing ? wire::ValueAccess::write : wire::ValueAccess::read;
  auto answer = ask<wire::ValueOpened>(wire::OpenValue{checked_name(name), access});
  if (!answer.reason.empty()) {
    const bool torn = answer.failure == wire::FailureKind::torn;
    throw ValueError{answer.reason, torn ? FailureKind::torn : FailureKind::not_run};
  }
  if (for_writing) {
    claimed_.emplace(name);
  }
  return {.is_array = answer.head.is_array,
          .type = std::move(answer.head.type),
          .element_bytes = static_cast<std::size_t>(answer.head.element_bytes),
          .version = answer.version,
          .changing = claimed_.contains(name),
          .data = rank_.arena(answer.data)};
}

std::span<std::byte> EnginePort::granted(std::string_view name, std::size_t bytes, const wire::BlockGranted& answer) {
  if (!answer.reason.empty()) {
    throw ValueError{answer.reason};
  }
  GANGWAY_CHECK(answer.block.bytes == bytes, "a granted block is as long as was asked for");
  made_.emplace(name);
  return rank_.arena(answer.block);
}

std::span<std::byte> EnginePort::make_array(std::string_view name, const detail::ValueDescription& description,
                                            std::size_t bytes) {
  const auto answer = ask<wire::BlockGranted>(wire::MakeArray{checked_name(name), head_of(description), bytes});
  claimed_.emplace(name);
  return granted(name, bytes, answer);
}

std::span<std::byte> EnginePort::set_object(std::string_view name, const detail::ValueDescription& description,
                                            std::size_t bytes) {
  if (bytes > base::object_bytes_max) {
    throw ValueError{place_of(name) + " would take " + std::to_string(bytes / base::mib) +
                     " MiB; an object has at most " + std::to_string(base::object_bytes_max / base::mib) +
                     " MiB: keep large data in arrays"};
  }
  const auto answer = ask<wire::BlockGranted>(wire::SetObject{checked_name(name), head_of(description), bytes});
  return granted(name, bytes, answer);
}

bool EnginePort::erase(std::string_view name) {
  made_.emplace(name);
  return ask<wire::ValueErased>(wire::EraseValue{checked_name(name)}).existed;
}

std::vector<std::string> EnginePort::names() {
  return ask<wire::NamesListed>(wire::ListNames{}).names;
}

}  // namespace gangway::worker
