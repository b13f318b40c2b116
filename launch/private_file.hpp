// Files and directories that only their owner may read: they hold keys, and what decides whose cluster is talked to.
// And such as others may read, but not change.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.hpp"

namespace gangway::launch {

/// Makes a directory (0700) with its missing parents (0700 too). One that exists is left alone, but it has to be ours
/// and closed to others: see check_private_directory().
base::Status make_private_directory(const std::filesystem::path& path);

/// A fault, with the command that mends it, if the directory is missing, belongs to somebody else or lets others in.
base::Status check_private_directory(const std::filesystem::path& path);

/// A fault, with the command that mends it, if the file belongs to somebody else or others may read or write it.
base::Status check_private_file(const std::filesystem::path& path);

/// A fault, with the way out, if others than this account and root could put a profile into the directory: it is
/// theirs, or they may write there. None there is fine.
base::Status check_profile_directory(const std::filesystem::path& path);

/// Reads a profile; a fault, with the command that mends it, if others than this account and root could change it.
base::Result<std::string> read_guarded_profile(const std::filesystem::path& path);

/// Writes a file (0600): readers see the old content or all of the new, never a part.
base::Status write_private_file(const std::filesystem::path& path, const std::string& content);

/// Removes a directory and all that is in it; none there is fine.
base::Status remove_directory(const std::filesystem::path& path);

}  // namespace gangway::launch
