#include "launch/shutdown_request.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <variant>
#include <vector>

#include "tls/listener.hpp"

namespace gangway::launch {
namespace {

using testing::HasSubstr;

// A gateway that answers a Hello and remembers what it was told.
class ShutdownRequestTest : public testing::Test {
 protected:
  void SetUp() override {
    auto authority = tls::Authority::create("one");
    ASSERT_TRUE(authority.ok());
    gateway_ = authority.value().issue(tls::Role::gateway).value();
    administer_ = authority.value().issue(tls::Role::client_administer).value();
    auto listener = tls::Listener::open(io_, gateway_, {}, log_, [this](std::shared_ptr<tls::Connection> connection) {
      connection_ = std::move(connection);
      connection_->start([this](const wire::Frame& frame) { on_frame(frame); }, [](const base::Fault&) {});
    });
    ASSERT_TRUE(listener.ok()) << listener.fault().text;
    listener_ = std::move(listener).value();
  }

  void on_frame(const wire::Frame& frame) {
    auto message = wire::decode_client_message(frame.number, frame.body);
    ASSERT_TRUE(message.ok());
    if (std::holds_alternative<wire::Hello>(message.value())) connection_->send(wire::encode(answer_));
    received_.push_back(std::move(message).value());
  }

  bool run_until(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{60};
    while (!condition() && std::chrono::steady_clock::now() < deadline) io_.run_one_for(std::chrono::seconds{1});
    return condition();
  }

  boost::asio::io_context io_;
  base::SilentLog log_;
  tls::Identity gateway_;
  tls::Identity administer_;
  wire::GatewayMessage answer_ = wire::Welcome{};
  std::vector<wire::ClientMessage> received_;
  std::shared_ptr<tls::Connection> connection_;
  std::unique_ptr<tls::Listener> listener_;
  std::string failure_;
};

TEST_F(ShutdownRequestTest, SaysHelloAndThenShutdown) {
  const auto request = ShutdownRequest::send(io_, listener_->address(), listener_->port(), administer_,
                                             [this](const std::string& reason) { failure_ = reason; });
  ASSERT_TRUE(run_until([this] { return received_.size() == 2; }));
  EXPECT_TRUE(std::holds_alternative<wire::Hello>(received_[0]));
  EXPECT_TRUE(std::holds_alternative<wire::Shutdown>(received_[1]));
  request->cancel();
  EXPECT_EQ(failure_, "");
}

TEST_F(ShutdownRequestTest, TellsWhyItWasNotWanted) {
  answer_ = wire::Goodbye{"another version"};
  const auto request = ShutdownRequest::send(io_, listener_->address(), listener_->port(), administer_,
                                             [this](const std::string& reason) { failure_ = reason; });
  EXPECT_TRUE(run_until([this] { return !failure_.empty(); }));
  EXPECT_THAT(failure_, HasSubstr("another version"));
  request->cancel();
}

TEST_F(ShutdownRequestTest, TellsThatNobodyAnswers) {
  const std::uint16_t port = listener_->port();
  listener_.reset();
  const auto request = ShutdownRequest::send(io_, "127.0.0.1", port, administer_,
                                             [this](const std::string& reason) { failure_ = reason; });
  EXPECT_TRUE(run_until([this] { return !failure_.empty(); }));
  EXPECT_THAT(failure_, HasSubstr(std::to_string(port)));
}

}  // namespace
}  // namespace gangway::launch
