// Compiled on the cluster, by `gangway build`.
#include <gangway/function.hpp>

#include "parts/half.hpp"

namespace built {
int answer(int x) {
  return half(x) + OFFSET;
}
}  // namespace built

GANGWAY_REGISTER(built::answer);
