#include "launch/shutdown_request.hpp"

#include <unistd.h>

#include <variant>

#include "launch/state_file.hpp"
#include "os/host_name.hpp"
#include "tls/connect.hpp"

namespace gangway::launch {

std::shared_ptr<ShutdownRequest> ShutdownRequest::send(boost::asio::io_context& io, const std::string& address,
                                                       std::uint16_t port, const tls::Identity& administer,
                                                       std::function<void(std::string)> on_failed) {
  std::shared_ptr<ShutdownRequest> request{new ShutdownRequest{std::move(on_failed)}};
  tls::ConnectOptions options;
  options.timeout = base::seconds(5);
  tls::connect(io, address, port, administer, options,
               [request](base::Result<std::shared_ptr<tls::Connection>> connection) {
                 if (connection) {
                   request->on_connected(std::move(connection).value());
                 } else {
                   request->failed(connection.fault().text);
                 }
               });
  return request;
}

void ShutdownRequest::cancel() {
  on_failed_ = nullptr;
  if (connection_) connection_->close();
  connection_.reset();
}

void ShutdownRequest::on_connected(std::shared_ptr<tls::Connection> connection) {
  connection_ = std::move(connection);
  if (!on_failed_) {
    cancel();
    return;
  }
  connection_->start([self = shared_from_this()](const wire::Frame& frame) { self->on_frame(frame); },
                     [self = shared_from_this()](const base::Fault& reason) {
                       if (!self->sent_) self->failed(reason.text);
                       self->connection_.reset();
                     });
  wire::Hello hello;
  hello.client = "supervisor, process " + std::to_string(::getpid()) + " on " + os::host_name();
  connection_->send(wire::encode(wire::ClientMessage{hello}));
}

void ShutdownRequest::on_frame(const wire::Frame& frame) {
  const base::Result<wire::GatewayMessage> message = wire::decode_gateway_message(frame.number, frame.body);
  if (!message || sent_ || !connection_) return;
  if (std::holds_alternative<wire::Welcome>(message.value())) {
    sent_ = true;
    connection_->send(wire::encode(wire::ClientMessage{wire::Shutdown{wire::RequestId{1}}}));
  } else if (const auto* goodbye = std::get_if<wire::Goodbye>(&message.value())) {
    failed(goodbye->reason);
  }
}

void ShutdownRequest::failed(const std::string& reason) {
  if (auto on_failed = std::exchange(on_failed_, nullptr)) on_failed(reason);
}

}  // namespace gangway::launch
