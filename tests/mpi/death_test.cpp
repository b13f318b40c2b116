// Ranks are killed in the middle of traffic; the others go on. Another rank plays the keeper of the one that dies.

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <boost/asio/steady_timer.hpp>

#include "base/limits.hpp"
#include "mpi/doorbell.hpp"
#include "mpi/link.hpp"
#include "mpi/loop.hpp"
#include "support/mpi_world.hpp"
#include "traffic.hpp"

namespace gangway::test {
namespace {

constexpr std::uint32_t messages_each = 300;
constexpr std::size_t bytes_max = base::mib;
constexpr std::size_t queued_bytes_max = 4 * base::mib;

// One rank of the traffic. `victims` are killed one after the other, each by the lowest rank that lives and is no
// victim, when that has heard enough of it.
class Survival {
 public:
  explicit Survival(std::vector<int> victims) : victims_{std::move(victims)} {
    mpi::LinkEvents link_events;
    link_events.deliver = [this](int source, std::uint8_t number, const base::SharedBytes& head,
                                 const base::SharedBytes& bulk) { delivered(source, number, head, bulk); };
    link_.emplace(world(), doorbell_, std::move(link_events), mpi::LinkLimits{});
    mpi::LoopEvents events;
    events.turn = [this] { return turn(); };
    events.rank_died = [this](int rank, int status) {
      EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
      EXPECT_TRUE(dead_.insert(rank).second) << "told twice of rank " << rank;
      EXPECT_EQ(link_->queued_bytes(rank), 0U);
      somebody_died();
    };
    loop_.emplace(world(), doorbell_, *link_, io_, std::move(events));
    for (int rank = 0; rank < ranks_; ++rank) {
      if (!is_victim(rank)) survivors_.push_back(rank);
    }
    sent_.resize(static_cast<std::size_t>(ranks_));
  }

  void run() {
    meet();
    if (is_victim(rank_)) leave_status(0);
    boost::asio::steady_timer deadline{io_, std::chrono::minutes{1}};
    deadline.async_wait([this](const boost::system::error_code&) {
      ADD_FAILURE() << "not done after a minute; dead: " << dead_.size() << ", done: " << done_.size();
      loop_->stop();
    });
    loop_->run();
    for (const int victim : victims_) EXPECT_TRUE(dead_.contains(victim));
    for (const int survivor : survivors_) EXPECT_EQ(check_.received(survivor), messages_each);
  }

 private:
  static constexpr std::uint8_t done_number = 255;
  static constexpr std::uint8_t pid_number = 254;

  [[nodiscard]] bool is_victim(int rank) const {
    return std::find(victims_.begin(), victims_.end(), rank) != victims_.end();
  }

  void delivered(int source, std::uint8_t number, const base::SharedBytes& head, const base::SharedBytes& bulk) {
    EXPECT_FALSE(dead_.contains(source)) << "a message of rank " << source << " after its death was told";
    if (rank_ == survivors_.front() && is_victim(source) && !pids_.contains(source)) {
      EXPECT_EQ(number, pid_number);
      pid_t pid = 0;
      std::memcpy(&pid, head.view().data(), sizeof pid);
      pids_[source] = pid;
      return;
    }
    if (!is_victim(source) && !is_victim(rank_) && check_.received(source) == messages_each) {
      EXPECT_EQ(number, done_number);
      done_.insert(source);
      return;
    }
    check_.expect_next(source, number, head, bulk);
  }

  bool turn() {
    if (is_victim(rank_) && !said_pid_) {
      const pid_t pid = ::getpid();
      base::ByteVector head(sizeof pid);
      std::memcpy(head.data(), &pid, sizeof pid);
      link_->send(survivors_.front(), {pid_number, head, {}});
      said_pid_ = true;
    }
    if (rank_ == survivors_.front()) kill_next_victim();
    if (dead_.size() == victims_.size() && done_.size() == survivors_.size() && link_->idle()) loop_->stop();
    return send_more();
  }

  bool send_more() {
    bool sent = false;
    for (int target = 0; target < ranks_; ++target) {
      std::uint32_t& index = sent_[static_cast<std::size_t>(target)];
      // Survivors hold their last messages back until the deaths, so that there is traffic after them.
      const bool between_survivors = !is_victim(rank_) && !is_victim(target);
      const bool all_dead = dead_.size() == victims_.size();
      const std::uint32_t most = between_survivors ? (all_dead ? messages_each + 1 : messages_each / 2) : 1'000'000;
      if (index >= most || link_->queued_bytes(target) > queued_bytes_max || dead_.contains(target)) continue;
      if (all_dead && is_victim(target)) continue;
      link_->send(target, between_survivors && index == messages_each
                              ? wire::EncodedMessage{done_number, {}, {}}
                              : traffic_message(rank_, target, index, bytes_max));
      ++index;
      sent = true;
    }
    return sent;
  }

  void kill_next_victim() {
    if (dead_.size() >= victims_.size() || killed_ > dead_.size()) return;
    const int victim = victims_[dead_.size()];
    if (!pids_.contains(victim) || check_.received(victim) < 60 + killed_ * 200) return;
    const pid_t pid = pids_[victim];
    const int process = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
    ASSERT_GE(process, 0);
    ASSERT_EQ(::kill(pid, SIGKILL), 0);
    pollfd ended{process, POLLIN, 0};
    EXPECT_EQ(::poll(&ended, 1, 30'000), 1);
    ::close(process);
    ++killed_;
    constexpr int status = SIGKILL;  // as waitpid() has it
    doorbell_.page().mark_dead(victim, status);
    for (const int rank : world().node_ranks()) doorbell_.bells().ring(rank);
  }

  const int rank_ = world().rank();
  const int ranks_ = world().size();
  std::vector<int> victims_;
  std::vector<int> survivors_;
  boost::asio::io_context io_;
  mpi::Doorbell doorbell_ = doorbell_of_this_test();
  std::optional<mpi::Link> link_;
  std::optional<mpi::Loop> loop_;
  TrafficCheck check_{rank_, ranks_, bytes_max};
  std::vector<std::uint32_t> sent_;
  std::map<int, pid_t> pids_;
  std::set<int> dead_;
  std::set<int> done_;
  std::size_t killed_ = 0;
  bool said_pid_ = false;
};

TEST(Death, SurvivorsGoOnAndLeave) {
  // The last rank dies, and where enough are left the first one too: nothing is special about it.
  std::vector<int> victims{world().size() - 1};
  if (world().size() >= 4) victims.push_back(0);
  Survival{victims}.run();
}

}  // namespace
}  // namespace gangway::test
