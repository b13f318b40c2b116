// What the tests of connections share: a loop with a deadline, a log that remembers, a peer that remembers.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <boost/asio/io_context.hpp>

#include "base/log.hpp"
#include "tls/certificate.hpp"
#include "tls/connect.hpp"
#include "tls/connection.hpp"
#include "tls/listener.hpp"

namespace gangway::tls {

/// Runs handlers until `condition()` holds; false if that takes more than a minute.
template <class Condition>
bool run_until(boost::asio::io_context& io, Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes{1};
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) {
      return false;
    }
    io.restart();
    io.run_one_for(std::chrono::milliseconds{100});
  }
  return true;
}

/// Runs handlers for a while, to see that nothing more happens.
inline void run_for(boost::asio::io_context& io, std::chrono::milliseconds time) {
  io.restart();
  io.run_for(time);
}

class RememberingLog final : public base::Log {
 public:
  void write(base::LogLevel, std::string_view text) override { lines.emplace_back(text); }

  std::vector<std::string> lines;
};

/// One end of a connection and everything it has been told. The connection keeps it alive until it has ended.
struct Peer : std::enable_shared_from_this<Peer> {
  std::shared_ptr<Connection> connection;
  std::vector<wire::Frame> frames;
  std::vector<std::string> endings;

  void start(std::shared_ptr<Connection> with) {
    connection = std::move(with);
    connection->start([self = shared_from_this()](wire::Frame frame) { self->frames.push_back(std::move(frame)); },
                      [self = shared_from_this()](base::Fault reason) { self->endings.push_back(reason.text); });
  }

  [[nodiscard]] bool ended() const { return !endings.empty(); }
};

inline wire::EncodedMessage message(std::uint8_t number, std::string_view head, base::SharedBytes bulk = {}) {
  const base::ByteView bytes = base::bytes_of(head);
  return {.number = number, .head = base::ByteVector(bytes.begin(), bytes.end()), .bulk = std::move(bulk)};
}

inline std::string text_of(const wire::Frame& frame) {
  const base::ByteView view = frame.body.view();
  return {reinterpret_cast<const char*>(view.data()), view.size()};
}

/// `count` bytes that differ from place to place.
inline base::SharedBytes pattern(std::size_t count) {
  base::ByteVector bytes(count);
  for (std::size_t i = 0; i < count; ++i) {
    bytes[i] = static_cast<std::byte>((i * 2654435761U) >> 13);
  }
  return base::SharedBytes{std::move(bytes)};
}

/// A cluster's authority, a listening gateway, and the clients it has let in.
class GatewayTest : public testing::Test {
 protected:
  void listen(ListenerOptions options = {}) { listen_as(gateway, options); }

  void listen_as(const Identity& identity, ListenerOptions options = {}) {
    auto opened = Listener::open(io, identity, options, log, [this](std::shared_ptr<Connection> connection) {
      accepted.push_back(std::make_shared<Peer>());
      accepted.back()->start(std::move(connection));
    });
    ASSERT_TRUE(opened.ok()) << opened.fault().text;
    listener = std::move(opened).value();
  }

  /// What becomes of an attempt to connect to the listener.
  base::Result<std::shared_ptr<Connection>> try_connect(const Identity& identity, ConnectOptions options = {}) {
    return try_connect_to(listener->port(), identity, options);
  }

  base::Result<std::shared_ptr<Connection>> try_connect_to(std::uint16_t port, const Identity& identity,
                                                           ConnectOptions options = {},
                                                           const std::string& address = "127.0.0.1") {
    std::optional<base::Result<std::shared_ptr<Connection>>> result;
    connect(io, address, port, identity, options, [&result](auto connected) { result = std::move(connected); });
    EXPECT_FALSE(result) << "the callback ran inside connect()";
    EXPECT_TRUE(run_until(io, [&] { return result.has_value(); })) << "connect() never ended";
    return result ? std::move(*result) : base::Fault{"connect() never ended"};
  }

  /// A client that has been let in; its other end is accepted.back().
  std::shared_ptr<Peer> enter(const Identity& identity) {
    const std::size_t before = accepted.size();
    auto connected = try_connect(identity);
    EXPECT_TRUE(connected.ok()) << connected.fault().text;
    auto peer = std::make_shared<Peer>();
    peer->start(std::move(connected).value());
    entered.push_back(peer);
    EXPECT_TRUE(run_until(io, [&] { return accepted.size() > before; })) << "the gateway did not let the client in";
    return peer;
  }

  /// A message of the client arrives at the gateway's end.
  void expect_serves(Peer& client, Peer& gateway_end) {
    const std::size_t before = gateway_end.frames.size();
    client.connection->send(message(7, "still here?"));
    EXPECT_TRUE(run_until(io, [&] { return gateway_end.frames.size() > before; }));
    EXPECT_EQ(text_of(gateway_end.frames.back()), "still here?");
  }

  boost::asio::io_context io;
  RememberingLog log;
  Authority authority = Authority::create("demo").value();
  Identity gateway = authority.issue(Role::gateway).value();
  Identity submitter = authority.issue(Role::client_submit).value();
  std::vector<std::shared_ptr<Peer>> accepted;
  std::vector<std::shared_ptr<Peer>> entered;
  std::unique_ptr<Listener> listener;

  void TearDown() override {
    listener.reset();
    // A peer and its connection hold each other until it has ended.
    for (const auto& peers : {accepted, entered}) {
      for (const auto& peer : peers) {
        peer->connection->close();
        EXPECT_TRUE(run_until(io, [&] { return peer->ended(); }));
      }
    }
    run_for(io, std::chrono::milliseconds{20});
  }
};

}  // namespace gangway::tls
