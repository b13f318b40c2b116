// Reading and writing files whole.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "base/bytes.hpp"
#include "base/limits.hpp"
#include "base/result.hpp"
#include "os/descriptor.hpp"

namespace gangway::os {

/// The content of a file; a fault if it is longer than `bytes_max`.
base::Result<std::string> read_file(const std::filesystem::path& path, std::size_t bytes_max = base::mib);

/// The same of an open file, from where it stands; `path` is for the fault.
base::Result<std::string> read_file(const Descriptor& file, const std::filesystem::path& path,
                                    std::size_t bytes_max = base::mib);

/// Writes all of the content to an open descriptor. False if that is not possible; errno tells why.
bool write_all(int fd, base::ByteView content);

}  // namespace gangway::os
