// A program that knows Gangway only as an installed package: each way to use it once, and what must come out.
#include <gangway/gangway.hpp>

#include <cmath>
#include <cstdlib>
#include <iostream>
#include <numeric>
#include <span>
#include <string>
#include <vector>

using gangway::fn;

int square(int x);  // in the library

double cost(double x, int order) {
  return std::pow(x, order);
}

double norm(std::span<const double> x) {
  return std::sqrt(std::inner_product(x.begin(), x.end(), x.begin(), 0.0));
}

namespace {

void require(bool condition, const std::string& what) {
  if (condition) return;
  std::cerr << "wrong: " << what << '\n';
  std::exit(1);
}

void use_balanced_view(gangway::Client& client) {
  gangway::BalancedView any = client.balanced();
  gangway::Future<double> one = any.apply(fn<cost>, 2.0, 3);
  double y = one.get();
  require(y == 8.0, "apply");

  const std::vector<double> xs = {1.0, 2.0, 3.0, 4.0};
  std::vector<double> ys = any.map(fn<cost>, xs, 3).get();
  require(ys == std::vector<double>{1.0, 8.0, 27.0, 64.0}, "map in order");

  double sum = 0;
  for (auto [index, value] : any.map(fn<cost>, xs, 3).as_completed()) {
    require(value == ys[index], "map as completed");
    sum += value;
  }
  require(sum == 100.0, "map as completed, all of it");

  const double k = 0.5;
  auto zs = any.map([k](double x) { return k * x; }, xs).get();
  require(zs == std::vector<double>{0.5, 1.0, 1.5, 2.0}, "map of a lambda");
}

void use_direct_view(gangway::Client& client) {
  gangway::DirectView all = client.all();
  all.push("a", 5);
  std::vector<int> as = all.pull<int>("a").get();
  require(as == std::vector<int>{5, 5}, "push and pull");

  const std::vector<double> xs = {3.0, 4.0, 6.0, 8.0};
  all.scatter("x", xs);
  std::vector<double> back = all.gather<double>("x").get();
  require(back == xs, "scatter and gather");

  auto norms = all.apply(fn<norm>, gangway::named("x")).get();
  require(norms == std::vector<double>{5.0, 10.0}, "a named value as an argument");
}

void use_library(gangway::Client& client, const std::string& library) {
  client.load(library);
  std::vector<int> squares = client.balanced().map(fn<square>, std::vector{1, 2, 3}).get();
  require(squares == std::vector<int>{1, 4, 9}, "a library's function");
}

}  // namespace

int main(int, char** argv) {
  gangway::Cluster cluster{gangway::Profile::local(2)};
  gangway::Client client = cluster.connect();
  use_balanced_view(client);
  use_direct_view(client);
  use_library(client, argv[1]);
  std::cout << "all as expected on " << client.engines().size() << " engines\n";
}
