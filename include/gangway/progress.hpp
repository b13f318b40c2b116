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

/// Draws a bar on `out`, a terminal, until all elements of the map are done, after the view's label if it has one:
/// `phase 2 [######......] 5000/10000, 1250/s, 4 s left`. Rate and time left are those of the last ten seconds. It is
/// drawn again when something has changed, ten times a second at most and each second at least, and ends with a line
/// break. Throws nothing of the map's: call get() for the results. Any thread, one for each stream.
template <class R>
void show_progress(const MapFuture<R>& map, std::ostream& out) {
  detail::draw_progress(map.task(), out);
}

}  // namespace gangway
