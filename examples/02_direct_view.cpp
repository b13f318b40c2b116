// Named values: they are put on engines, used there by later calls, and fetched back.
#include <gangway/gangway.hpp>

#include <cmath>
#include <iostream>
#include <numeric>
#include <span>

using gangway::fn;

// An array by view: the engine's own memory, nothing is copied.
double norm(std::span<const double> x) {
  return std::sqrt(std::inner_product(x.begin(), x.end(), x.begin(), 0.0));
}

// A span that is not const claims the array for writing; what is written stays on the engine.
void scale(std::span<double> x, double factor) {
  for (double& value : x) value *= factor;
}

template <class T>
void print(const char* what, const std::vector<T>& values) {
  std::cout << what << ':';
  for (const T& value : values) std::cout << ' ' << value;
  std::cout << '\n';
}

int main() {
  gangway::Cluster cluster{gangway::Profile::local(4)};
  gangway::Client client = cluster.connect();
  gangway::DirectView all = client.all();

  // push gives every engine the same value; pull fetches every engine's value, in the order of the engines.
  all.push("a", 5);
  print("a on each engine", all.pull<int>("a").get());

  // scatter cuts a range into one block for each engine; gather puts the blocks together again.
  std::vector<double> xs(12);
  std::iota(xs.begin(), xs.end(), 0.0);
  all.scatter("x", xs);

  // named("x") as an argument stands for the engine's own x.
  print("norm of each block", all.apply(fn<norm>, gangway::named("x")).get());

  // Operations on one engine happen in the order in which they were issued, so nobody has to wait in between.
  all.apply(fn<scale>, gangway::named("x"), 10.0);
  print("x, scaled and gathered", all.gather<double>("x").get());

  // A view of one engine gives single values instead of one for each engine.
  gangway::EngineId third = client.engines().at(2).id;
  std::cout << "a on the third engine: " << client.engine(third).pull<int>("a").get() << '\n';
}
