// The functions of the test's module. The test links it too, to know where they are in it.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include <gangway/function.hpp>

namespace worker_module {

double add(double a, double b);
double sum(std::span<const double> x);
void scale(std::span<double> x, double by);
std::vector<double> ramp(std::size_t count);
void throw_domain_error();
void throw_int();
void segfault(std::uintptr_t address);
void abort_now();
void divide_by_zero();
int recurse(int depth);
void exit_with(int status);
std::uint64_t alignment_rest(std::span<const double> x);
std::size_t make_and_set(gangway::Engine& engine);
std::map<std::string, int> get_object(gangway::Engine& engine);
int count_calls(gangway::Engine& engine);

/// The stubs by the names above; "square" is a lambda's map.
gangway::detail::StubInfo stub(const std::string& name);

}  // namespace worker_module
