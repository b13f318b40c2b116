// Reading the file that says how to reach a cluster and proves that one may (launch/connection_file.hpp writes it).
#pragma once

#include <filesystem>

#include "base/result.hpp"
#include "launch/connection_file.hpp"

namespace gangway::client {

/// Reads and checks a connection file. A fault names it and the way out: it is not there, group or others have rights
/// on it, it is not JSON, or an entry is missing or wrong.
base::Result<launch::Connection> read_connection(const std::filesystem::path& path);

}  // namespace gangway::client
