// The modules that this worker has loaded. They stay until the process ends: named values and cached objects may have
// code in them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "wire/operation.hpp"

namespace gangway::worker {

/// The first hexadecimal digits of a hash, as errors show it.
std::string short_hash(const wire::ModuleHash& hash);

/// For one thread.
class LoadedModules {
 public:
  /// Loads the file, unless the module is there already; its static initialisers run now. The path must differ
  /// from module to module. A fault holds the loader's own words, or says that the file has no functions.
  base::Status load(const wire::ModuleHash& hash, const std::string& path);

  /// Where a module is loaded; nothing if it is not.
  [[nodiscard]] std::optional<std::uintptr_t> base_of(const wire::ModuleHash& hash) const;

 private:
  std::map<wire::ModuleHash, std::uintptr_t> bases_;
};

}  // namespace gangway::worker
