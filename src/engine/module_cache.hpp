// The modules of a node: files named by their hash, in the cluster's scratch directory. All engines of the node share
// them, so the text pages exist once.
#pragma once

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
  /// `directory` is made when the first module comes, private to the user.
  ModuleCache(std::string directory, HashFunction hash);

  /// Verifies `content` against `hash` and keeps it. What goes wrong is told by path().
  void store(const wire::ModuleHash& hash, const base::SharedBytes& content);

  /// Stores the module in a file of this host.
  [[nodiscard]] base::Result<wire::ModuleHash> adopt(const std::string& file);

  /// The file of a stored module, or why there is none. What could not be written before is tried again: a full disk
  /// may have room now.
  [[nodiscard]] base::Result<std::string> path(const wire::ModuleHash& hash);

 private:
  /// A module's file, or its content as long as it could not be written.
  struct Module {
    std::string path;
    base::SharedBytes unwritten;
  };

  base::Result<std::string> write(const wire::ModuleHash& hash, base::ByteView content) const;

  std::string directory_;
  HashFunction hash_;
  std::map<wire::ModuleHash, Module> modules_;
};

}  // namespace gangway::engine
