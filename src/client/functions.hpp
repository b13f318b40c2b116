// The functions of this program as the cluster knows them: by module, place in it, name and signature.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include <gangway/function.hpp>

#include "base/result.hpp"
#include "client/capture_guard.hpp"
#include "client/module.hpp"
#include "wire/operation.hpp"

namespace gangway::client {

/// A function that can be asked for, with the module it is in; without one it is called by name, in the libraries at
/// the engine.
struct KnownFunction {
  wire::FunctionRef reference;
  std::string label;  // as a reader knows it
  std::shared_ptr<Module> module;
};

/// Finds functions by their stubs; reads and hashes each module's file once. All threads may use it together.
class Functions {
 public:
  /// A fault if the stub's module cannot be read or is too large to be sent.
  base::Result<std::shared_ptr<const KnownFunction>> find(const detail::StubInfo& stub);

  /// A fault if what a callable holds, and sends, looks like addresses of this process.
  base::Status check_captures(const detail::Callee& callee);

 private:
  base::Result<std::shared_ptr<const KnownFunction>> make(const detail::StubInfo& stub);
  base::Result<std::shared_ptr<Module>> module_of_file(const std::string& path);

  std::mutex mutex_;
  CaptureGuard captures_;
  std::map<std::pair<const void*, const char*>, std::shared_ptr<const KnownFunction>> known_;
  std::map<std::string, std::shared_ptr<Module>> modules_;
};

}  // namespace gangway::client
