// What TLS costs on the loopback, by blocking calls of OpenSSL on Gangway's own settings: a client and a server,
// which are two processes.
//
//   echo COUNT PAUSE_US     the bytes of a no-op task's submission there, of its answers back; microseconds of each
//   stream COUNT ELEMENTS   so many times ELEMENTS numbers of 8 bytes there and back, one by one; seconds for all
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

#include "commands.hpp"
#include "messages.hpp"
#include "tls/context.hpp"
#include "wire/frame.hpp"

namespace gangway::bench {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

// How many bytes follow, and how many are wanted back.
struct Head {
  std::uint32_t bytes = 0;
  std::uint32_t answer_bytes = 0;
};

template <class T>
T good(base::Result<T> result) {
  if (!result) throw std::runtime_error{result.fault().text};
  return std::move(result).value();
}

std::uint32_t framed(const wire::EncodedMessage& message) {
  return static_cast<std::uint32_t>(wire::frame_header_bytes + message.body_bytes());
}

void serve(tcp::acceptor& acceptor, const tls::Identity& identity) {
  const auto context = good(tls::make_context(tls::Side::server, identity));
  tls::Stream stream{acceptor.accept(), *context};
  tls::send_at_once(stream);
  stream.handshake(asio::ssl::stream_base::server);
  std::vector<std::byte> bytes;
  boost::system::error_code error;
  for (Head head; asio::read(stream, asio::buffer(&head, sizeof head), error) == sizeof head;) {
    bytes.resize(std::max(head.bytes, head.answer_bytes));
    asio::read(stream, asio::buffer(bytes.data(), head.bytes), error);
    if (error) return;
    asio::write(stream, asio::buffer(bytes.data(), head.answer_bytes), error);
  }
}

class Client {
 public:
  Client(const tcp::endpoint& server, const tls::Identity& identity)
      : context_{good(tls::make_context(tls::Side::client, identity))}, stream_{io_, *context_} {
    stream_.next_layer().connect(server);
    tls::send_at_once(stream_);
    stream_.handshake(asio::ssl::stream_base::client);
  }

  void exchange(std::uint32_t bytes, std::uint32_t answer_bytes) {
    bytes = std::max(bytes, static_cast<std::uint32_t>(sizeof(Head)));
    buffer_.resize(std::max(bytes, answer_bytes));
    const Head head{bytes - static_cast<std::uint32_t>(sizeof(Head)), answer_bytes};
    std::memcpy(buffer_.data(), &head, sizeof head);
    asio::write(stream_, asio::buffer(buffer_.data(), bytes));
    asio::read(stream_, asio::buffer(buffer_.data(), answer_bytes));
  }

 private:
  asio::io_context io_;
  std::shared_ptr<asio::ssl::context> context_;
  tls::Stream stream_;
  std::vector<std::byte> buffer_;
};

void ask(Client& client) {
  const std::uint32_t bytes = framed(submission());
  const std::uint32_t answer_bytes = framed(acceptance()) + framed(client_answer());
  serve_commands([&](std::istringstream& words) {
    std::string what;
    int count = 0;
    std::uint32_t parameter = 0;
    words >> what >> count >> parameter;
    if (what == "echo") {
      return time_round_trips(count, std::chrono::microseconds{parameter},
                              [&] { client.exchange(bytes, answer_bytes); });
    }
    std::vector<double> seconds;
    if (what == "stream") {
      seconds = time_round_trips(1, {}, [&] {
        for (int i = 0; i < count; ++i) client.exchange(8 * parameter, 8 * parameter);
      });
      seconds.front() /= 1e6;
    }
    return seconds;
  });
}

void run() {
  const tls::Authority authority = good(tls::Authority::create("bench"));
  const tls::Identity gateway = good(authority.issue(tls::Role::gateway));
  const tls::Identity client = good(authority.issue(tls::Role::client_submit));
  asio::io_context io;
  tcp::acceptor acceptor{io, tcp::endpoint{asio::ip::address_v4::loopback(), 0}};
  const tcp::endpoint place = acceptor.local_endpoint();
  // The server ends with its connection.
  if (::fork() == 0) {
    serve(acceptor, gateway);
    ::_exit(EXIT_SUCCESS);
  }
  acceptor.close();
  Client connection{place, client};
  ask(connection);
}

}  // namespace
}  // namespace gangway::bench

int main(int, char** argv) {
  try {
    gangway::bench::run();
    return EXIT_SUCCESS;
  } catch (const std::exception& error) {
    std::cerr << argv[0] << ": " << error.what() << '\n';
    return EXIT_FAILURE;
  }
}
