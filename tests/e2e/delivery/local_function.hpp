// The other file of the test, with functions of the same names.
#pragma once

#include <vector>

#include <gangway/gangway.hpp>

namespace gangway::e2e {

/// What the other file's functions of the same names give.
std::vector<int> local_of_other_file(const EngineView& engine);

}  // namespace gangway::e2e
