// The main() of a test program that needs nothing else.
#include "e2e/support/home.hpp"

int main(int argc, char** argv) {
  return gangway::e2e::run_tests(argc, argv);
}
