// A file with user code, as the client offers it to the cluster.
#pragma once

#include <memory>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "wire/operation.hpp"

namespace gangway::client {

/// One module of this program. Constant once it is made.
struct Module {
  wire::ModuleHash hash{};
  std::string path;  // for errors
  // Kept also when the controller has it: it may forget the module, and the file may hold another build by then.
  base::SharedBytes content;
};

/// Reads and hashes a module's file. A fault if it cannot be read or is larger than 64 MiB.
base::Result<std::shared_ptr<Module>> read_module(const std::string& path);

/// A module from its content; `name` is for errors.
std::shared_ptr<Module> make_module(std::string name, base::SharedBytes content);

}  // namespace gangway::client
