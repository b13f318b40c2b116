#include <string>

#include <gmock/gmock.h>

#include "e2e/support/hostile.hpp"
#include "tls/certificate.hpp"
#include "wire/frame.hpp"

namespace gangway::e2e {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

tls::Identity foreign_identity(tls::Validity validity = {}) {
  return tls::Authority::create("another cluster").value().issue(tls::Role::client_administer, validity).value();
}

TEST_F(HostileTest, ACertificateIsDemanded) {
  TlsStranger stranger{port_, {}};
  stranger.hear_to_the_end();
  expect_one_complaint(stranger.address(), "no certificate");
}

TEST_F(HostileTest, ACertificateOfAnotherClusterIsRefused) {
  TlsStranger stranger{port_, foreign_identity()};
  stranger.hear_to_the_end();
  expect_one_complaint(stranger.address(), "certificate");
}

TEST_F(HostileTest, AnExpiredCertificateIsRefused) {
  TlsStranger stranger{port_, foreign_identity({base::seconds(-7200), base::seconds(-3600)})};
  stranger.hear_to_the_end();
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
  stranger.hear_to_the_end();
  expect_one_complaint(stranger.address(), "9223372036854775808");
}

TEST_F(HostileTest, GarbageInsideOfTlsIsRefused) {
  TlsStranger stranger{port_, own_};
  stranger.say("this is no frame, though the certificate is good");
  stranger.hear_to_the_end();
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
  without_hello.hear_to_the_end();
  expect_one_complaint(half.address(), "did not finish the handshake");
  expect_one_complaint(silent.address(), "did not finish the handshake");
  expect_one_complaint(without_hello.address(), "Hello");
}

}  // namespace
}  // namespace gangway::e2e
