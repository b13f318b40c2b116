// Options of views: values that are handed to with(). A later one replaces an earlier one of its kind.
#pragma once

#include <cstddef>
#include <cstdint>
#include <ranges>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <gangway/detail/task_handle.hpp>

namespace gangway {

/// How many elements of a map travel together. 0: chosen by Gangway.
struct Chunk {
  std::size_t elements = 0;
};
[[nodiscard]] constexpr Chunk chunk(std::size_t elements) {
  return {elements};
}

/// What tasks are for, in the user's words: it stands before the function's name in errors and in the controller's
/// records, and before a map's progress. At most 4 KiB; empty: none.
struct Label {
  std::string text;
};
[[nodiscard]] inline Label label(std::string text) {
  return {std::move(text)};
}

/// A balanced task whose function threw, or whose worker died, is run again, up to `count` times (100 at most), on
/// whichever engine is free; of a map, the chunk is. A task that kills its worker each time is given up earlier. What
/// an engine had that is lost is run again in any case.
struct Retries {
  std::uint32_t count = 0;
};
[[nodiscard]] constexpr Retries retries(std::uint32_t count) {
  return {count};
}

/// The task is never run a second time: if its engine, or the cluster, is lost while it may be running, it fails.
/// Without this such a balanced task is run again.
struct AtMostOnce {};
[[nodiscard]] constexpr AtMostOnce at_most_once() {
  return {};
}

/// The task waits until others have ended, in this way.
enum class Follows : std::uint8_t {
  success = 1,  ///< all have succeeded
  failure = 2,  ///< each has failed; of several parts (engines, elements), one at least
  end = 3,      ///< all have ended, however
};

template <Follows How>
struct After {
  std::vector<detail::TaskHandle> tasks;
};

namespace detail {

// Futures and what maps give, one by one or in ranges.
template <class Followed>
void add_followed(std::vector<TaskHandle>& tasks, const Followed& followed) {
  if constexpr (std::ranges::input_range<const Followed&>) {
    for (const auto& one : followed) add_followed(tasks, one);
  } else {
    tasks.push_back(followed.future().task());
  }
}

template <Follows How, class... Followed>
After<How> all_followed(const Followed&... followed) {
  After<How> after;
  (add_followed(after.tasks, followed), ...);
  return after;
}

}  // namespace detail

/// A balanced task that runs when others have succeeded: `any.with(after(mesh, flow)).apply(fn<report>)`. What it
/// follows are Futures of tasks of the same client, maps, or ranges of Futures. When one of them fails, it fails at
/// once with FailureKind::not_run, and says which. No thread and no connection waits: the controller knows.
template <class... Followed>
[[nodiscard]] After<Follows::success> after(const Followed&... followed) {
  return detail::all_followed<Follows::success>(followed...);
}

/// One that runs when others have failed, each of them: it fails at once when one succeeds.
template <class... Followed>
[[nodiscard]] After<Follows::failure> after_failure(const Followed&... followed) {
  return detail::all_followed<Follows::failure>(followed...);
}

/// One that runs when others have ended, in whatever way.
template <class... Followed>
[[nodiscard]] After<Follows::end> after_any(const Followed&... followed) {
  return detail::all_followed<Follows::end>(followed...);
}

/// Of a balanced task in a session with a name (see Client): the same key is the same task, in this process and in
/// all that come later. What has been submitted is not run again, and its answer is there again. A map with a key is
/// kept chunk by chunk, so that a process that died in the middle is taken up where it was; for that the range has to
/// be the same, and as_completed() needs chunk(n).
///
/// The key stands for function and arguments: give it another name when those change. 1 byte to 4 KiB.
struct Key {
  std::string text;
};
[[nodiscard]] inline Key key(std::string text) {
  return {std::move(text)};
}

}  // namespace gangway
