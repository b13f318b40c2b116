// The texts of errors.
#include <gangway/error.hpp>

#include <algorithm>
#include <utility>

#include "base/check.hpp"
#include "client/failure.hpp"

namespace gangway {

namespace {

constexpr std::size_t composite_lines_max = 4;

std::string place(const RemoteError::Details& details) {
  std::string text;
  if (details.index && details.elements > 1) {
    text = "elements " + std::to_string(*details.index) + " to " +
           std::to_string(*details.index + details.elements - 1) + ": ";
  } else if (details.index) {
    text = "element " + std::to_string(*details.index) + ": ";
  }
  if (details.engine) {
    text += "engine " + std::to_string(details.engine->value());
    text += details.host.empty() ? ": " : " on " + details.host + ": ";
  }
  return text;
}

std::string origin(const RemoteError::Details& details) {
  std::string text;
  if (details.task != TaskId{}) {
    text = "task " + std::to_string(details.task.value());
  }
  if (!details.label.empty()) {
    text += (text.empty() ? "" : ", ") + details.label;
  }
  if (details.attempt > 1) {
    text += ", attempt " + std::to_string(details.attempt);
  }
  if (!details.story.empty()) {
    text += "; before: " + details.story;
  }
  return text.empty() ? text : " (" + text + ")";
}

std::string one_line(const RemoteError::Details& details) {
  const std::string separator = details.type.empty() || details.text.empty() ? "" : ": ";
  std::string line = place(details) + details.type + separator + details.text + origin(details);
  std::replace(line.begin(), line.end(), '\n', ' ');
  return line;
}

std::string several_lines(const std::vector<RemoteError>& errors, std::size_t failed, std::size_t parts) {
  const bool is_map = errors.front().index().has_value();
  std::string text =
      std::to_string(failed) + " of " + std::to_string(parts) + (is_map ? " elements failed:" : " engines failed:");
  std::size_t shown = 0;
  for (std::size_t i = 0; i < std::min(errors.size(), composite_lines_max); ++i) {
    text += "\n  ";
    text += errors[i].what();
    shown += errors[i].elements();
  }
  if (failed > shown) {
    text += "\n  and " + std::to_string(failed - shown) + " more";
  }
  return text;
}

}  // namespace

ConnectionError::~ConnectionError() = default;
RemoteError::~RemoteError() = default;
CompositeError::~CompositeError() = default;

RemoteError::RemoteError(Details details)
    : Error{one_line(details)}, details_{std::make_shared<const Details>(std::move(details))} {}

CompositeError::CompositeError(std::vector<RemoteError> errors, std::size_t failed, std::size_t parts)
    : Error{several_lines(errors, failed, parts)},
      errors_{std::make_shared<const std::vector<RemoteError>>(std::move(errors))},
      failed_{failed},
      parts_{parts} {}

FailureKind client::public_kind(wire::FailureKind kind) {
  switch (kind) {
    case wire::FailureKind::exception:
      return FailureKind::exception;
    case wire::FailureKind::worker_crashed:
      return FailureKind::worker_crashed;
    case wire::FailureKind::engine_lost:
      return FailureKind::engine_lost;
    case wire::FailureKind::not_run:
      return FailureKind::not_run;
    case wire::FailureKind::refused:
      return FailureKind::refused;
    case wire::FailureKind::torn:
      return FailureKind::torn;
  }
  GANGWAY_CHECK(false, "the codec lets only known kinds of failures through");
}

}  // namespace gangway
