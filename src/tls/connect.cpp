#include "tls/connect.hpp"

#include <chrono>
#include <vector>

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "tls/context.hpp"
#include "tls/explain.hpp"
#include "tls/stream_connection.hpp"

namespace gangway::tls {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

using OnDone = std::function<void(base::Result<std::shared_ptr<Connection>>)>;

/// One attempt to connect, kept alive by its operations. Whatever happens first ends it: the others find it ended.
class Attempt : public std::enable_shared_from_this<Attempt> {
 public:
  Attempt(asio::io_context& io, std::shared_ptr<asio::ssl::context> context, std::string address, std::uint16_t port,
          const ConnectOptions& options, OnDone on_done)
      : context_{std::move(context)},
        stream_{io, *context_},
        resolver_{io},
        timer_{io},
        address_{std::move(address)},
        port_{port},
        options_{options},
        on_done_{std::move(on_done)} {}

  void run() {
    timer_.expires_after(std::chrono::nanoseconds{options_.timeout.ns});
    timer_.async_wait([self = shared_from_this()](const error_code& error) {
      if (!error) {
        self->fail("no answer within " + std::to_string(self->options_.timeout.ns / 1'000'000) + " ms while " +
                   self->doing_ + " (is a firewall in between, or is the cluster stopped?)");
      }
    });
    error_code not_numeric;
    const asio::ip::address numeric = asio::ip::make_address(address_, not_numeric);
    if (!not_numeric) {
      connect_to({tcp::endpoint{numeric, port_}});
      return;
    }
    doing_ = "looking up the name";
    resolver_.async_resolve(address_, std::to_string(port_), tcp::resolver::numeric_service,
                            [self = shared_from_this()](const error_code& error, const auto& found) {
                              self->on_resolved(error, {found.begin(), found.end()});
                            });
  }

 private:
  void on_resolved(const error_code& error, std::vector<tcp::endpoint> endpoints) {
    if (!on_done_) {
      return;
    }
    if (error) {
      fail("the name is not known (" + error.message() + ")");
      return;
    }
    connect_to(std::move(endpoints));
  }

  void connect_to(std::vector<tcp::endpoint> endpoints) {
    doing_ = "connecting";
    endpoints_ = std::move(endpoints);
    asio::async_connect(stream_.lowest_layer(), endpoints_,
                        [self = shared_from_this()](const error_code& error, const tcp::endpoint& endpoint) {
                          self->on_connected(error, endpoint);
                        });
  }

  void on_connected(const error_code& error, const tcp::endpoint& endpoint) {
    if (!on_done_) {
      return;
    }
    if (error == asio::error::connection_refused) {
      fail("nothing listens there (is the cluster still running?)");
      return;
    }
    if (error) {
      fail(error.message());
      return;
    }
    peer_ = place_text(endpoint.address().to_string(), endpoint.port());
    doing_ = "waiting for its TLS handshake";
    send_at_once(stream_);
    stream_.async_handshake(asio::ssl::stream_base::client,
                            [self = shared_from_this()](const error_code& failed) { self->on_handshake(failed); });
  }

  void on_handshake(const error_code& error) {
    if (!on_done_) {
      return;
    }
    if (error) {
      fail(handshake_failure(Side::client, stream_, error));
      return;
    }
    const base::Result<Role> role = peer_role(Side::client, stream_);
    if (!role.ok()) {
      fail(role.fault().text);
      return;
    }
    timer_.cancel();
    auto connection =
        std::make_shared<StreamConnection>(std::move(stream_), role.value(), peer_, options_.frame_bytes_max);
    std::exchange(on_done_, nullptr)(std::shared_ptr<Connection>{std::move(connection)});
  }

  void fail(const std::string& reason) {
    if (!on_done_) {
      return;
    }
    timer_.cancel();
    resolver_.cancel();
    error_code ignored;
    stream_.lowest_layer().close(ignored);
    std::exchange(on_done_, nullptr)(
        base::Fault{"cannot connect to the gateway at " + place_text(address_, port_) + ": " + reason});
  }

  std::shared_ptr<asio::ssl::context> context_;  // owns the function that checks the gateway's certificate
  Stream stream_;
  tcp::resolver resolver_;
  asio::steady_timer timer_;
  const std::string address_;
  const std::uint16_t port_;
  const ConnectOptions options_;
  OnDone on_done_;  // empty once the attempt has ended
  std::vector<tcp::endpoint> endpoints_;
  std::string doing_;
  std::string peer_;
};

}  // namespace

void connect(asio::io_context& io, const std::string& address, std::uint16_t port, const Identity& identity,
             const ConnectOptions& options, OnDone on_done) {
  const auto context = make_context(Side::client, identity);
  if (!context.ok()) {
    base::Fault fault{"cannot connect to the gateway at " + place_text(address, port) + ": " + context.fault().text};
    asio::post(io, [fault = std::move(fault), on_done = std::move(on_done)] { on_done(fault); });
    return;
  }
  std::make_shared<Attempt>(io, context.value(), address, port, options, std::move(on_done))->run();
}

}  // namespace gangway::tls
