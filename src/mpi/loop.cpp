#include "mpi/loop.hpp"

#include <sched.h>
#include <sys/prctl.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/system/error_code.hpp>

#include "base/check.hpp"
#include "mpi/doorbell.hpp"
#include "mpi/link.hpp"
#include "mpi/network_bells.hpp"
#include "mpi/world.hpp"
#include "os/clock.hpp"

namespace gangway::mpi {

namespace {

using base::Duration;
using base::Instant;

// Asio handlers run in one round, each of which reads at most 16 KiB of a client's bytes.
constexpr int handlers_per_round = 64;

// How long an idle loop stays awake before it sleeps. Measured: spinning pays while each rank has a core; giving the
// core away is what makes more ranks than cores work.
constexpr Duration spin = base::microseconds(20);
constexpr Duration spin_crowded = base::microseconds(2);
constexpr Duration yield = base::microseconds(50);

// While MPI has something half done, a loop naps; when nothing has moved for `nap_patience` it sleeps instead, for
// `sleep_half_done_max` at a time, since then it waits for a rank that is stopped or dead.
constexpr Duration nap = base::microseconds(50);
constexpr Duration nap_patience = base::milliseconds(20);
constexpr Duration sleep_half_done_max = base::milliseconds(1);

// The longest sleeps; no bell is lost that we know of, but none is trusted with more than this.
constexpr Duration sleep_waiting_max = base::milliseconds(10);
constexpr Duration sleep_idle_max = base::milliseconds(100);

// Ranks of other nodes that cannot ring: their messages are looked for, less often the longer none has come.
constexpr Duration sleep_polling_min = base::milliseconds(1);
constexpr std::int64_t polling_share = 8;  // of the quiet time that one sleep takes

// Messages that were counted and have not come after this long of silence are lost with a rank that died.
constexpr Duration missing_patience = base::milliseconds(200);

// Sockets are looked at in every round that did something, and in every one of so many that did not.
constexpr std::uint64_t io_every_rounds = 16;

}  // namespace

struct Loop::State {
  State(const World& job, const Doorbell& bell, Link& messages, boost::asio::io_context& context, LoopEvents user)
      : world{job},
        doorbell{bell},
        link{messages},
        io{context},
        bell_socket{context, bell.descriptor()},
        events{std::move(user)},
        spin_time{job.node_ranks().size() > std::thread::hardware_concurrency() ? spin_crowded : spin} {
    GANGWAY_CHECK(events.turn != nullptr, "a loop needs something to turn");
    wait_for_bell();
    if (NetworkBells* const network = bell.network()) {
      network_socket.emplace(context, network->descriptor());
      wait_for_network();
    }
  }

  ~State() {
    // The socket is the doorbell's; and the wait that this cancels must not find us gone.
    bell_socket.release();
    if (network_socket) network_socket->release();
    *here = false;
  }

  void wait_for_bell() {
    bell_socket.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                           [this, still = here](const boost::system::error_code& error) {
                             if (!*still || error) return;
                             const std::uint64_t rings = doorbell.silence();
                             counts.bells += rings;
                             wait_for_bell();
                           });
  }

  void wait_for_network() {
    network_socket->async_wait(boost::asio::posix::stream_descriptor::wait_read,
                               [this, still = here](const boost::system::error_code& error) {
                                 if (!*still || error) return;
                                 counts.bells += static_cast<std::uint64_t>(doorbell.network()->receive(os::now()));
                                 wait_for_network();
                               });
  }

  // What the bells between nodes want done from time to time.
  void serve_network() {
    NetworkBells* const network = doorbell.network();
    if (network == nullptr) return;
    const Instant time = os::now();
    network->ring_owed(time);
    network->probe(time);
  }

  void doubt_bells() {
    NetworkBells* const network = doorbell.network();
    if (network != nullptr) network->doubt(os::now(), [this](int rank) { return link.received_from(rank); });
  }

  // True if ranks of other nodes may send to this one and not be able to ring.
  bool must_poll() const {
    if (world.one_node()) return false;
    return doorbell.network() == nullptr || doorbell.network()->must_poll();
  }

  bool poll_io() {
    if (io.stopped()) io.restart();
    // A client that sends without a pause always has a handler ready: poll() would serve it for ever.
    int served = 0;
    while (served < handlers_per_round && io.poll_one() > 0) ++served;
    return served > 0;
  }

  // One round of everything that does not wait.
  bool serve() {
    ++counts.rounds;
    doorbell.count_round();
    bool moved = link.poll();
    if (std::exchange(slept_to_the_end, false) && moved) doubt_bells();
    moved |= report_deaths();
    moved |= events.turn();
    serve_network();
    if (moved || counts.rounds % io_every_rounds == 0) moved |= poll_io();
    return moved;
  }

  bool report_deaths() {
    const std::uint32_t deaths = doorbell.page().deaths();
    if (deaths == deaths_seen) return false;
    deaths_seen = deaths;
    std::vector<int> dead;
    for (const int rank : world.node_ranks()) {
      const bool known = std::find(reported.begin(), reported.end(), rank) != reported.end();
      if (!known && doorbell.page().slot(rank).dead.load() != 0) dead.push_back(rank);
    }
    reported.insert(reported.end(), dead.begin(), dead.end());
    if (dead.empty()) return false;
    // What they had sent completely is good; a bound, for the living may send for ever.
    for (int i = 0; i < 100 && link.poll(); ++i) continue;
    for (const int rank : dead) {
      link.forget(rank);
      if (events.rank_died) events.rank_died(rank, doorbell.page().slot(rank).wait_status.load());
    }
    return true;
  }

  // True if a message was counted as sent to this rank that has not arrived: somebody's MPI has it half done.
  bool message_missing(Duration quiet) {
    NetworkBells* const network = doorbell.network();
    if (network != nullptr && network->missing(os::now(), [this](int rank) { return link.received_from(rank); }))
      return true;
    const std::uint64_t missing = doorbell.messages_sent_to_me() - link.received_on_node();
    if (missing == missing_for_good) return false;
    if (quiet < missing_patience) return true;
    missing_for_good = missing;
    return false;
  }

  Duration sleep_max(bool half_done, Duration quiet) const {
    Duration longest = sleep_idle_max;
    if (link.waiting()) longest = sleep_waiting_max;
    if (must_poll()) {
      longest =
          std::min(longest, std::clamp(Duration{quiet.ns / polling_share}, sleep_polling_min, polling_interval_max));
    }
    if (doorbell.network() != nullptr) {
      if (const std::optional<Instant> probe = doorbell.network()->next_probe()) {
        longest = std::min(longest, std::max(*probe - os::now(), Duration{}));
      }
    }
    if (half_done) longest = std::min(longest, sleep_half_done_max);
    if (events.sleep_max) longest = std::min(longest, events.sleep_max());
    return longest;
  }

  // Nothing is to be done: waits in the way that suits. True if something happened that asks for staying awake.
  bool rest(Duration quiet) {
    if (quiet < spin_time) return false;
    if (quiet < spin_time + yield) {
      ::sched_yield();
      return poll_io();  // as good a pause as any
    }
    if (link.transferring() && quiet < nap_patience) return take_nap();
    doorbell.fall_asleep();
    if (events.asleep) events.asleep(true);
    // MPI looks first and progresses afterwards: only a second poll sees what the first one brought in.
    bool moved = link.poll();
    moved |= link.poll();
    moved |= report_deaths();
    moved |= events.turn();
    if (!moved && !stopping) moved = sleep(quiet);
    doorbell.wake_up();
    if (events.asleep) events.asleep(false);
    return moved;
  }

  bool sleep(Duration quiet) {
    const bool missing = message_missing(quiet);
    if ((missing || must_poll()) && quiet < nap_patience) return take_nap();
    const Duration longest = sleep_max(missing || link.transferring(), quiet);
    if (longest <= Duration{}) return poll_io();
    // Nobody rings for this rank while it sleeps, and what it owes may have been noted since serve_network().
    if (NetworkBells* const network = doorbell.network()) network->ring_owed(os::now(), true);
    ++counts.sleeps;
    if (io.stopped()) io.restart();
    slept_to_the_end = io.run_one_for(std::chrono::nanoseconds{longest.ns}) == 0;
    return !slept_to_the_end;
  }

  bool take_nap() {
    ++counts.naps;
    const timespec span{0, nap.ns};
    ::nanosleep(&span, nullptr);
    return poll_io();
  }

  const World& world;
  const Doorbell& doorbell;
  Link& link;
  boost::asio::io_context& io;
  boost::asio::posix::stream_descriptor bell_socket;
  std::optional<boost::asio::posix::stream_descriptor> network_socket;
  LoopEvents events;
  Duration spin_time;
  LoopCounts counts;
  std::vector<int> reported;  // ranks known to be dead
  std::uint32_t deaths_seen = 0;
  std::uint64_t missing_for_good = 0;
  bool slept_to_the_end = false;  // nothing woke it
  bool running = false;
  bool stopping = false;
  std::shared_ptr<bool> here = std::make_shared<bool>(true);
};

Loop::Loop(const World& world, const Doorbell& doorbell, Link& link, boost::asio::io_context& io, LoopEvents events)
    : state_{std::make_unique<State>(world, doorbell, link, io, std::move(events))} {}

Loop::~Loop() = default;

void Loop::run() {
  State& loop = *state_;
  GANGWAY_CHECK(!loop.running, "a loop is run from within its own event");
  // By default the kernel adds 50 us to a sleep of 50.
  ::prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
  loop.running = true;
  loop.stopping = false;
  Instant active = os::now();
  while (!loop.stopping) {
    const bool is_active = loop.serve() || (!loop.stopping && loop.rest(os::now() - active));
    if (is_active) active = os::now();
  }
  // Whoever was sent a last message must not sleep over it.
  if (NetworkBells* const network = loop.doorbell.network()) network->ring_owed(os::now(), true);
  loop.running = false;
}

void Loop::stop() {
  state_->stopping = true;
}

LoopCounts Loop::counts() const {
  return state_->counts;
}

}  // namespace gangway::mpi
