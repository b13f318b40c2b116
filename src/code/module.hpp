// Which library of this process an address is in.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace gangway::code {

/// A loaded library, or the executable.
struct ModulePlace {
  std::string file;         // absolute path
  std::uintptr_t base = 0;  // where it is loaded; offsets in it count from here
  bool is_executable = false;
};

/// The module that holds `address`. A fault if none does, or if its file was replaced since it was loaded: the bytes
/// on disk are then not the ones that run here.
base::Result<ModulePlace> module_of(const void* address);

/// The ranges [begin, end) of addresses where this process can have variables now, rising.
std::vector<std::pair<std::uintptr_t, std::uintptr_t>> mapped_ranges();

}  // namespace gangway::code
