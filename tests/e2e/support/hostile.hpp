// Strangers of all kinds at the port of a real gateway, and what must be true whatever they do.
#pragma once

#include <chrono>
#include <fstream>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <boost/property_tree/json_parser.hpp>
#include <boost/property_tree/ptree.hpp>

#include "e2e/support/shared_cluster.hpp"
#include "e2e/support/traces.hpp"
#include "tls/certificate.hpp"

namespace gangway::e2e {

inline int slowly_doubled(int number) {
  std::this_thread::sleep_for(std::chrono::milliseconds{2});
  return 2 * number;
}

/// A connection of a stranger, without TLS of its own.
class Stranger {
 public:
  explicit Stranger(std::uint16_t port) { socket.connect({boost::asio::ip::address_v4::loopback(), port}); }

  /// How the gateway sees it.
  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(socket.local_endpoint().port()); }

  void say(const std::string& bytes) { boost::asio::write(socket, boost::asio::buffer(bytes)); }

  boost::asio::io_context io;
  boost::asio::ip::tcp::socket socket{io};
};

/// Speaks TLS and believes whatever the other end shows.
class TlsStranger {
 public:
  TlsStranger(std::uint16_t port, const tls::Identity& identity) {
    context_.set_verify_mode(boost::asio::ssl::verify_none);
    if (!identity.certificate_pem.empty()) {
      context_.use_certificate(boost::asio::buffer(identity.certificate_pem), boost::asio::ssl::context::pem);
      context_.use_private_key(boost::asio::buffer(identity.key_pem), boost::asio::ssl::context::pem);
    }
    stream_.emplace(io_, context_);
    stream_->lowest_layer().connect({boost::asio::ip::address_v4::loopback(), port});
    address_ = "127.0.0.1:" + std::to_string(stream_->lowest_layer().local_endpoint().port());
    boost::system::error_code failed;
    stream_->handshake(boost::asio::ssl::stream_base::client, failed);
  }

  [[nodiscard]] const std::string& address() const { return address_; }

  void say(const std::string& bytes) { boost::asio::write(*stream_, boost::asio::buffer(bytes)); }

  /// Waits for whatever the gateway says next.
  void hear() {
    std::vector<char> heard(4096);
    stream_->read_some(boost::asio::buffer(heard));
  }

  /// Reads until the gateway has hung up; returns all that it said.
  std::string hear_to_the_end() {
    std::string all;
    std::vector<char> heard(4096);
    boost::system::error_code ended;
    while (!ended) all.append(heard.data(), stream_->read_some(boost::asio::buffer(heard), ended));
    return all;
  }

 private:
  boost::asio::io_context io_;
  boost::asio::ssl::context context_{boost::asio::ssl::context::tls_client};
  std::optional<boost::asio::ssl::stream<boost::asio::ip::tcp::socket>> stream_;
  std::string address_;
};

inline void await_end(Stranger& stranger) {
  std::vector<char> heard(4096);
  boost::system::error_code ended;
  while (!ended) stranger.socket.read_some(boost::asio::buffer(heard), ended);
}

/// While a test runs, a good client maps; at its end the map must be right.
class HostileTest : public SharedClusterTest {
 protected:
  void SetUp() override {
    boost::property_tree::ptree connection;
    boost::property_tree::read_json(cluster().connection_file(), connection);
    port_ = connection.get<std::uint16_t>("port");
    own_ = {.certificate_pem = connection.get<std::string>("certificate"),
            .key_pem = connection.get<std::string>("key"),
            .authority_pem = connection.get<std::string>("authority")};
    for (int i = 0; i < 1000; ++i) numbers_.push_back(i);
    work_.emplace(any.with(chunk(5)).map(fn<slowly_doubled>, numbers_));
  }

  void TearDown() override {
    const std::vector<int> results = work_->get();
    ASSERT_THAT(results, testing::SizeIs(numbers_.size()));
    for (const int number : numbers_) EXPECT_EQ(results[static_cast<std::size_t>(number)], 2 * number);
    EXPECT_EQ(client.engines().size(), shared_engines);
    EXPECT_EQ(cluster().connect().balanced().apply(fn<slowly_doubled>, 21).get(), 42) << "a new client gets in";
  }

  /// The lines of the job's log that name a peer and say that it was refused or sent away.
  static std::vector<std::string> complaints_about(const std::string& address) {
    std::ifstream log{Traces::of(cluster().name()).directory + "/logs/job.log"};
    std::vector<std::string> lines;
    for (std::string line; std::getline(log, line);) {
      if (line.find(address + ":") == std::string::npos && line.find(address + " ") == std::string::npos) continue;
      if (line.find(" is connected as ") == std::string::npos) lines.push_back(line);
    }
    return lines;
  }

  /// Expects one such line, with these words in it, soon, and no second one.
  static void expect_one_complaint(const std::string& address, const std::string& words) {
    EXPECT_TRUE(eventually([&] { return !complaints_about(address).empty(); })) << address;
    std::this_thread::sleep_for(std::chrono::milliseconds{300});
    const std::vector<std::string> lines = complaints_about(address);
    ASSERT_THAT(lines, testing::SizeIs(1));
    EXPECT_THAT(lines.front(), testing::HasSubstr(words));
  }

  std::uint16_t port_ = 0;
  tls::Identity own_;

 private:
  std::vector<int> numbers_;
  std::optional<MapFuture<int>> work_;
};

}  // namespace gangway::e2e
