#include "tls/listener.hpp"

#include <array>
#include <chrono>
#include <map>
#include <optional>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "os/clock.hpp"
#include "tls/context.hpp"
#include "tls/explain.hpp"
#include "tls/refusal_log.hpp"
#include "tls/stream_connection.hpp"

namespace gangway::tls {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

// After an error of accept, e.g. no descriptor left: trying again at once would fail again.
constexpr std::chrono::milliseconds accept_pause{100};

// While others wait because handshakes_max are in progress, those give way that have said nothing for the first time,
// or have not come to an end for the second: connections that do nothing delay nobody for long.
constexpr std::chrono::milliseconds silence_when_crowded{200};
constexpr std::chrono::seconds slowness_when_crowded{2};
constexpr std::chrono::milliseconds crowded_pause{20};

// How long, and for how many bytes, a refused peer is listened to, so that the alert that tells it why is not
// overtaken by a reset.
constexpr std::chrono::seconds farewell_wait{1};
constexpr std::size_t farewell_bytes_max = 64 * base::kib;

base::Result<asio::ip::address> local_address(asio::io_context& io, const std::string& text) {
  error_code error;
  const asio::ip::address numeric = asio::ip::make_address(text, error);
  if (!error) {
    return numeric;
  }
  const auto found = tcp::resolver{io}.resolve(text, "", tcp::resolver::passive, error);
  if (error || found.empty()) {
    return base::Fault{"cannot listen on " + text + ": it is neither an address nor a known host name"};
  }
  return found.begin()->endpoint().address();
}

error_code listen_at(tcp::acceptor& acceptor, const tcp::endpoint& endpoint) {
  error_code error;
  error_code ignored;
  acceptor.close(ignored);
  acceptor.open(endpoint.protocol(), error);
  if (!error) {
    // Connections of the cluster before may still linger on this port.
    acceptor.set_option(tcp::acceptor::reuse_address{true}, error);
  }
  if (!error) {
    acceptor.bind(endpoint, error);
  }
  if (!error) {
    acceptor.listen(asio::socket_base::max_listen_connections, error);
  }
  return error;
}

/// Opens the acceptor on the first port of the range that is free.
base::Status listen_in_range(tcp::acceptor& acceptor, const asio::ip::address& address,
                             const ListenerOptions& options) {
  const std::string range = std::to_string(options.port_low) + "-" + std::to_string(options.port_high);
  const bool any = options.port_low == 0 && options.port_high == 0;
  if (!any && (options.port_low == 0 || options.port_low > options.port_high)) {
    return base::Fault{"cannot listen on ports " + range +
                       ": the range is empty; write it as LOW-HIGH, or 0-0 to leave " + "the choice to the system"};
  }
  if (options.first_port != 0 && !listen_at(acceptor, {address, options.first_port})) return base::Done{};
  for (std::uint32_t port = options.port_low; port <= options.port_high; ++port) {
    const error_code error = listen_at(acceptor, {address, static_cast<std::uint16_t>(port)});
    if (!error) {
      return base::Done{};
    }
    // A port that is taken or reserved says nothing about the next one; anything else would fail there too.
    if (error != asio::error::address_in_use && error != asio::error::access_denied) {
      return base::Fault{"cannot listen on " + address.to_string() + ": " + error.message()};
    }
  }
  if (any) {
    return base::Fault{"cannot listen on " + address.to_string() + ": the system has no free port"};
  }
  return base::Fault{"cannot listen on " + address.to_string() + ": no port of the range " + range +
                     " is free; stop a cluster that holds one of them or give a wider range"};
}

}  // namespace

/// A peer that has connected and has not proved anything yet. Until it says something it costs a socket and no more.
struct Handshake {
  Handshake(tcp::socket connected, std::uint64_t its_number)
      : number{its_number}, socket{std::move(connected)}, timer{socket.get_executor()} {}

  [[nodiscard]] bool silent() const { return !stream; }
  tcp::socket& lowest_socket() { return stream ? stream->next_layer() : socket; }

  const std::uint64_t number;
  const std::chrono::steady_clock::time_point since = std::chrono::steady_clock::now();
  tcp::socket socket;  // becomes part of the stream
  std::optional<Stream> stream;
  asio::steady_timer timer;
  std::string peer;
  bool refused = false;
  std::array<char, 4096> farewell{};
  std::size_t farewell_bytes = 0;
};

using HandshakePointer = std::shared_ptr<Handshake>;

/// The listener's state, kept alive by its operations.
class Listener::State : public std::enable_shared_from_this<State> {
 public:
  State(asio::io_context& io, std::shared_ptr<asio::ssl::context> context, const ListenerOptions& options,
        base::Log& log, OnConnection on_connection)
      : acceptor{io},
        pause_{io},
        context_{std::move(context)},
        options_{options},
        refusals_{log},
        on_connection_{std::move(on_connection)} {}

  void accept();
  void close();

  tcp::acceptor acceptor;
  std::string address;
  std::uint16_t port = 0;

 private:
  void on_accept(const error_code& error, tcp::socket socket);
  void accept_later(std::chrono::milliseconds pause);
  bool make_room();
  void begin(tcp::socket socket);
  void on_first_byte(const HandshakePointer& handshake);
  [[nodiscard]] bool in_progress(const HandshakePointer& handshake) const {
    return handshakes_.contains(handshake->number);
  }
  void on_handshake(const HandshakePointer& handshake, const error_code& error);
  void refuse(const HandshakePointer& handshake, const std::string& reason);
  void say_farewell(const HandshakePointer& handshake);
  void end(const HandshakePointer& handshake);

  asio::steady_timer pause_;
  std::shared_ptr<asio::ssl::context> context_;
  const ListenerOptions options_;
  RefusalLog refusals_;
  OnConnection on_connection_;
  std::map<std::uint64_t, HandshakePointer> handshakes_;  // by number: the oldest first
  std::uint64_t last_number_ = 0;
  bool accept_in_progress_ = false;
  bool closed_ = false;
};

void Listener::State::accept() {
  if (closed_ || accept_in_progress_) {
    return;
  }
  if (handshakes_.size() >= options_.handshakes_max && !make_room()) {
    accept_later(crowded_pause);
    return;
  }
  accept_in_progress_ = true;
  acceptor.async_accept([self = shared_from_this()](const error_code& error, tcp::socket socket) {
    self->accept_in_progress_ = false;
    if (!self->closed_) {
      self->on_accept(error, std::move(socket));
    }
  });
}

void Listener::State::on_accept(const error_code& error, tcp::socket socket) {
  if (!error) {
    begin(std::move(socket));
    accept();
    return;
  }
  refusals_.write("cannot accept a connection at " + place_text(address, port) + ": " + error.message(), os::now());
  accept_later(accept_pause);
}

void Listener::State::accept_later(std::chrono::milliseconds pause) {
  accept_in_progress_ = true;
  pause_.expires_after(pause);
  pause_.async_wait([self = shared_from_this()](const error_code&) {
    self->accept_in_progress_ = false;
    self->accept();
  });
}

bool Listener::State::make_room() {
  const auto time = std::chrono::steady_clock::now();
  HandshakePointer chosen;
  for (const auto& [number, handshake] : handshakes_) {
    if (handshake->silent() && time - handshake->since >= silence_when_crowded) {
      refuse(handshake, "it said nothing while others waited to be let in");
      chosen = handshake;
      break;
    }
    if (!chosen && time - handshake->since >= slowness_when_crowded) chosen = handshake;
  }
  if (!chosen) return false;
  refuse(chosen, "it did not finish the handshake while others waited to be let in");
  handshakes_.erase(chosen->number);
  end(chosen);
  return true;
}

void Listener::State::begin(tcp::socket socket) {
  error_code gone;
  const tcp::endpoint peer = socket.remote_endpoint(gone);
  if (gone) {
    return;
  }
  const auto handshake = std::make_shared<Handshake>(std::move(socket), ++last_number_);
  handshake->peer = place_text(peer.address().to_string(), peer.port());
  handshakes_.emplace(handshake->number, handshake);
  handshake->timer.expires_after(std::chrono::nanoseconds{options_.handshake_timeout.ns});
  handshake->timer.async_wait([self = shared_from_this(), handshake](const error_code& error) {
    if (!error && self->in_progress(handshake)) {
      self->refuse(handshake, "it did not finish the handshake within " +
                                  std::to_string(self->options_.handshake_timeout.ns / 1'000'000) + " ms");
      self->end(handshake);
    }
  });
  handshake->socket.async_wait(tcp::socket::wait_read, [self = shared_from_this(), handshake](const error_code&) {
    // An error shows again in the handshake.
    if (self->in_progress(handshake)) self->on_first_byte(handshake);
  });
}

void Listener::State::on_first_byte(const HandshakePointer& handshake) {
  handshake->stream.emplace(std::move(handshake->socket), *context_);
  send_at_once(*handshake->stream);
  handshake->stream->async_handshake(
      asio::ssl::stream_base::server,
      [self = shared_from_this(), handshake](const error_code& error) { self->on_handshake(handshake, error); });
}

void Listener::State::on_handshake(const HandshakePointer& handshake, const error_code& error) {
  if (!in_progress(handshake)) {
    return;
  }
  if (error) {
    refuse(handshake, handshake_failure(Side::server, *handshake->stream, error));
    say_farewell(handshake);
    return;
  }
  const base::Result<Role> role = peer_role(Side::server, *handshake->stream);
  if (!role.ok()) {
    refuse(handshake, role.fault().text);
    end(handshake);
    return;
  }
  auto connection = std::make_shared<StreamConnection>(std::move(*handshake->stream), role.value(), handshake->peer,
                                                       options_.frame_bytes_max);
  handshake->timer.cancel();
  handshakes_.erase(handshake->number);
  accept();
  const OnConnection on_connection = on_connection_;  // the callee may destroy the listener
  on_connection(std::move(connection));
}

void Listener::State::refuse(const HandshakePointer& handshake, const std::string& reason) {
  if (!handshake->refused) {
    handshake->refused = true;
    refusals_.write("refused " + handshake->peer + ": " + reason, os::now());
  }
}

void Listener::State::say_farewell(const HandshakePointer& handshake) {
  error_code error;
  if (handshake->farewell_bytes == 0) {
    handshake->lowest_socket().shutdown(tcp::socket::shutdown_send, error);
    handshake->timer.expires_after(farewell_wait);
    handshake->timer.async_wait([self = shared_from_this(), handshake](const error_code& cancelled) {
      if (!cancelled) {
        self->end(handshake);
      }
    });
  }
  handshake->lowest_socket().async_read_some(
      asio::buffer(handshake->farewell),
      [self = shared_from_this(), handshake](const error_code& ended, std::size_t count) {
        handshake->farewell_bytes += count;
        if (ended || handshake->farewell_bytes > farewell_bytes_max) {
          self->end(handshake);
        } else {
          self->say_farewell(handshake);
        }
      });
}

void Listener::State::end(const HandshakePointer& handshake) {
  handshake->timer.cancel();
  error_code ignored;
  handshake->lowest_socket().close(ignored);
  if (handshakes_.erase(handshake->number) > 0) {
    accept();
  }
}

void Listener::State::close() {
  closed_ = true;
  on_connection_ = nullptr;
  error_code ignored;
  acceptor.close(ignored);
  pause_.cancel();
  while (!handshakes_.empty()) {
    const HandshakePointer handshake = handshakes_.begin()->second;
    end(handshake);
  }
}

Listener::Listener(std::shared_ptr<State> state) : state_{std::move(state)} {}

Listener::~Listener() {
  state_->close();
}

const std::string& Listener::address() const {
  return state_->address;
}

std::uint16_t Listener::port() const {
  return state_->port;
}

base::Result<std::unique_ptr<Listener>> Listener::open(asio::io_context& io, const Identity& identity,
                                                       const ListenerOptions& options, base::Log& log,
                                                       OnConnection on_connection) {
  auto context = make_context(Side::server, identity);
  if (!context.ok()) {
    return base::Fault{"cannot listen on " + options.address + ": " + context.fault().text};
  }
  const base::Result<asio::ip::address> address = local_address(io, options.address);
  if (!address.ok()) {
    return address.fault();
  }
  auto state = std::make_shared<State>(io, std::move(context).value(), options, log, std::move(on_connection));
  if (const base::Status listening = listen_in_range(state->acceptor, address.value(), options); !listening.ok()) {
    return listening.fault();
  }
  state->address = address.value().to_string();
  state->port = state->acceptor.local_endpoint().port();
  state->accept();
  return std::unique_ptr<Listener>{new Listener{std::move(state)}};
}

}  // namespace gangway::tls
