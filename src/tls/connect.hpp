// How a client reaches a gateway.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include <boost/asio/io_context.hpp>

#include "base/instant.hpp"
#include "base/limits.hpp"
#include "base/result.hpp"
#include "tls/certificate.hpp"
#include "tls/connection.hpp"

namespace gangway::tls {

struct ConnectOptions {
  /// For looking up the name, connecting and the handshake together.
  base::Duration timeout = base::seconds(10);
  /// The largest body accepted from the gateway.
  std::uint64_t frame_bytes_max = base::frame_bytes_max;
};

/// Connects to the gateway at `address` (a numeric address or a host name) and `port`, and checks that it is a
/// gateway of the identity's cluster. `on_done` is called exactly once, on the thread that runs `io` and never inside
/// this call, unless `io` is destroyed before. A fault names the place and the reason in one sentence.
///
/// With TLS 1.3 the client's side of the handshake ends before the gateway has looked at the client's certificate. So
/// a certificate that the gateway refuses shows as on_closed of the connection, whose reason then says so.
void connect(boost::asio::io_context& io, const std::string& address, std::uint16_t port, const Identity& identity,
             const ConnectOptions& options, std::function<void(base::Result<std::shared_ptr<Connection>>)> on_done);

}  // namespace gangway::tls
