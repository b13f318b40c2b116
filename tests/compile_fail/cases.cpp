// Wrong calls: each case must be refused by the compiler, and its first error must hold the words beside its name.
// A line `// case NAME: WORDS` makes a test of what follows it; NAME is defined while it is compiled. With
// nothing defined this file compiles.
#include <gangway/function.hpp>

using gangway::fn;
using gangway::named;

double cost(double x, int order);
double norm(std::span<const double> x);
double through_pointer(const double* x);
void through_reference(std::vector<double>& x);
double fixed(std::span<const double, 3> x);
int* gives_pointer(int x);

struct NoSerialize {
  std::vector<double> values;
};
double takes_it(const NoSerialize& value);
std::size_t of_texts(std::span<const std::string> texts);

template <class Callable, class... Args>
void run(const Callable& callable, const Args&... args) {
  gangway::detail::PayloadWriter out;
  gangway::detail::encode_call(out, callable, args...);
  static_cast<void>(gangway::detail::call_stub<Callable, Args...>());
  using Result = gangway::detail::CallResult<Callable, Args...>;
  static_cast<void>(&gangway::detail::decode_call_result<Result>);
}

template <class Callable, class Element, class... Args>
void run_map(const Callable& callable, const std::vector<Element>& elements, const Args&... args) {
  gangway::detail::PayloadWriter out;
  gangway::detail::encode_map_call(out, callable, elements.begin(), elements.end(), args...);
  static_cast<void>(gangway::detail::map_stub<Callable, Element, Args...>());
}

int main() {
  run(fn<cost>, 2.0, 3);
  run(fn<norm>, named("x"));
  run_map(fn<cost>, std::vector<double>{1}, 3);

  [[maybe_unused]] const std::vector<double> values{1, 2};
  [[maybe_unused]] double number = 0;

// case too_few_arguments: gangway: the arguments do not match the function's parameters
#ifdef too_few_arguments
  run(fn<cost>, 2.0);
#endif
// case wrong_argument: gangway: the arguments do not match the function's parameters
#ifdef wrong_argument
  run(fn<cost>, 2.0, std::string{"three"});
#endif
// case wrong_elements: gangway: the arguments do not match the function's parameters
#ifdef wrong_elements
  run(fn<norm>, std::vector<float>{1});
#endif
// case wrong_map_element: gangway: the arguments do not match the function's parameters
#ifdef wrong_map_element
  run_map(fn<cost>, std::vector<std::string>{"a"}, 3);
#endif
// case map_too_many: gangway: the arguments do not match the function's parameters
#ifdef map_too_many
  run_map(fn<cost>, values, 3, 4);
#endif
// case lambda_captures_vector: gangway: a lambda's captures must be trivially copyable; pass vectors and strings as
// arguments
#ifdef lambda_captures_vector
  run([values](int i) { return values[static_cast<std::size_t>(i)]; }, 1);
#endif
// case plain_pointer: gangway: name the function by fn<f>
#ifdef plain_pointer
  run(cost, 2.0, 3);
#endif
// case pointer_parameter: gangway: a parameter cannot be a pointer; take std::span<const T>
#ifdef pointer_parameter
  run(fn<through_pointer>, values.data());
#endif
// case reference_parameter: gangway: a parameter cannot be a non-const reference
#ifdef reference_parameter
  run(fn<through_reference>, values);
#endif
// case fixed_span_parameter: gangway: a span parameter cannot have a fixed size; take std::span<T>
#ifdef fixed_span_parameter
  run(fn<fixed>, values);
#endif
// case pointer_result: gangway: a result cannot be a pointer
#ifdef pointer_result
  run(fn<gives_pointer>, 1);
#endif
// case pointer_argument: gangway: a parameter cannot be a pointer
#ifdef pointer_argument
  run([](auto x) { return x != nullptr; }, &number);
#endif
// case no_serialize: gangway: this type cannot travel; give it
#ifdef no_serialize
  run(fn<takes_it>, NoSerialize{});
#endif
// case span_of_texts: gangway: the elements of a span parameter must be trivially copyable
#ifdef span_of_texts
  run(fn<of_texts>, std::vector<std::string>{});
#endif
// case named_for_auto: gangway: named() needs a function whose parameters have types
#ifdef named_for_auto
  run([](auto x) { return x; }, named("x"));
#endif
// case pull_span: gangway: a view owns nothing and cannot be read back
#ifdef pull_span
  static_cast<void>(gangway::detail::read_value<std::span<const double>>({}, "x"));
#endif
}
