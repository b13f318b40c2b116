// Profiles: the settings of a cluster in an INI file. The README's section "Profiles" tells users what may stand in
// one; the table in profile_file.cpp is the same for the program.
#pragma once

#include <filesystem>
#include <string>

#include <gangway/profile.hpp>

#include "base/result.hpp"

namespace gangway::launch {

/// The file that is meant; see Profile::load(). Says nothing about whether it exists.
base::Result<std::filesystem::path> profile_path(const std::string& name_or_path);

/// Reads a profile. Defaults that depend on the host are not filled in: see resolve(). A fault names the file, the
/// line and the key where there are such, and the way out.
base::Result<Profile> load_profile(const std::string& name_or_path);

}  // namespace gangway::launch
