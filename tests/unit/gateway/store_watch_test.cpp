#include "gateway/store_watch.hpp"

#include <optional>
#include <string>
#include <thread>

#include <gmock/gmock.h>

#include "unit/tls/loop.hpp"

namespace gangway::gateway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(StoreWatchTest, LogsATroubleOnceAndItsEndOnce) {
  boost::asio::io_context io;
  tls::RememberingLog log;
  const os::WakeUp moved = os::WakeUp::open().value();
  std::optional<std::string> trouble;
  core::MemoryStore store;
  const StoreAccess access{store, &moved, [&] { return trouble; }};
  const StoreWatch watch{io, access, log};
  const auto move = [&] {
    std::thread{[&] { moved.ring(); }}.join();
    tls::run_for(io, std::chrono::milliseconds{50});
  };
  move();
  trouble = "disk full";
  move();
  move();
  trouble.reset();
  move();
  move();
  EXPECT_THAT(log.lines, ElementsAre(HasSubstr("disk full"), HasSubstr("can be written again")));
}

TEST(StoreWatchTest, LetsTheLoopWaitWhileNothingMoves) {
  boost::asio::io_context io;
  tls::RememberingLog log;
  const os::WakeUp moved = os::WakeUp::open().value();
  core::MemoryStore store;
  const StoreAccess access{store, &moved, {}};
  const StoreWatch watch{io, access, log};
  moved.ring();
  moved.ring();
  EXPECT_EQ(io.run_one_for(std::chrono::seconds{60}), 1U);
  EXPECT_EQ(io.run_one_for(std::chrono::milliseconds{50}), 0U) << "the ring was taken";
}

}  // namespace
}  // namespace gangway::gateway
