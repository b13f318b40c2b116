#include "client/outgoing.hpp"

#include <span>
#include <utility>

#include <gangway/error.hpp>

#include "base/limits.hpp"
#include "wire/codec.hpp"

namespace gangway::client {

Submission call_of(const KnownFunction& function, std::vector<std::string> needs,
                   const detail::ByteSource& arguments) {
  if (arguments.bytes() > base::encoded_object_bytes_max) {
    throw Error{"the arguments of " + function.label + " take " + size_text(arguments.bytes()) +
                "; at most 64 MiB travel in one piece: push or scatter large values first and pass named(...), or "
                "use smaller chunks"};
  }
  base::ByteVector bytes = wire::encode_operation(wire::Call{function.reference, {}}, arguments.bytes());
  arguments.write_to(std::span{bytes}.last(arguments.bytes()));

  Submission submission;
  submission.label = function.label;
  submission.needs = std::move(needs);
  submission.operation = base::SharedBytes{std::move(bytes)};
  submission.module = function.module;
  return submission;
}

std::string labelled(const detail::ViewCore& core, const std::string& operation) {
  const std::string& label = core.options().label;
  return label.empty() ? operation : label + ": " + operation;
}

void set_options(Submission& submission, const detail::ViewCore& core) {
  submission.label = labelled(core, submission.label);
  submission.policy = {core.options().retries, core.options().at_most_once};
  submission.key = core.options().key;
  for (const auto& [how, task] : core.options().after) {
    submission.after.push_back({static_cast<wire::Condition>(how), task.shared()});
  }
}

std::string chunk_key(const detail::ViewCore& core, std::size_t first_element, std::size_t elements) {
  const std::string& key = core.options().key;
  if (key.empty()) {
    return key;
  }
  return key + " [" + std::to_string(first_element) + ", " + std::to_string(first_element + elements) + ")";
}

std::string size_text(std::size_t bytes) {
  const std::size_t tenths = bytes / (base::mib / 10);
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " MiB";
}

std::shared_ptr<const KnownFunction> find_function(detail::Session& session, const detail::Callee& callee) {
  if (const base::Status safe = session.functions().check_captures(callee); !safe) {
    throw Error{safe.fault().text};
  }
  auto found = session.functions().find(callee.stub);
  if (!found) {
    throw Error{found.fault().text};
  }
  return std::move(found).value();
}

}  // namespace gangway::client
