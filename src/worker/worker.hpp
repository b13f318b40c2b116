// The process that runs users' code beside an engine's rank. The keeper starts it with the engine's arena and with a
// channel to the rank; it does what the rank says, one message at a time, until the channel is closed or user code
// ends it.
#pragma once

#include <gangway/api.hpp>

namespace gangway::worker {

/// main() of gangway-worker: serves until the rank closes the channel. Returns the exit code. It lives in
/// libgangway.so so that modules, which are linked with that library, register their functions where the worker looks
/// for them.
///
/// Arguments: --arena-fd N --arena-base N --arena-bytes N --channel-fd N --event-fd N
GANGWAY_API int run(int argc, char** argv);

}  // namespace gangway::worker
