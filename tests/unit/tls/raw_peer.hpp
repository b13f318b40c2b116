// Peers that do not keep to the rules: plain sockets and TLS streams with settings of their own.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>

#include "loop.hpp"

namespace gangway::tls {

inline boost::asio::ip::tcp::endpoint loopback(std::uint16_t port) {
  return {boost::asio::ip::address_v4::loopback(), port};
}

/// A stream with what is being read from it, kept alive by its operations.
template <class Stream>
struct RawStream : std::enable_shared_from_this<RawStream<Stream>> {
  template <class... Arguments>
  explicit RawStream(Arguments&&... arguments) : stream{std::forward<Arguments>(arguments)...} {}

  /// Reads until there is an error, and notes that.
  void read() {
    stream.async_read_some(boost::asio::buffer(buffer),
                           [self = this->shared_from_this()](const boost::system::error_code& failed, std::size_t) {
                             if (failed) {
                               self->error = failed.message();
                             } else {
                               self->read();
                             }
                           });
  }

  Stream stream;
  std::array<char, 4096> buffer{};
  std::string error;
  bool greeted = false;
};

/// A connected TCP socket that says whatever it is told and notes when the other side has closed.
class PlainPeer {
 public:
  PlainPeer(boost::asio::io_context& io, std::uint16_t port) : raw_{std::make_shared<Raw>(io)} {
    raw_->stream.connect(loopback(port));
  }
  explicit PlainPeer(boost::asio::ip::tcp::socket socket) : raw_{std::make_shared<Raw>(std::move(socket))} {}
  ~PlainPeer() { close(); }
  PlainPeer(const PlainPeer&) = delete;
  PlainPeer& operator=(const PlainPeer&) = delete;

  /// Errors are left to the reading: the other side may have had enough already.
  void say(const std::string& text) {
    boost::system::error_code ignored;
    boost::asio::write(raw_->stream, boost::asio::buffer(text), ignored);
    listen();
  }

  void listen() { raw_->read(); }

  void close() {
    boost::system::error_code ignored;
    raw_->stream.close(ignored);
  }

  [[nodiscard]] bool closed() const { return !raw_->error.empty(); }
  [[nodiscard]] const std::string& error() const { return raw_->error; }

 private:
  using Raw = RawStream<boost::asio::ip::tcp::socket>;
  std::shared_ptr<Raw> raw_;
};

/// A TLS context that checks nothing; `identity` may be empty.
inline boost::asio::ssl::context careless_context(const Identity& identity) {
  boost::asio::ssl::context context{boost::asio::ssl::context::tls};
  context.set_verify_mode(boost::asio::ssl::verify_none);
  if (!identity.certificate_pem.empty()) {
    context.use_certificate(boost::asio::buffer(identity.certificate_pem), boost::asio::ssl::context::pem);
    context.use_private_key(boost::asio::buffer(identity.key_pem), boost::asio::ssl::context::pem);
  }
  return context;
}

/// A TLS client that accepts any gateway, sends raw bytes, and notes the error its handshake or its reading ended
/// with.
class CarelessClient {
 public:
  CarelessClient(boost::asio::io_context& io, boost::asio::ssl::context& context, std::uint16_t port)
      : raw_{std::make_shared<Raw>(io, context)} {
    raw_->stream.lowest_layer().connect(loopback(port));
    raw_->stream.async_handshake(boost::asio::ssl::stream_base::client,
                                 [raw = raw_](const boost::system::error_code& failed) {
                                   if (failed) {
                                     raw->error = failed.message();
                                   } else {
                                     raw->greeted = true;
                                     raw->read();
                                   }
                                 });
  }
  ~CarelessClient() {
    boost::system::error_code ignored;
    raw_->stream.lowest_layer().close(ignored);
  }
  CarelessClient(const CarelessClient&) = delete;
  CarelessClient& operator=(const CarelessClient&) = delete;

  /// Writes the bytes as they are, once the handshake is done.
  void say(std::string bytes) {
    const auto kept = std::make_shared<std::string>(std::move(bytes));
    boost::asio::async_write(raw_->stream, boost::asio::buffer(*kept),
                             [kept, raw = raw_](const boost::system::error_code&, std::size_t) {});
  }

  [[nodiscard]] bool greeted() const { return raw_->greeted; }
  [[nodiscard]] const std::string& error() const { return raw_->error; }

 private:
  using Raw = RawStream<boost::asio::ssl::stream<boost::asio::ip::tcp::socket>>;
  std::shared_ptr<Raw> raw_;
};

}  // namespace gangway::tls
