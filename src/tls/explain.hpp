// Error codes of sockets and of OpenSSL as clauses a user can act on. Internal to this folder.
#pragma once

#include <string>

#include <boost/system/error_code.hpp>

#include "tls/context.hpp"

namespace gangway::tls {

/// Why a handshake failed, as a clause about the peer: "its certificate has expired".
std::string handshake_failure(Side side, Stream& stream, const boost::system::error_code& error);

/// Why an established connection ended, as a clause about the peer: "closed the connection", "refused our
/// certificate: ...".
std::string connection_failure(Stream& stream, const boost::system::error_code& error);

}  // namespace gangway::tls
