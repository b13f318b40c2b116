// Options of views: values that are handed to with(). A later one replaces an earlier one of its kind.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

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

}  // namespace gangway
