#include "core/retry.hpp"

#include <algorithm>
#include <cstddef>

namespace gangway::core {

namespace {

using wire::FailureKind;

constexpr std::size_t reason_bytes_max = 200;

// The first ones and the last ones tell most.
constexpr std::size_t told_first = 3;
constexpr std::size_t told_last = 5;

std::size_t count(const std::vector<FailedAttempt>& attempts, FailureKind kind) {
  const auto is_of_kind = [kind](const FailedAttempt& attempt) { return attempt.kind == kind; };
  return static_cast<std::size_t>(std::count_if(attempts.begin(), attempts.end(), is_of_kind));
}

}  // namespace

bool may_follow(FailureKind kind, const std::vector<FailedAttempt>& before, const wire::RetryPolicy& policy,
                const base::Limits& limits) {
  if (policy.at_most_once || kind == FailureKind::not_run || kind == FailureKind::refused) return false;
  const std::size_t lost = count(before, FailureKind::engine_lost);
  if (kind == FailureKind::engine_lost) return lost + 1 < limits.attempts_max;
  if (kind == FailureKind::worker_crashed && count(before, kind) + 1 >= limits.worker_kills_max) return false;
  return before.size() - lost < policy.retries;
}

std::string story_of(const std::vector<FailedAttempt>& attempts) {
  std::string story;
  const std::size_t left_out =
      attempts.size() > told_first + told_last ? attempts.size() - told_first - told_last : 0;
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    if (!story.empty()) story += ", ";
    if (left_out > 0 && i == told_first) {
      story += std::to_string(left_out) + " more, ";
      i += left_out;
    }
    const FailedAttempt& attempt = attempts[i];
    story += "attempt " + std::to_string(attempt.attempt);
    story += attempt.kind == FailureKind::engine_lost ? " ended with engine " : " failed on engine ";
    story += std::to_string(attempt.engine.value()) + " (" + attempt.reason + ")";
  }
  return story;
}

std::string reason_of(const wire::Failure& failure) {
  std::string reason = failure.type + (failure.type.empty() || failure.text.empty() ? "" : ": ") + failure.text;
  std::replace(reason.begin(), reason.end(), '\n', ' ');
  if (reason.size() <= reason_bytes_max) return reason;
  // Not in the middle of a character of UTF-8.
  std::size_t end = reason_bytes_max;
  while (end > 0 && (static_cast<unsigned char>(reason[end]) & 0xC0U) == 0x80U) --end;
  return reason.substr(0, end) + "...";
}

}  // namespace gangway::core
