// A program that is built twice: version CLUSTER asks the cluster which build it runs.
#include <iostream>

#include <gangway/gangway.hpp>

static int version() {
  return PROGRAM_VERSION;
}

int main(int, char** argv) {
  const gangway::Client client{argv[1]};
  for (const int number : client.all().apply(gangway::fn<version>).get()) std::cout << number << ' ';
  for (const int number : client.balanced().map([](int x) { return x + PROGRAM_VERSION; }, std::vector{10, 20}).get())
    std::cout << number << ' ';
}
