// Whether a gateway will find a port to listen on, asked before anything is started.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.hpp"

namespace gangway::launch {

/// A fault if `address` is no numeric address of this host, or if no port from `low` to `high` is free on it (0 to 0:
/// any port will do). What is free now may be taken later: the gateway has the last word.
base::Status check_ports(const std::string& address, std::uint16_t low, std::uint16_t high);

/// True for numeric addresses; such a one need not be of this host.
bool is_address(const std::string& text);

/// True for addresses that only programs on the same host can reach.
bool is_loopback_address(const std::string& address);

/// True if `name` is the host this runs on: by its name, short or full, or by an address of its own.
bool is_this_host(const std::string& name);

/// True if the address means all interfaces of the host, so that it names no place to connect to.
bool is_any_address(const std::string& address);

}  // namespace gangway::launch
