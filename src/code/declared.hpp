// Functions that a module program only declares. Its library refers to them, through their stubs, and the linker
// leaves them undefined; here they are made weak, so that the loader gives them a null address instead of refusing
// the library. Only references of stubs are touched: whatever else is undefined stays an error of the linker.
#pragma once

#include <cstddef>
#include <span>

#include "base/result.hpp"

namespace gangway::code {

/// Makes the undefined functions of stubs weak in a shared library's bytes; how many there were.
base::Result<std::size_t> weaken_declared(std::span<std::byte> library);

}  // namespace gangway::code
