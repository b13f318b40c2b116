#include "e2e/delivery/solver.hpp"

#include <gangway/gangway.hpp>

#include <cmath>

#ifdef SOLVER_NEEDS
int dependency();
static const int needed = dependency();
#endif

namespace solver {

double residual(double x, int steps) {
  return std::pow(x, steps);
}
double norm(std::span<const double> x) {
  double sum = 0;
  for (const double value : x) sum += value * value;
  return std::sqrt(sum);
}
std::vector<int> versions_seen(std::vector<int> before, int version) {
  before.push_back(version);
  return before;
}
int version() {
  return SOLVER_VERSION;
}
float drift(int x) {
  return static_cast<float>(x);
}
double Line::at(double x) const {
  return slope * x;
}

}  // namespace solver

GANGWAY_REGISTER(solver::residual, solver::norm, solver::versions_seen, solver::version, solver::drift,
                 &solver::Line::at);
