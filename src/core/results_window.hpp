// How many of a session's tasks may be with engines at once, so that the answers they bring find room: what a session
// has not acknowledged is bounded by session_results_bytes_max, and so is what is on its way.
//
// How long a result will be is not known before it is there. But results of tasks with the same label (a function, a
// pull of a value) are alike: a task is expected to bring as much as the longest result of its label so far, and one
// whose label has brought nothing yet as much as result_bytes_guess. That must not keep engines idle: an engine that
// has nothing may be given a task although others of unknown size are out. So at most
//
//   session_results_bytes_max + engines * result_bytes_guess
//
// come back to a session that acknowledges nothing, as long as the results of a label do not grow.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>

#include <gangway/ids.hpp>

#include "base/limits.hpp"
#include "wire/protocol.hpp"

namespace gangway::core {

/// Part of the controller; lives with the process. Sessions appear with their first task.
class ResultsWindow {
 public:
  explicit ResultsWindow(const base::Limits& limits) : limits_{limits} {}

  enum class Room {
    free,         // the result will find room
    idle_engine,  // the task may only go where nothing else is
    none,         // not before the session has answered for something
  };
  /// The room for the result of one more task of a session that keeps `kept_bytes` of results.
  [[nodiscard]] Room room(SessionId session, std::string_view label, std::uint64_t kept_bytes) const;

  /// An engine has been given a task, has finished it, or has not.
  void handed(SessionId session, std::string_view label);
  void answered(SessionId session, std::string_view label, const wire::Outcome& outcome);
  void taken_back(SessionId session, std::string_view label);

  /// A task of the session was not handed out for want of room.
  void note_tight(SessionId session);
  /// Whether that has happened since the last call.
  bool take_tight(SessionId session);

  /// The session has ended; what its tasks bring is dropped.
  void drop(SessionId session) { sessions_.erase(session); }

  /// Tasks of the session that are with engines.
  [[nodiscard]] std::uint64_t in_hand(SessionId session) const;
  void check_invariants() const;

 private:
  struct Label {
    std::uint64_t in_hand = 0;
    std::optional<std::uint64_t> longest;
  };
  struct Session {
    std::map<std::uint64_t, Label> labels;  // by hash
    std::uint64_t in_hand = 0;
    std::uint64_t expected_bytes = 0;  // of those in hand whose label is known
    std::uint64_t unknown = 0;         // those in hand whose label is not
    bool tight = false;
  };

  static void count(Session& session, const Label& label);
  static void discount(Session& session, const Label& label);
  static void forget_idle_labels(Session& session);
  void end_attempt(SessionId session, std::string_view label, std::optional<std::uint64_t> result_bytes);

  const base::Limits& limits_;
  std::map<SessionId, Session> sessions_;
};

}  // namespace gangway::core
