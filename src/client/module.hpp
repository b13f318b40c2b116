// A file with user code, as the client offers it to the cluster.
#pragma once

#include <string>

#include "base/bytes.hpp"
#include "wire/operation.hpp"

namespace gangway::client {

/// One module of this program. Made by a user's thread, then only the session's thread touches `content`.
struct Module {
  wire::ModuleHash hash{};
  std::string path;           // for errors
  base::SharedBytes content;  // dropped when the controller has it
};

}  // namespace gangway::client
