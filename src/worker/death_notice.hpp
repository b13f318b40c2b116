// The last thing a worker does when user code breaks it: it leaves the signal and the address in shared memory, where
// the rank finds them after the process is gone.
#pragma once

#include "base/result.hpp"
#include "keeper/last_words.hpp"

namespace gangway::worker {

/// From now on SIGSEGV, SIGBUS, SIGILL, SIGFPE and SIGABRT write into `area`, then do what they would have done. The
/// handlers run on a stack of their own, in the calling thread: a stack that has run out is recognised there. `area`
/// must live as long as the process; once in a process.
base::Status install_death_notice(keeper::LastWordsArea& area);

}  // namespace gangway::worker
