#include "keeper/keeper_link.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <filesystem>
#include <iterator>
#include <string>

namespace gangway::keeper {
namespace {

std::ptrdiff_t open_descriptors() {
  return std::distance(std::filesystem::directory_iterator{"/proc/self/fd"}, std::filesystem::directory_iterator{});
}

class KeeperLink : public testing::Test {
 protected:
  LinkDescriptors sockets_ = LinkDescriptors::create().value();
  int rank_socket_ = sockets_.rank.get();
  int keeper_socket_ = sockets_.keeper.get();
  LinkToRank keeper_{std::move(sockets_.keeper)};
  LinkToKeeper rank_{std::move(sockets_.rank)};

  static WorkerStarted worker(std::uint64_t number) {
    return {.number = number, .pid = 77, .channel = ChannelDescriptors::create().value()};
  }
};

TEST_F(KeeperLink, PassesAWorkersChannelOn) {
  {
    WorkerStarted started = worker(5);
    WorkerEnd end = WorkerEnd::open({os::Descriptor{::dup(started.channel.memory.get())},
                                     os::Descriptor{::dup(started.channel.event.get())}})
                        .value();
    end.send({.number = 9, .head = {}, .bulk = base::SharedBytes::copy_of(base::bytes_of("ready"))});
    ASSERT_TRUE(keeper_.send(std::move(started)).value());
  }
  auto report = rank_.receive().value();
  ASSERT_TRUE(report);
  auto& started = std::get<WorkerStarted>(*report);
  EXPECT_EQ(started.number, 5U);
  EXPECT_EQ(started.pid, 77);
  RankEnd end = RankEnd::open(std::move(started.channel)).value();
  const auto message = end.receive();
  ASSERT_TRUE(message);
  EXPECT_EQ(message->number, 9);
  EXPECT_EQ(message->body, base::SharedBytes::copy_of(base::bytes_of("ready")));
}

TEST_F(KeeperLink, KeepsTheOrderOfReportsAndRequests) {
  ASSERT_TRUE(keeper_.send(worker(1)).value());
  ASSERT_TRUE(keeper_.send(WorkerEnded{.number = 1, .wait_status = 139}).value());
  EXPECT_TRUE(std::holds_alternative<WorkerStarted>(*rank_.receive().value()));
  const auto ended = std::get<WorkerEnded>(*rank_.receive().value());
  EXPECT_EQ(ended.number, 1U);
  EXPECT_EQ(ended.wait_status, 139);
  EXPECT_FALSE(rank_.receive().value());

  ASSERT_TRUE(rank_.send(EndWorker{.number = 4}));
  ASSERT_TRUE(rank_.send(Farewell{}));
  EXPECT_EQ(std::get<EndWorker>(*keeper_.receive().value()).number, 4U);
  EXPECT_TRUE(std::holds_alternative<Farewell>(*keeper_.receive().value()));
  EXPECT_FALSE(keeper_.receive().value());
}

TEST_F(KeeperLink, NeverWaitsForARankThatDoesNotRead) {
  int sent = 0;
  while (sent < 100'000 && keeper_.send(WorkerEnded{}).value()) ++sent;
  EXPECT_LT(sent, 100'000);
  ASSERT_TRUE(rank_.receive().value());
  for (int i = 1; i < sent; ++i) ASSERT_TRUE(rank_.receive().value());
  EXPECT_TRUE(keeper_.send(WorkerEnded{}).value());
}

TEST_F(KeeperLink, TellsEachSideWhenTheOtherIsGone) {
  keeper_ = LinkToRank{os::Descriptor{}};
  const auto report = rank_.receive();
  ASSERT_FALSE(report);
  EXPECT_NE(report.fault().text.find("is gone"), std::string::npos) << report.fault().text;
  EXPECT_FALSE(rank_.send(Farewell{}));
}

TEST_F(KeeperLink, KeepsWhatWasSaidBeforeAHastyEnd) {
  // A socket closed with unread packets makes the kernel report a reset first.
  ASSERT_TRUE(keeper_.send(WorkerEnded{}).value());
  ASSERT_TRUE(rank_.send(Farewell{}));
  rank_ = LinkToKeeper{os::Descriptor{}};
  const auto request = keeper_.receive();
  ASSERT_TRUE(request) << request.fault().text;
  EXPECT_TRUE(std::holds_alternative<Farewell>(*request.value()));
  EXPECT_FALSE(keeper_.receive());
}

TEST_F(KeeperLink, RefusesWhatItDoesNotUnderstand) {
  ::send(rank_socket_, "short", 5, 0);
  EXPECT_FALSE(keeper_.receive());
  const std::string strange(32, 'x');
  ::send(rank_socket_, strange.data(), strange.size(), 0);
  EXPECT_FALSE(keeper_.receive());
  const std::string large(4096, 'x');
  ::send(rank_socket_, large.data(), large.size(), 0);
  EXPECT_FALSE(keeper_.receive());
}

TEST_F(KeeperLink, LeaksNoDescriptorOnAnyPath) {
  const auto before = open_descriptors();
  for (std::uint64_t i = 0; i < 50; ++i) {
    ASSERT_TRUE(keeper_.send(worker(i)).value());
    ASSERT_TRUE(rank_.receive().value());
    ASSERT_TRUE(keeper_.send(worker(i)).value());
    // The same packet where nobody expects one, with descriptors: dropped with them.
    LinkToRank wrong_side{os::Descriptor{::dup(rank_socket_)}};
    ASSERT_FALSE(wrong_side.receive());
  }
  EXPECT_EQ(open_descriptors(), before);
}

}  // namespace
}  // namespace gangway::keeper
