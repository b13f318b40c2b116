// Asking a gateway to end its cluster.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include <boost/asio/io_context.hpp>

#include "tls/certificate.hpp"
#include "tls/connection.hpp"

namespace gangway::launch {

/// One connection with one purpose; at most one at a time for a cluster. Whether it worked is seen by the job's end:
/// nothing is reported but what an operator may want to read in the log.
class ShutdownRequest : public std::enable_shared_from_this<ShutdownRequest> {
 public:
  /// Connects, opens a session and sends Shutdown. `on_failed` is called, at most once and on the thread that runs
  /// `io`, with a sentence if that was not possible. Nothing is called after cancel().
  static std::shared_ptr<ShutdownRequest> send(boost::asio::io_context& io, const std::string& address,
                                               std::uint16_t port, const tls::Identity& administer,
                                               std::function<void(std::string reason)> on_failed);

  /// Closes the connection.
  void cancel();

 private:
  explicit ShutdownRequest(std::function<void(std::string)> on_failed) : on_failed_{std::move(on_failed)} {}

  void on_connected(std::shared_ptr<tls::Connection> connection);
  void on_frame(const wire::Frame& frame);
  void failed(const std::string& reason);

  std::function<void(std::string)> on_failed_;
  std::shared_ptr<tls::Connection> connection_;
  bool sent_ = false;
};

}  // namespace gangway::launch
