// The library of the program beside it, which declares its function and does not link it.
#include <gangway/gangway.hpp>

int square(int x) {
  return x * x;
}

GANGWAY_REGISTER(square);
