// A module program for the benchmark of loading: reads the path of a connection file, calls a function on all
// engines twice, and prints how long each took in milliseconds. The first call brings the code.
#include <chrono>
#include <iostream>
#include <string>

#include <gangway/gangway.hpp>

static void nothing() {}

int main() {
  using Clock = std::chrono::steady_clock;
  for (std::string file; std::getline(std::cin, file);) {
    const gangway::Client client{file};
    const gangway::DirectView all = client.all();
    for (int i = 0; i < 2; ++i) {
      const Clock::time_point start = Clock::now();
      all.apply(gangway::fn<nothing>).get();
      std::cout << std::chrono::duration<double, std::milli>(Clock::now() - start).count() << ' ';
    }
    std::cout << std::endl;
  }
}
