#include <utility>

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
#include "wire/frame.hpp"

namespace gangway::e2e {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using testing::HasSubstr;
using testing::SizeIs;

int slowly_doubled(int number) {
  std::this_thread::sleep_for(std::chrono::milliseconds{2});
  return 2 * number;
}

/// A connection of a stranger, without TLS of its own.
class Stranger {
 public:
  explicit Stranger(std::uint16_t port) { socket.connect({asio::ip::address_v4::loopback(), port}); }

  /// How the gateway sees it.
  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(socket.local_endpoint().port()); }

  void say(const std::string& bytes) { asio::write(socket, asio::buffer(bytes)); }

  asio::io_context io;
  asio::ip::tcp::socket socket{io};
};

/// Speaks TLS and believes whatever the other end shows.
class TlsStranger {
 public:
  TlsStranger(std::uint16_t port, const tls::Identity& identity) {
    context_.set_verify_mode(asio::ssl::verify_none);
    if (!identity.certificate_pem.empty()) {
      context_.use_certificate(asio::buffer(identity.certificate_pem), asio::ssl::context::pem);
      context_.use_private_key(asio::buffer(identity.key_pem), asio::ssl::context::pem);
    }
    stream_.emplace(io_, context_);
    stream_->lowest_layer().connect({asio::ip::address_v4::loopback(), port});
    address_ = "127.0.0.1:" + std::to_string(stream_->lowest_layer().local_endpoint().port());
    error_code failed;
    stream_->handshake(asio::ssl::stream_base::client, failed);
  }

  [[nodiscard]] const std::string& address() const { return address_; }

  void say(const std::string& bytes) { asio::write(*stream_, asio::buffer(bytes)); }

  /// Reads until the gateway has hung up.
  void await_end() {
    std::vector<char> heard(4096);
    error_code ended;
    while (!ended) stream_->read_some(asio::buffer(heard), ended);
  }

 private:
  asio::io_context io_;
  asio::ssl::context context_{asio::ssl::context::tls_client};
  std::optional<asio::ssl::stream<asio::ip::tcp::socket>> stream_;
  std::string address_;
};

void await_end(Stranger& stranger) {
  std::vector<char> heard(4096);
  error_code ended;
  while (!ended) stranger.socket.read_some(asio::buffer(heard), ended);
}

tls::Identity foreign_identity(tls::Validity validity = {}) {
  return tls::Authority::create("another cluster").value().issue(tls::Role::client_administer, validity).value();
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
    ASSERT_THAT(results, SizeIs(numbers_.size()));
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
    ASSERT_THAT(lines, SizeIs(1));
    EXPECT_THAT(lines.front(), HasSubstr(words));
  }

  std::uint16_t port_ = 0;
  tls::Identity own_;

 private:
  std::vector<int> numbers_;
  std::optional<MapFuture<int>> work_;
};

TEST_F(HostileTest, ACertificateIsDemanded) {
  TlsStranger stranger{port_, {}};
  stranger.await_end();
  expect_one_complaint(stranger.address(), "no certificate");
}

TEST_F(HostileTest, ACertificateOfAnotherClusterIsRefused) {
  TlsStranger stranger{port_, foreign_identity()};
  stranger.await_end();
  expect_one_complaint(stranger.address(), "certificate");
}

TEST_F(HostileTest, AnExpiredCertificateIsRefused) {
  TlsStranger stranger{port_, foreign_identity({base::seconds(-7200), base::seconds(-3600)})};
  stranger.await_end();
  expect_one_complaint(stranger.address(), "certificate");
}

TEST_F(HostileTest, PlainTextIsRefused) {
  Stranger stranger{port_};
  stranger.say("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await_end(stranger);
  expect_one_complaint(stranger.address(), "TLS");
}

TEST_F(HostileTest, GarbageIsRefused) {
  Stranger stranger{port_};
  std::string garbage;
  for (int i = 0; i < 100'000; ++i)
    garbage.push_back(static_cast<char>((static_cast<unsigned>(i) * 2654435761U) >> 11));
  error_code hung_up;
  asio::write(stranger.socket, asio::buffer(garbage), hung_up);
  await_end(stranger);
  expect_one_complaint(stranger.address(), "TLS");
}

TEST_F(HostileTest, AnAnnouncedLengthOf2To63IsRefusedBeforeAnythingIsAllocated) {
  TlsStranger stranger{port_, own_};
  const auto header = wire::frame_header(1, std::uint64_t{1} << 63);
  stranger.say({reinterpret_cast<const char*>(header.data()), header.size()});
  stranger.await_end();
  expect_one_complaint(stranger.address(), "9223372036854775808");
}

TEST_F(HostileTest, GarbageInsideOfTlsIsRefused) {
  TlsStranger stranger{port_, own_};
  stranger.say("this is no frame, though the certificate is good");
  stranger.await_end();
  expect_one_complaint(stranger.address(), "");
}

// Together, for each of them is given ten seconds.
TEST_F(HostileTest, WhoDoesNotGoOnIsGivenUp) {
  Stranger half{port_};
  // The head of a TLS record that announces a handshake message of 512 bytes, and the beginning of that.
  half.say(std::string{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11});
  Stranger silent{port_};
  TlsStranger without_hello{port_, own_};
  await_end(half);
  await_end(silent);
  without_hello.await_end();
  expect_one_complaint(half.address(), "did not finish the handshake");
  expect_one_complaint(silent.address(), "did not finish the handshake");
  expect_one_complaint(without_hello.address(), "Hello");
}

}  // namespace
}  // namespace gangway::e2e
