// The modules that this worker has loaded. They stay until the process ends: named values and cached objects may have
// code in them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "wire/operation.hpp"

namespace gangway::worker {

/// The first hexadecimal digits of a hash, as errors show it.
std::string short_hash(const wire::ModuleHash& hash);

/// For one thread.
class LoadedModules {
 public:
  LoadedModules();

  /// Loads the file, unless the module is there already; its static initialisers run now, but not before its bytes
  /// show that it fits. The path must differ from module to module. A fault holds the loader's own words, or says
  /// what does not fit or that the file has no functions.
  base::Status load(const wire::ModuleHash& hash, const std::string& path);

  /// Where a module is loaded; nothing if it is not.
  [[nodiscard]] std::optional<std::uintptr_t> base_of(const wire::ModuleHash& hash) const;

  /// Calls by name look in these from now on, those that are loaded, the last first; and after them in Gangway
  /// itself.
  void use_libraries(const std::vector<wire::ModuleHash>& hashes);

  /// Where they are loaded, for code::find_stub_by_name().
  [[nodiscard]] std::span<const std::uintptr_t> libraries() const { return libraries_; }

 private:
  std::map<wire::ModuleHash, std::uintptr_t> bases_;
  std::vector<std::uintptr_t> own_;  // of Gangway itself
  std::vector<std::uintptr_t> libraries_;
};

}  // namespace gangway::worker
