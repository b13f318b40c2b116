#include "base/check.hpp"

#include <cstdio>
#include <cstdlib>

namespace gangway::base {

void check_failed(const char* expression, const char* file, int line, const char* explanation) {
  std::fprintf(stderr, "gangway: bug at %s:%d: %s does not hold: %s\n", file, line, expression, explanation);
  std::abort();
}

}  // namespace gangway::base
