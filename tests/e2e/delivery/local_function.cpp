// A function of the same name and signature as one in the test's other file.
#include "e2e/delivery/local_function.hpp"

namespace {
int in_namespace() {
  return 12;
}
}  // namespace

static int local() {
  return 2;
}

namespace gangway::e2e {

std::vector<int> local_of_other_file(const EngineView& engine) {
  return {engine.apply(fn<local>).get(), engine.apply(fn<in_namespace>).get(), engine.apply([] { return 22; }).get()};
}

}  // namespace gangway::e2e
