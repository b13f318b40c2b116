// A client on a newer distribution than its cluster: data goes as ever; its own module needs of glibc what the
// cluster's hosts lack, and says so; the cluster builds the function from source.
#include "checks.hpp"

#include <cstdlib>
#include <string>
#include <vector>

long parse(const std::string& text, int base);  // built on the cluster

// Newer glibc has a strtol of its own for newer C.
static long own_parse(const std::string& text) {
  return std::strtol(text.c_str(), nullptr, 10);
}

int main(int, char** argv) {
  const gangway::Client client{argv[1]};
  client.all().push("x", std::vector<double>{1, 2, 3});
  require(client.all().pull<std::vector<double>>("x").get().back().back() == 3, "push and pull");

  require_refusal<own_parse>(client, "GLIBC_", "glibc", std::string{"42"});

  client.build(argv[2]);
  require(client.balanced().apply(gangway::fn<parse>, "2a", 16).get() == 42, "a call of what the cluster built");
  const auto numbers = client.balanced().map(gangway::fn<parse>, std::vector<std::string>{"7", "11"}, 8).get();
  require(numbers == std::vector<long>{7, 9}, "a map of it");
  std::puts("all as expected");
}
