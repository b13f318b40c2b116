// The limits that several parts share, each with its unit in its name and its reason beside it; one that a single
// file knows stands at the head of that file. Limits that a test or the simulator wants small are members of a struct
// and are passed in; those that both ends of a wire must share are constants.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/instant.hpp"

namespace gangway::base {

inline constexpr std::size_t kib = 1024;
inline constexpr std::size_t mib = 1024 * kib;

/// The largest object that travels: what a user may push, pull, pass or return. Objects travel whole, hence the
/// bound.
inline constexpr std::size_t object_bytes_max = 64 * mib;

/// The largest object in its travelling form: what is said about it needs some room too.
inline constexpr std::size_t encoded_object_bytes_max = object_bytes_max + 64 * kib;

/// The largest body of a frame or of a message between ranks: one object and what is said about it.
inline constexpr std::size_t frame_bytes_max = object_bytes_max + 1 * mib;

/// The largest frame accepted before a session is open: a stranger's frame holds a Hello and no more.
inline constexpr std::size_t hello_frame_bytes_max = 4 * kib;

/// Longest text in a message that is not an object: names, hosts, error texts (longer ones are cut by the sender).
inline constexpr std::size_t text_bytes_max = 64 * kib;

/// Longest name of a value or function; longer ones are refused where they are made.
inline constexpr std::size_t name_bytes_max = 4 * kib;

/// How often a client may have a task run again; the controller keeps why each attempt failed.
inline constexpr std::uint32_t retries_max = 100;

/// Most entries in a list inside a message (targets of a task, acknowledgements, engines).
inline constexpr std::size_t list_entries_max = 64 * kib;

/// A map that is consumed as it completes (BalancedView::as_completed) has at most this many chunks for each engine
/// sent and not yet consumed: one runs, one is on its way there, one on its way back, one is being consumed.
inline constexpr std::size_t stream_chunks_per_engine = 4;

/// All these chunks together, arguments and results, judged by the one that was consumed last. One chunk is always
/// allowed, and of the first ones nobody knows the results.
inline constexpr std::size_t stream_bytes_max = 64 * mib;

/// The size that each of these chunks is given if its elements are small enough.
inline constexpr std::size_t stream_chunk_bytes = 1 * mib;

/// What the controller grants. Constructor argument of the controller: the simulator runs with absurdly small ones.
struct Limits {
  std::uint32_t sessions_max = 1024;

  // Credit of one session: what it may have submitted and not yet acknowledged.
  std::uint32_t session_tasks_max = 65'536;
  std::uint64_t session_bytes_max = 512 * mib;

  /// Results a session has not acknowledged, in bytes: above it none of its tasks is handed out.
  std::uint64_t session_results_bytes_max = 256 * mib;

  /// What a task is expected to bring while nothing is known of its kind: so many tasks are not out at once that
  /// their results would exceed the above. See core/results_window.hpp.
  std::uint64_t result_bytes_guess = encoded_object_bytes_max;

  // Window of the queue: plain balanced tasks that wait beyond it are parked, that is in the store alone. A session
  // may have so many in memory whatever others have, so that each has its turn.
  std::uint32_t window_tasks_max = 8192;
  std::uint64_t window_bytes_max = 64 * mib;
  std::uint32_t window_session_tasks = 64;

  // How many parked tasks are read back at a time, and when their operations are enough: about a millisecond of work.
  std::uint32_t page_tasks_max = 256;
  std::uint64_t page_bytes_max = 4 * mib;

  // Window of one engine: what it has been handed and has not answered.
  std::uint32_t engine_attempts_max = 64;
  std::uint64_t engine_bytes_max = 128 * mib;

  /// Balanced tasks are handed out ahead for at most this much expected work, so that an engine does not wait for
  /// the next one and no task waits behind a long one.
  Duration engine_ahead = milliseconds(1);

  /// A balanced task whose engines were lost this many times is failed: it may be what kills them.
  std::uint32_t attempts_max = 3;

  /// A task that has killed so many workers is failed, whatever retries it has left.
  std::uint32_t worker_kills_max = 3;

  /// Modules kept for engines, in number and in bytes.
  std::uint32_t modules_max = 64;
  std::uint64_t modules_bytes_max = 512 * mib;

  /// Values kept for engines that join later, in bytes, and their names, which have room in an engine's memory of
  /// names.
  std::uint64_t environment_bytes_max = 4096 * mib;
  std::uint64_t environment_names_bytes_max = 64 * kib;

  /// A connection that has not said Hello after this long is closed.
  Duration hello_timeout = seconds(10);

  /// A client that has said nothing, not even a Ping, for this long is gone.
  Duration client_silence_max = seconds(60);

  /// A session without a connection that has tasks or answers is kept for this long.
  Duration session_linger = seconds(3600);

  /// The same for a session with a name, which is kept for its results too.
  Duration named_session_linger = seconds(7 * 24 * 3600);
};

}  // namespace gangway::base
