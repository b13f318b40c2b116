#include "launch/ports.hpp"

#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "launch/state_file.hpp"
#include "os/host_name.hpp"

namespace gangway::launch {
namespace {

using boost::asio::ip::tcp;

boost::system::error_code try_port(const boost::asio::ip::address& address, std::uint16_t port) {
  boost::asio::io_context io;
  tcp::acceptor acceptor{io};
  boost::system::error_code error;
  const tcp::endpoint endpoint{address, port};
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address{true}, error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(1, error);
  return error;
}

}  // namespace

base::Status check_ports(const std::string& address, std::uint16_t low, std::uint16_t high) {
  boost::system::error_code error;
  const boost::asio::ip::address parsed = boost::asio::ip::make_address(address, error);
  if (error) return base::Fault{"'" + address + "' is not a numeric address a gateway could listen on"};
  if (low > high || (low == 0 && high != 0)) {
    return base::Fault{"the ports " + std::to_string(low) + "-" + std::to_string(high) +
                       " are no range; give the lower one first, both between 1 and 65535"};
  }
  for (unsigned port = low; port <= high; ++port) {
    error = try_port(parsed, static_cast<std::uint16_t>(port));
    if (!error) return base::Done{};
    if (error == boost::system::errc::address_not_available) {
      return base::Fault{"no interface of this host has the address " + address +
                         "; choose one that `ip address` shows"};
    }
  }
  return base::Fault{"no port from " + std::to_string(low) + " to " + std::to_string(high) + " is free on " +
                     address + " (" + error.message() + "); choose another range, or let the system choose with 0-0"};
}

bool is_address(const std::string& text) {
  boost::system::error_code error;
  boost::asio::ip::make_address(text, error);
  return !error;
}

bool is_any_address(const std::string& address) {
  boost::system::error_code error;
  const boost::asio::ip::address parsed = boost::asio::ip::make_address(address, error);
  return !error && parsed.is_unspecified();
}

bool is_loopback_address(const std::string& address) {
  boost::system::error_code error;
  const boost::asio::ip::address parsed = boost::asio::ip::make_address(address, error);
  return !error && parsed.is_loopback();
}

bool is_this_host(const std::string& name) {
  const auto short_name = [](const std::string& full) { return full.substr(0, full.find('.')); };
  const std::string own = os::host_name();
  if (name == "localhost" || name == own || name == short_name(own) || short_name(name) == own) return true;
  boost::asio::io_context io;
  tcp::resolver resolver{io};
  boost::system::error_code error;
  for (const auto& found : resolver.resolve(name, "0", error)) {
    // Only an address of this host can be bound.
    tcp::acceptor acceptor{io};
    acceptor.open(found.endpoint().protocol(), error);
    if (!error) acceptor.bind(found.endpoint(), error);
    if (!error) return true;
  }
  return false;
}

}  // namespace gangway::launch
