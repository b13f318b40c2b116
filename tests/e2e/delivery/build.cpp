// The code of a program, as a library: a test has many builds of it in one process, each a copy with other bytes.
#include <optional>
#include <string>

#include <gangway/gangway.hpp>

static int exchange(gangway::Engine& engine, const std::string& name, int x) {
  const int before = engine.names().get<int>(name);
  engine.names().set(name, x);
  return before;
}

extern "C" __attribute__((visibility("default"))) void begin_exchange(const gangway::EngineView& engine,
                                                                      const char* name, int x,
                                                                      std::optional<gangway::Future<int>>& before) {
  before = engine.apply(gangway::fn<exchange>, std::string{name}, x);
}
