#include "half.hpp"
int built::half(int x) {
  return x / 2;
}
