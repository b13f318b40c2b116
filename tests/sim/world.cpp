#include "sim/world.hpp"

#include <cstdio>

namespace gangway::sim {

void World::trace(const std::string& line) const {
  std::printf("%10lld us  %s\n", static_cast<long long>(now_.ns / 1000), line.c_str());
}

}  // namespace gangway::sim
