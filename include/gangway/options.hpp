// Options of views: values that are handed to with(). A later one replaces an earlier one of its kind.
#pragma once

#include <cstddef>
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

}  // namespace gangway
