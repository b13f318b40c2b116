// A client on a newer distribution whose module needs of libstdc++ what the cluster's hosts lack.
#include "checks.hpp"

#include <iostream>
#include <string>

// Newer libstdc++ has a function of its own that makes the streams ready.
static int print(const std::string& text) {
  std::cout << text << '\n';
  return 0;
}

int main(int, char** argv) {
  const gangway::Client client{argv[1]};
  require_refusal<print>(client, "GLIBCXX_", "libstdc++", std::string{"words"});
  std::puts("refused as expected");
}
