// A client on a newer distribution than its cluster whose functions need nothing new: they run as anywhere.
#include "checks.hpp"

#include <cstdio>
#include <numeric>
#include <string>
#include <vector>

static double total(const std::vector<double>& numbers) {
  return std::accumulate(numbers.begin(), numbers.end(), 0.0);
}

static std::string greeting(const std::string& name) {
  return "good morning, " + name;
}

int main(int, char** argv) {
  const gangway::Client client{argv[1]};
  require(client.balanced().apply(gangway::fn<total>, std::vector<double>{1, 2, 3}).get() == 6, "a call");
  const auto greetings = client.balanced().map(gangway::fn<greeting>, std::vector<std::string>{"Ada", "Grace"}).get();
  require(greetings == std::vector<std::string>{"good morning, Ada", "good morning, Grace"}, "a map");
  std::puts("its functions fit");
}
