// The main() of the client's tests, inside the library that holds them.
#include <gmock/gmock.h>

__attribute__((visibility("default"))) int run_client_tests(int argc, char** argv) {
  testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}
