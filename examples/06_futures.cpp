// Futures that lead to others: then, when_all, when_any, co_await. None of these blocks; the one get() at the end
// does.
#include <gangway/gangway.hpp>

#include <cmath>
#include <iostream>
#include <numeric>

using gangway::fn;
using gangway::Future;

// The sum of 1/n^2 over [first, last).
double partial_sum(long first, long last) {
  double sum = 0;
  for (long n = first; n < last; ++n) sum += 1.0 / (static_cast<double>(n) * static_cast<double>(n));
  return sum;
}

// One step of Newton's method for the square root of a.
double improve(double x, double a) {
  return (x + a / x) / 2;
}

bool is_prime(long n) {
  for (long d = 2; d * d <= n; ++d) {
    if (n % d == 0) return false;
  }
  return n > 1;
}

// A coroutine reads like a loop that waits, but no thread waits in it: a thousand of them may run at once.
Future<double> square_root(gangway::BalancedView any, double a) {
  double x = a;
  for (double last = 0; std::abs(x - last) > 1e-9;) {
    last = x;
    x = co_await any.apply(fn<improve>, x, a);
  }
  co_return x;
}

int main() {
  gangway::Cluster cluster{gangway::Profile::local(2)};
  gangway::Client client = cluster.connect();
  gangway::BalancedView any = client.balanced();

  // then() attaches a function of this process, when_all() waits for several. A label says in errors and on the
  // progress bar what a task was for.
  gangway::BalancedView summing = any.with(gangway::label("summing"));
  Future<double> pi =
      gangway::when_all(summing.apply(fn<partial_sum>, 1, 1'000'000),
                        summing.apply(fn<partial_sum>, 1'000'000, 2'000'000))
          .then([](auto halves) { return std::sqrt(6 * (std::get<0>(halves) + std::get<1>(halves))); });

  // A function that returns a Future makes a chain.
  Future<double> chained =
      any.apply(fn<improve>, 2.0, 2.0).then([any](double x) { return any.apply(fn<improve>, x, 2.0); });

  std::vector<Future<double>> roots;
  for (int a = 2; a < 12; ++a) roots.push_back(square_root(any, a));
  const std::size_t first = gangway::when_any(roots).get();
  std::cout << "the first root: " << roots[first].get() << '\n';
  std::cout << "the root of 9 is " << gangway::when_all(roots).get()[7] << ", pi is nearly " << pi.get()
            << ", two steps towards the root of 2: " << chained.get() << '\n';

  // A range is read as the results are taken; it may be a generator, and never be in memory as a whole.
  std::vector<long> numbers(100'000);
  std::iota(numbers.begin(), numbers.end(), 0L);
  std::size_t primes = 0;
  for (auto [index, prime] : any.as_completed(fn<is_prime>, numbers)) primes += prime;
  std::cout << "there are " << primes << " primes below 100000\n";
}
