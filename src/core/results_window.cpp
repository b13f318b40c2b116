#include "core/results_window.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "base/check.hpp"

namespace gangway::core {

namespace {

// Labels of one session that are remembered besides those of tasks in hand.
constexpr std::size_t labels_max = 256;

/// FNV-1a: labels are long, and only compared.
std::uint64_t key_of(std::string_view label) {
  std::uint64_t hash = 14'695'981'039'346'656'037U;
  for (const char letter : label) hash = (hash ^ static_cast<unsigned char>(letter)) * 1'099'511'628'211U;
  return hash;
}

}  // namespace

ResultsWindow::Room ResultsWindow::room(SessionId id, std::string_view label, std::uint64_t kept_bytes) const {
  const auto found = sessions_.find(id);
  const Session none_yet;
  const Session& session = found == sessions_.end() ? none_yet : found->second;
  if (session.in_hand == 0 && kept_bytes == 0) return Room::free;
  const auto known = session.labels.find(key_of(label));
  const bool is_known = known != session.labels.end() && known->second.longest;
  const std::uint64_t expected = kept_bytes + session.expected_bytes + (is_known ? *known->second.longest : 0);
  if (expected > limits_.session_results_bytes_max) return Room::none;
  const std::uint64_t guessed = (session.unknown + (is_known ? 0 : 1)) * limits_.result_bytes_guess;
  return expected + guessed <= limits_.session_results_bytes_max ? Room::free : Room::idle_engine;
}

void ResultsWindow::handed(SessionId id, std::string_view label) {
  Session& session = sessions_[id];
  if (session.labels.size() >= labels_max) forget_idle_labels(session);
  Label& entry = session.labels[key_of(label)];
  discount(session, entry);
  ++entry.in_hand;
  count(session, entry);
}

void ResultsWindow::answered(SessionId id, std::string_view label, const wire::Outcome& outcome) {
  // A failure says nothing about the results of those that succeed.
  const auto* result = std::get_if<base::SharedBytes>(&outcome);
  end_attempt(id, label, result != nullptr ? std::optional<std::uint64_t>{result->size()} : std::nullopt);
}

void ResultsWindow::taken_back(SessionId id, std::string_view label) {
  end_attempt(id, label, std::nullopt);
}

void ResultsWindow::end_attempt(SessionId id, std::string_view label, std::optional<std::uint64_t> result_bytes) {
  const auto found = sessions_.find(id);
  GANGWAY_CHECK(found != sessions_.end(), "a task came back of a session that has none with engines");
  Label& entry = found->second.labels.at(key_of(label));
  GANGWAY_CHECK(entry.in_hand > 0, "a task came back that was not handed out");
  discount(found->second, entry);
  --entry.in_hand;
  if (result_bytes) entry.longest = std::max(entry.longest.value_or(0), *result_bytes);
  count(found->second, entry);
}

void ResultsWindow::note_tight(SessionId id) {
  sessions_[id].tight = true;
}

bool ResultsWindow::take_tight(SessionId id) {
  const auto found = sessions_.find(id);
  return found != sessions_.end() && std::exchange(found->second.tight, false);
}

std::uint64_t ResultsWindow::in_hand(SessionId id) const {
  const auto found = sessions_.find(id);
  return found == sessions_.end() ? 0 : found->second.in_hand;
}

void ResultsWindow::count(Session& session, const Label& label) {
  session.in_hand += label.in_hand;
  if (label.longest) {
    session.expected_bytes += label.in_hand * *label.longest;
  } else {
    session.unknown += label.in_hand;
  }
}

void ResultsWindow::discount(Session& session, const Label& label) {
  session.in_hand -= label.in_hand;
  if (label.longest) {
    session.expected_bytes -= label.in_hand * *label.longest;
  } else {
    session.unknown -= label.in_hand;
  }
}

void ResultsWindow::forget_idle_labels(Session& session) {
  std::erase_if(session.labels, [](const auto& entry) { return entry.second.in_hand == 0; });
}

void ResultsWindow::check_invariants() const {
  for (const auto& [id, session] : sessions_) {
    Session sums;
    for (const auto& [key, label] : session.labels) count(sums, label);
    GANGWAY_CHECK(sums.in_hand == session.in_hand && sums.unknown == session.unknown &&
                      sums.expected_bytes == session.expected_bytes,
                  "the expected results of a session are miscounted");
  }
}

}  // namespace gangway::core
