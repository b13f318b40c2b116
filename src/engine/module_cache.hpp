// The modules of a node: files named by their hash, in the cluster's scratch directory. All engines of the node share
// them, so the text pages exist once. Each engine has a name of its own for the shared file, a hard link: it forgets
// a module when it hears of that, and must not take away the file of an engine that has got the module anew.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "wire/operation.hpp"

namespace gangway::engine {

/// SHA-256; handed in, since only src/tls knows the library that computes it.
using HashFunction = std::function<wire::ModuleHash(base::ByteView)>;

/// Verified modules of this node. Not thread-safe.
class ModuleCache {
 public:
  /// `directory` is made when the first module comes, private to the user. `holder` tells the engines of a node
  /// apart.
  ModuleCache(std::string directory, std::string holder, HashFunction hash);

  /// Verifies `content` against `hash` and keeps it. What goes wrong is told by path().
  void store(const wire::ModuleHash& hash, const base::SharedBytes& content);

  /// Stores the module in a file of this host.
  [[nodiscard]] base::Result<wire::ModuleHash> adopt(const std::string& file);

  /// The file of a stored module, or why there is none. What could not be written before is tried again: a full disk
  /// may have room now.
  [[nodiscard]] base::Result<std::string> path(const wire::ModuleHash& hash);

  /// Forgets the module and removes its file. Returns how many bytes it had; 0 if there was none.
  std::uint64_t forget(const wire::ModuleHash& hash);

 private:
  /// A module's file, or its content as long as it could not be written.
  struct Module {
    std::uint64_t bytes = 0;
    base::SharedBytes unwritten;
    std::string path;
  };

  base::Result<std::string> write(const wire::ModuleHash& hash, base::ByteView content) const;

  [[nodiscard]] std::string shared_path(const wire::ModuleHash& hash) const;
  [[nodiscard]] std::string own_path(const wire::ModuleHash& hash) const;

  std::string directory_;
  std::string holder_;
  HashFunction hash_;
  std::map<wire::ModuleHash, Module> modules_;
};

}  // namespace gangway::engine
