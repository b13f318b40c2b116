// What the client of the newer distribution has built on the cluster.
#include <gangway/function.hpp>

#include <cstdlib>
#include <string>

long parse(const std::string& text, int base) {
  return std::strtol(text.c_str(), nullptr, base);
}

GANGWAY_REGISTER(parse);
