// An ordinary executable, linked with the library: plain CLUSTER calls what the library offers, by name.
#include <iostream>

#include <gangway/gangway.hpp>

#include "e2e/delivery/solver.hpp"

int main(int, char** argv) {
  const gangway::Client client{argv[1]};
  std::cout << solver::version() << ' ' << client.balanced().apply(gangway::fn<solver::version>).get() << '\n';
  try {
    static_cast<void>(client.balanced().apply([] { return 1; }).get());
  } catch (const gangway::Error& error) {
    std::cout << error.what() << '\n';
  }
}
