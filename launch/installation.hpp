// Where Gangway's helper programs are.
#pragma once

#include <filesystem>

#include "base/result.hpp"

namespace gangway::launch {

/// The directory with gangway-supervisor, gangway-keeper, gangway-rank and gangway-worker: $GANGWAY_LIBEXEC_DIR, or
/// else found from the file that holds this code (libgangway.so or a program), in a build's stage as in an
/// installation.
base::Result<std::filesystem::path> libexec_directory();

}  // namespace gangway::launch
