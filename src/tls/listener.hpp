// The TLS port of a gateway: accepts, authenticates, and hands over connections of clients.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include <boost/asio/io_context.hpp>

#include "base/instant.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "tls/certificate.hpp"
#include "tls/connection.hpp"

namespace gangway::tls {

struct ListenerOptions {
  /// A numeric address or a host name of this host.
  std::string address = "127.0.0.1";
  /// Taken if it is free, whether it is in the range or not; 0: none is preferred.
  std::uint16_t first_port = 0;
  /// Else the first free port of this range is taken; 0 and 0 leave the choice to the system.
  std::uint16_t port_low = 0;
  std::uint16_t port_high = 0;
  /// A peer that has not finished its handshake after this long is dropped.
  base::Duration handshake_timeout = base::seconds(10);
  /// Connections that are not authenticated yet. When there are so many, the oldest that says nothing makes way for
  /// the next.
  std::size_t handshakes_max = 256;
  /// The bound for frames of a connection that has just been handed over; see Connection::set_frame_bytes_max().
  std::uint64_t frame_bytes_max = base::hello_frame_bytes_max;
};

/// Listens until it is destroyed. Whoever is refused (no certificate, another cluster's, expired, wrong role, no
/// TLS 1.3, too slow) costs one line in the log with its address, and nobody else anything; a flood of refusals is
/// logged by number.
///
/// Threads: everything on the one thread that runs the io_context. The io_context must outlive it.
class Listener {
 public:
  /// Gets a connection whose peer is a client of this cluster; Connection::role() says which kind. It has to be
  /// started.
  using OnConnection = std::function<void(std::shared_ptr<Connection> connection)>;

  /// Opens the port and begins to accept. `identity` has the role gateway. `log` must outlive the listener.
  static base::Result<std::unique_ptr<Listener>> open(boost::asio::io_context& io, const Identity& identity,
                                                      const ListenerOptions& options, base::Log& log,
                                                      OnConnection on_connection);

  /// Closes the port and drops handshakes in progress. Connections that were handed over live on.
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// Where it listens: the numeric address and the port.
  [[nodiscard]] const std::string& address() const;
  [[nodiscard]] std::uint16_t port() const;

 private:
  class State;
  explicit Listener(std::shared_ptr<State> state);

  // Shared with the operations in progress, which find it closed when they end.
  std::shared_ptr<State> state_;
};

}  // namespace gangway::tls
