// The code of a program, as a library: a test has many builds of it in one process, each a copy with other bytes.
#include <optional>

#include <gangway/gangway.hpp>

static int same(int x) {
  return x;
}

extern "C" __attribute__((visibility("default"))) void begin_same(const gangway::EngineView& engine, const char* name,
                                                                  std::optional<gangway::Future<int>>& result) {
  result = engine.apply(gangway::fn<same>, gangway::named(name));
}
