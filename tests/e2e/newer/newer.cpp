// A client on a newer distribution than its cluster: data goes as ever; its own module needs what the cluster's hosts
// lack, and says so; the cluster builds the function from source.
#include <gangway/gangway.hpp>

#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

long parse(const std::string& text, int base);  // built on the cluster

// Newer glibc has a strtol of its own for newer C.
static long own_parse(const std::string& text) {
  return std::strtol(text.c_str(), nullptr, 10);
}

static void require(bool condition, const std::string& what) {
  if (condition) return;
  std::cerr << "wrong: " << what << '\n';
  std::exit(1);
}

static std::string error_of_own_module(const gangway::Client& client) {
  try {
    static_cast<void>(client.balanced().apply(gangway::fn<own_parse>, "42").get());
  } catch (const gangway::RemoteError& error) {
    return error.what();
  }
  return {};
}

int main(int, char** argv) {
  const gangway::Client client{argv[1]};
  client.all().push("x", std::vector<double>{1, 2, 3});
  require(client.all().pull<std::vector<double>>("x").get().back().back() == 3, "push and pull");

  const std::string refused = error_of_own_module(client);
  std::cout << "refused: " << refused << '\n';
  require(refused.find("it was built on a newer system and needs GLIBC") != std::string::npos, "why it is refused");
  require(refused.find("gangway build DIR") != std::string::npos, "the way out");

  client.build(argv[2]);
  require(client.balanced().apply(gangway::fn<parse>, "2a", 16).get() == 42, "a call of what the cluster built");
  const auto numbers = client.balanced().map(gangway::fn<parse>, std::vector<std::string>{"7", "11"}, 8).get();
  require(numbers == std::vector<long>{7, 9}, "a map of it");
  std::cout << "all as expected\n";
}
