// A library as its users see it: declarations only. The tests link no definition of them.
#pragma once

#include <span>
#include <vector>

namespace solver {

double residual(double x, int steps);
double norm(std::span<const double> x);
std::vector<int> versions_seen(std::vector<int> before, int version);
int version();
int missing(int x);  // the library has forgotten it

#ifdef SOLVER_VERSION
float drift(int x);
#else
double drift(int x);  // the users' header is older than the library
#endif

struct Line {
  double slope = 0;
  [[nodiscard]] double at(double x) const;
};

}  // namespace solver
