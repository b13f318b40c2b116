#include "unit/worker/module.hpp"

#include <csignal>
#include <cstdlib>
#include <numeric>
#include <stdexcept>

namespace worker_module {

double add(double a, double b) {
  return a + b;
}
double sum(std::span<const double> x) {
  return std::accumulate(x.begin(), x.end(), 0.0);
}
void scale(std::span<double> x, double by) {
  for (double& value : x) {
    value *= by;
  }
}
std::vector<double> ramp(std::size_t count) {
  std::vector<double> values(count);
  std::iota(values.begin(), values.end(), 0.0);
  return values;
}
void throw_domain_error() {
  throw std::domain_error{"negative mass"};
}
void throw_int() {
  throw 42;
}
void segfault(std::uintptr_t address) {
  *reinterpret_cast<volatile int*>(address) = 1;
}
void abort_now() {
  std::abort();
}
void divide_by_zero() {
  std::raise(SIGFPE);
}
int recurse(int depth) {
  volatile char frame[4096];
  frame[0] = static_cast<char>(depth);
  return depth < 0 ? frame[0] : recurse(depth + 1) + frame[0];
}
void exit_with(int status) {
  std::exit(status);
}
std::uint64_t alignment_rest(std::span<const double> x) {
  return reinterpret_cast<std::uintptr_t>(x.data()) % 64;
}
std::size_t make_and_set(gangway::Engine& engine) {
  engine.names().make<double>("y", 3)[1] = 5;
  engine.names().set("m", std::map<std::string, int>{{"a", 1}});
  return engine.names().names().size();
}
std::map<std::string, int> get_object(gangway::Engine& engine) {
  return engine.names().get<std::map<std::string, int>>("m");
}
int count_calls(gangway::Engine& engine) {
  struct Counter {
    int calls = 0;
  };
  return ++engine.cached<Counter>("counter", [] { return Counter{}; }).calls;
}

gangway::detail::StubInfo stub(const std::string& name) {
  using gangway::fn;
  using gangway::Function;
  using gangway::detail::call_stub;
  const auto square = [](double x) { return x * x; };
  const std::map<std::string, gangway::detail::StubInfo> stubs{
      {"add", call_stub<Function<add>, double, double>()},
      {"sum", call_stub<Function<sum>, std::vector<double>>()},
      {"scale", call_stub<Function<scale>, std::vector<double>, double>()},
      {"ramp", call_stub<Function<ramp>, std::size_t>()},
      {"throw_domain_error", call_stub<Function<throw_domain_error>>()},
      {"throw_int", call_stub<Function<throw_int>>()},
      {"segfault", call_stub<Function<segfault>, std::uintptr_t>()},
      {"abort_now", call_stub<Function<abort_now>>()},
      {"divide_by_zero", call_stub<Function<divide_by_zero>>()},
      {"recurse", call_stub<Function<recurse>, int>()},
      {"exit_with", call_stub<Function<exit_with>, int>()},
      {"alignment_rest", call_stub<Function<alignment_rest>, std::vector<double>>()},
      {"make_and_set", call_stub<Function<make_and_set>>()},
      {"get_object", call_stub<Function<get_object>>()},
      {"count_calls", call_stub<Function<count_calls>>()},
      {"square", gangway::detail::map_stub<decltype(square), double>()},
  };
  return stubs.at(name);
}

}  // namespace worker_module
