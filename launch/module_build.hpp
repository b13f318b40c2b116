// Compiling a library at an engine: what `gangway build` asks of a cluster. It is an ordinary task in an engine's
// worker, with the rights of the account that the cluster runs as; clients call it by name.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace gangway::launch {

/// A file of the sources; the path is relative to their directory.
struct SourceFile {
  std::string path;
  std::string content;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& path& content;
  }
};

/// What is to be compiled: all sources become one library.
struct BuildRequest {
  std::vector<SourceFile> files;
  std::vector<std::string> flags;  // for the compiler, after Gangway's own

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& files& flags;
  }
};

/// The library's bytes. It is compiled by $GANGWAY_CXX, or else c++, within 10 minutes and 8 GiB of memory; the same
/// request to the same compiler and Gangway is answered from <home>/builds, unless its flags bring in other files.
/// Throws Error with what the compiler printed.
std::vector<std::uint8_t> build_module(const BuildRequest& request);

/// Whether a file is compiled, and not only included.
bool is_source(const std::string& path);

}  // namespace gangway::launch
