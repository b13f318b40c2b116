// A library in two versions, and one that must not be loaded.
#include <gangway/function.hpp>

#ifdef WORKER_TEST_VERSION
int worker_test_version() {
  return WORKER_TEST_VERSION;
}
GANGWAY_REGISTER(worker_test_version);
#else
#include <cstdlib>
#ifdef WORKER_TEST_OLD_ABI
#define OTHER_STAMP "gangway=1"
#else
#define OTHER_STAMP "cpu=base,avx1024;" GANGWAY_ABI_STAMP
#endif
[[ gnu::section(".gangway.abi"), gnu::used GANGWAY_RETAIN ]] static const char other_stamp[] = OTHER_STAMP;
// It would be run by the loader, before anybody could ask the module what it is.
static const int ends_the_worker = (std::_Exit(77), 0);
#endif
