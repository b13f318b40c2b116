// Many calls of one function, each on whichever engine is free.
#include <gangway/gangway.hpp>

#include <iostream>

using gangway::fn;

// The length of the Collatz sequence of n: short for some numbers and long for others, so balancing pays.
int collatz_steps(long n, int steps_max) {
  int steps = 0;
  while (n != 1 && steps < steps_max) {
    n = n % 2 == 0 ? n / 2 : 3 * n + 1;
    ++steps;
  }
  return steps;
}

int main() {
  gangway::Cluster cluster{gangway::Profile::local(4)};
  gangway::Client client = cluster.connect();
  gangway::BalancedView any = client.balanced();

  std::vector<long> numbers;
  for (long n = 1; n <= 20'000; ++n) numbers.push_back(n);

  // One call for each element; further arguments are the same for all. Gangway sends the calls in chunks, and the
  // results are in the order of the elements, whichever came first.
  auto map = any.map(fn<collatz_steps>, numbers, 1000);
  gangway::show_progress(map, std::cout);
  const std::vector<int> steps = map.get();
  std::cout << "27 takes " << steps[26] << " steps, 97 takes " << steps[96] << '\n';

  // Results as they come, to be used while others are still being computed.
  long longest = 0;
  std::size_t where = 0;
  for (auto [index, count] : any.map(fn<collatz_steps>, numbers, 1000).as_completed()) {
    if (count > longest || (count == longest && index < where)) {
      longest = count;
      where = index;
    }
  }
  std::cout << "the longest takes " << longest << " steps: " << numbers[where] << '\n';

  // A lambda, for what is not worth a name.
  long modulus = 7;
  const std::vector<long> rests = any.map([modulus](long n) { return n % modulus; }, numbers).get();
  std::cout << "20000 modulo 7 is " << rests.back() << '\n';
}
