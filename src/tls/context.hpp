// Settings of TLS, in one place: version, ciphers, whom to trust, which role the peer must have. Internal to this
// folder.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include "base/result.hpp"
#include "tls/certificate.hpp"

namespace gangway::tls {

using Stream = boost::asio::ssl::stream<boost::asio::ip::tcp::socket>;

/// Which end of a connection this process is.
enum class Side { client, server };

/// TLS 1.3 only; the peer must show a certificate of the identity's authority with a role that fits: a client's for
/// the server, a gateway's for the client. Checked inside the handshake, so that the peer is told by an alert. A
/// fault if the identity cannot be used.
base::Result<std::shared_ptr<boost::asio::ssl::context>> make_context(Side side, const Identity& identity);

/// The role of the peer after a good handshake.
base::Result<Role> peer_role(Side side, Stream& stream);

/// Switches Nagle's algorithm off: with it a small message waits 40 ms for the acknowledgement of the one before.
void send_at_once(Stream& stream);

/// "127.0.0.1:4711", "[::1]:4711" or "gateway.example:4711".
std::string place_text(const std::string& address, std::uint16_t port);

}  // namespace gangway::tls
