#include "keeper/own_death.hpp"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>

#include "os/descriptor.hpp"

namespace gangway::keeper {

namespace {

// A signal handler has no other way to its data.
std::atomic<const NodePage*> page_to_mark = nullptr;
std::atomic<int> own_rank = 0;

void mark_and_end(int signal) {
  page_to_mark.load()->mark_dead(own_rank.load(), signal);
  ::_exit(EXIT_FAILURE);
}

}  // namespace

base::Status mark_own_death(const NodePage& page, int rank) {
  page_to_mark.store(&page);
  own_rank.store(rank);
  struct sigaction action {};
  action.sa_handler = mark_and_end;
  ::sigfillset(&action.sa_mask);
  if (::sigaction(SIGTERM, &action, nullptr) != 0) return os::system_fault("cannot handle a signal");
  return base::Done{};
}

}  // namespace gangway::keeper
