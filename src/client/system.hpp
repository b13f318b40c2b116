// What the client library, wire and tls need of the operating system beyond standard C++ and Boost.Asio. All that is
// Linux-only in these three folders is behind this header, in system_linux.cpp: tests/lint keeps it so.
#pragma once

#include <cstddef>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace gangway::client {

/// Who may have rights on a file that is read.
enum class Access { anybody, owner_alone };

/// Reads a regular file whole; `what` says in a fault what it is: "the connection file". Of a file that is larger
/// than `bytes_max` one byte more is returned, so that the caller can tell. With owner_alone it is a fault, with the
/// command that mends it, if the file is not this account's, if group or others have rights on it, or if anybody may
/// replace it in its directory; nobody can swap it between check and reading.
/// Any thread.
base::Result<base::ByteVector> read_file(const std::string& path, const std::string& what, std::size_t bytes_max,
                                         Access access);

/// This process for people: "node7 pid 4711". Any thread.
std::string process_name();

}  // namespace gangway::client
