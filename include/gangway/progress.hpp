// A progress bar for whoever waits for a map.
#pragma once

#include <ostream>

#include <gangway/api.hpp>
#include <gangway/future.hpp>
#include <gangway/map_future.hpp>

namespace gangway {

namespace detail {

GANGWAY_API void draw_progress(const TaskHandle& task, std::ostream& out);

}  // namespace detail

/// Draws a bar on `out`, a terminal, until all elements of the map are done: `[######......] 5000/10000`. It is drawn
/// again when something has changed, ten times a second at most, and ends with a line break. Throws nothing of the
/// map's: call get() for the results.
template <class R>
void show_progress(const MapFuture<R>& map, std::ostream& out) {
  detail::draw_progress(map.task(), out);
}

}  // namespace gangway
