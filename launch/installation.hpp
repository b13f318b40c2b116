// Where Gangway's helper programs are.
#pragma once

#include <filesystem>

#include "base/result.hpp"

namespace gangway::launch {

/// The directory with gangway-supervisor, gangway-keeper, gangway-rank and gangway-worker: $GANGWAY_LIBEXEC_DIR, or
/// else found from the file that holds this code (libgangway.so or a program), in a build's stage as in an
/// installation.
base::Result<std::filesystem::path> libexec_directory();

/// What sources that use Gangway are compiled with.
struct DevelopmentFiles {
  std::filesystem::path include;  // holds gangway/gangway.hpp
  std::filesystem::path library;  // libgangway.so
};

/// Those that belong to this code, which must be in libgangway.so. A fault if the headers are not installed.
base::Result<DevelopmentFiles> development_files();

}  // namespace gangway::launch
