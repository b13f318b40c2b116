// Bells between nodes, with two ranks of one process that take each other for another node's.
#include "mpi/network_bells.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <utility>

#include <gtest/gtest.h>

namespace gangway::mpi {
namespace {

using base::Instant;
using base::milliseconds;

constexpr NetworkAddress loopback{INADDR_LOOPBACK, 8};

NetworkBells open_bells() {
  auto bells = NetworkBells::open(loopback);
  EXPECT_TRUE(bells.ok()) << bells.fault().text;
  return std::move(bells).value();
}

bool readable(const NetworkBells& bells, int wait_ms) {
  pollfd ready{bells.descriptor(), POLLIN, 0};
  return ::poll(&ready, 1, wait_ms) == 1;
}

constexpr int arrives = 10'000;  // ms, for what must come
constexpr int is_quiet = 50;     // ms, for what must not

class NetworkBellsTest : public testing::Test {
 protected:
  // `place_of_second` is where the first rank believes the second to be.
  void meet(BellPlace place_of_second) {
    const int both[] = {0, 1};
    first_.meet(0, std::array{first_.place(), place_of_second}, std::span{both}.last(1), std::span{both}.last(1));
    second_.meet(1, std::array{first_.place(), second_.place()}, std::span{both}.first(1), std::span{both}.first(1));
  }
  void meet() { meet(second_.place()); }

  // Lets both probe and hear until neither has anything to say.
  void probe_each_other() {
    first_.probe(now_);
    second_.probe(now_);
    while (readable(first_, is_quiet) || readable(second_, is_quiet)) {
      first_.receive(now_);
      second_.receive(now_);
    }
  }

  // How many messages first_ has received; what missing() asks.
  [[nodiscard]] auto received(std::uint64_t count) const {
    return [count](int) { return count; };
  }

  NetworkBells first_ = open_bells();
  NetworkBells second_ = open_bells();
  Instant now_{1'000'000'000};
};

TEST_F(NetworkBellsTest, FindTheWayOpenInBothDirections) {
  meet();
  EXPECT_TRUE(first_.must_poll());
  EXPECT_TRUE(first_.next_probe().has_value());
  probe_each_other();
  for (const NetworkBells* bells : {&first_, &second_}) {
    ASSERT_EQ(bells->ways().size(), 1U);
    EXPECT_TRUE(bells->ways().front().open());
    EXPECT_FALSE(bells->must_poll());
    EXPECT_FALSE(bells->next_probe().has_value()) << "nothing is left to be tried";
  }
}

TEST_F(NetworkBellsTest, FindAWayThatIsOpenInOneDirection) {
  NetworkBells nowhere = open_bells();
  BellPlace blocked = second_.place();
  blocked.port = nowhere.place().port;
  meet(blocked);
  probe_each_other();
  EXPECT_FALSE(second_.ways().front().open());
  EXPECT_TRUE(second_.must_poll() || first_.must_poll());
  EXPECT_TRUE(second_.must_poll()) << "it does not hear the first";
}

TEST_F(NetworkBellsTest, TryAClosedWayAgainLessAndLessOften) {
  NetworkBells nowhere = open_bells();
  BellPlace blocked = second_.place();
  blocked.port = nowhere.place().port;
  meet(blocked);
  first_.probe(now_);
  const base::Duration soon = *first_.next_probe() - now_;
  EXPECT_EQ(soon, milliseconds(20));
  for (int i = 0; i < 20; ++i) {
    now_ = *first_.next_probe();
    first_.probe(now_);
  }
  EXPECT_EQ(*first_.next_probe() - now_, base::seconds(10));
}

TEST_F(NetworkBellsTest, RingAndSayHowManyMessagesThereAre) {
  meet();
  probe_each_other();
  second_.announce(0, now_);
  ASSERT_TRUE(readable(first_, arrives));
  EXPECT_EQ(first_.receive(now_), 1);
  EXPECT_TRUE(first_.missing(now_, received(0)));
  EXPECT_FALSE(first_.missing(now_, received(1)));
  EXPECT_FALSE(first_.missing(now_, received(0))) << "it has been seen";
}

TEST_F(NetworkBellsTest, DoNotWaitForEverForWhatDoesNotCome) {
  meet();
  second_.announce(0, now_);
  ASSERT_TRUE(readable(first_, arrives));
  first_.receive(now_);
  EXPECT_TRUE(first_.missing(now_, received(0)));
  EXPECT_FALSE(first_.missing(now_ + base::seconds(1), received(0)));
}

TEST_F(NetworkBellsTest, RingOnceForAManyMessagesInAMomentButNeverForgetTheLast) {
  meet();
  for (int i = 0; i < 100; ++i) second_.announce(0, now_);
  ASSERT_TRUE(readable(first_, arrives));
  EXPECT_EQ(first_.receive(now_), 1);
  EXPECT_FALSE(first_.missing(now_, received(1)));
  second_.ring_owed(now_);
  EXPECT_FALSE(readable(first_, is_quiet)) << "not yet";
  now_ = now_ + milliseconds(1);
  second_.ring_owed(now_);
  ASSERT_TRUE(readable(first_, arrives));
  EXPECT_EQ(first_.receive(now_), 1);
  EXPECT_TRUE(first_.missing(now_, received(99)));
  EXPECT_FALSE(first_.missing(now_, received(100)));
}

TEST_F(NetworkBellsTest, DoubtAWayByWhichMessagesComeWithoutARing) {
  meet();
  probe_each_other();
  second_.announce(0, now_);
  ASSERT_TRUE(readable(first_, arrives));
  first_.receive(now_);
  first_.doubt(now_, received(1));
  EXPECT_FALSE(first_.must_poll()) << "a ring told of that one";
  first_.doubt(now_, received(2));
  EXPECT_TRUE(first_.must_poll());
  EXPECT_EQ(first_.next_probe(), now_);
  probe_each_other();
  EXPECT_FALSE(first_.must_poll()) << "the way is open after all";
  EXPECT_TRUE(second_.ways().front().open());
}

TEST_F(NetworkBellsTest, KeepQuietTowardsTheDead) {
  meet();
  EXPECT_TRUE(first_.must_poll());
  first_.forget(1);
  EXPECT_FALSE(first_.must_poll());
  EXPECT_TRUE(first_.ways().empty());
  first_.announce(1, now_);
  EXPECT_FALSE(readable(second_, is_quiet));
}

// What a stranger on the network can send.
class Stranger {
 public:
  explicit Stranger(std::uint16_t port) {
    to_.sin_family = AF_INET;
    to_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to_.sin_port = htons(port);
  }
  ~Stranger() { ::close(socket_); }
  Stranger(const Stranger&) = delete;
  Stranger& operator=(const Stranger&) = delete;

  void send(const void* bytes, std::size_t count) const {
    ASSERT_EQ(::sendto(socket_, bytes, count, 0, reinterpret_cast<const sockaddr*>(&to_), sizeof to_),
              static_cast<ssize_t>(count));
  }

 private:
  int socket_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_in to_{};
};

// As NetworkBells sends them: cookie, sender, kind, heard, confirmed, zero, messages sent.
std::array<std::byte, 24> datagram(std::uint64_t cookie, std::uint32_t sender, std::uint8_t kind) {
  std::array<std::byte, 24> bytes{};
  const std::uint64_t sent = 1'000'000;
  std::memcpy(bytes.data(), &cookie, sizeof cookie);
  std::memcpy(bytes.data() + 8, &sender, sizeof sender);
  bytes[12] = std::byte{kind};
  bytes[13] = bytes[14] = std::byte{1};
  std::memcpy(bytes.data() + 16, &sent, sizeof sent);
  return bytes;
}

TEST_F(NetworkBellsTest, IgnoreWhatDoesNotCarryTheCookieOrComesFromElsewhere) {
  meet();
  const Stranger stranger{first_.place().port};
  const std::uint64_t cookie = first_.place().cookie;
  for (const std::uint8_t kind : std::array<std::uint8_t, 3>{1, 2, 7}) {
    for (const std::uint32_t sender : {0U, 1U, 2U, ~0U}) {
      for (const std::uint64_t secret : {cookie + 1, cookie}) {
        const auto forged = datagram(secret, sender, kind);
        stranger.send(forged.data(), forged.size());
      }
    }
  }
  const std::array<char, 2000> long_one{};
  stranger.send(long_one.data(), long_one.size());
  stranger.send(long_one.data(), 0);
  ASSERT_TRUE(readable(first_, arrives));
  EXPECT_EQ(first_.receive(now_), 0);
  EXPECT_FALSE(readable(first_, 0)) << "all of it was taken";
  EXPECT_TRUE(first_.must_poll()) << "no way was proved by it";
  EXPECT_FALSE(first_.missing(now_, received(0)));
  EXPECT_FALSE(readable(second_, is_quiet)) << "nothing was answered";
}

}  // namespace
}  // namespace gangway::mpi
