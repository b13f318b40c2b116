// Functions, lambdas and function objects called as an engine calls them.
#include <gangway/function.hpp>

#include <numeric>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/code/fake_engine.hpp"

namespace functions {

double cost(double x, int order) {
  return x * order;
}
double sum(std::span<const double> x) {
  return std::accumulate(x.begin(), x.end(), 0.0);
}
double sum_of_view(gangway::array<const double> x) {
  return sum(x);
}
double sum_of_copy(const std::vector<double>& x) {
  return sum(x);
}
bool all_set(std::span<const bool> flags) {
  return std::all_of(flags.begin(), flags.end(), std::identity{});
}
std::vector<double> doubled(std::span<double> x) {
  for (double& value : x) {
    value *= 2;
  }
  return {x.begin(), x.end()};
}
void zero(gangway::array<double> x) {
  std::fill(x.begin(), x.end(), 0.0);
}
std::span<const double> first_half(std::span<const double> x) {
  return x.first(x.size() / 2);
}
std::string greet(std::string_view greeting, const char* name, std::string&& mark) {
  return std::string{greeting} + ", " + name + std::move(mark);
}
const char* literal() {
  return "literal";
}
std::uint32_t where(gangway::Engine& engine, std::uint32_t add) noexcept {
  return engine.id().value() + add;
}
std::size_t alignment_rest(std::span<const double> x) {
  return reinterpret_cast<std::uintptr_t>(x.data()) % 64;
}
void fail() {
  throw std::domain_error{"no such thing"};
}
std::unique_ptr<int> unused();
int over(int x) {
  return x;
}
double over(double x) {
  return x + 0.5;
}
template <class T>
T twice(T x) {
  return x + x;
}

struct Poly {
  double a = 0, b = 0;
  double at(double x) const { return a + b * x; }
  double shift(double by) noexcept { return a += by; }
};

struct Weights {  // a function object with contents
  std::vector<double> weights;
  double operator()(double x) const { return x * sum(weights); }
  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& weights;
  }
};

struct Matrix {
  std::vector<double> cells;
  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& cells;
  }
};
double trace(const Matrix& matrix) {
  return sum(matrix.cells);
}
const void* place_of(const Matrix& matrix) {
  return matrix.cells.data();
}

}  // namespace functions

namespace gangway {
namespace {

using test::call;
using test::call_at;
using ::testing::HasSubstr;

const std::vector<double> hundred(100, 0.5);
const std::vector<double> three{1, 2, 3};

TEST(Call, a_function_gets_its_arguments_converted_as_in_an_ordinary_call) {
  EXPECT_EQ(call(fn<functions::cost>, 2.0, 3), 6.0);
  EXPECT_EQ(call(fn<functions::cost>, 2, 'a'), 2.0 * 'a');
}

TEST(Call, texts_go_to_all_kinds_of_text_parameters) {
  EXPECT_EQ(call(fn<functions::greet>, "hello", std::string{"you"}, "!"), "hello, you!");
  EXPECT_EQ(call(fn<functions::greet>, std::string_view{"hello"}, "you", std::string(500, '!')).size(), 510U);
  EXPECT_EQ(call(fn<functions::literal>), "literal");
}

TEST(Call, arrays_go_to_views_and_vectors) {
  for (const auto& values : {std::vector<double>{}, three, hundred}) {
    const double expected = functions::sum(values);
    EXPECT_EQ(call(fn<functions::sum>, values), expected);
    EXPECT_EQ(call(fn<functions::sum>, std::span{values}), expected);
    EXPECT_EQ(call(fn<functions::sum_of_view>, values), expected);
    EXPECT_EQ(call(fn<functions::sum_of_copy>, values), expected);
  }
  EXPECT_EQ(call(fn<functions::sum>, std::array<double, 2>{1, 2}), 3.0);
  EXPECT_TRUE(call(fn<functions::all_set>, std::array<bool, 2>{true, true}));
  EXPECT_EQ(call(fn<functions::first_half>, hundred), std::vector<double>(50, 0.5));
}

TEST(Call, long_arrays_are_used_where_they_arrive) {
  EXPECT_EQ(call(fn<functions::alignment_rest>, hundred), 0U);
}

TEST(Call, a_span_to_write_that_was_passed_is_the_calls_own) {
  EXPECT_EQ(call(fn<functions::doubled>, three), (std::vector<double>{2, 4, 6}));
  EXPECT_EQ(call(fn<functions::doubled>, hundred), std::vector<double>(100, 1.0));
}

TEST(Call, a_named_array_is_used_in_place) {
  test::FakeEngine host;
  Engine engine{host};
  engine.names().set("x", three);
  EXPECT_EQ(call_at(host, fn<functions::sum>, named("x")), 6.0);
  EXPECT_EQ(call_at(host, fn<functions::sum_of_copy>, named("x")), 6.0);
  call_at(host, fn<functions::doubled>, named("x"));
  EXPECT_EQ(call_at(host, fn<functions::sum>, named("x")), 12.0);
  EXPECT_EQ(call_at(host, fn<functions::sum_of_copy>, named("x")), 12.0);
  call_at(host, fn<functions::zero>, named("x"));
  EXPECT_EQ(call_at(host, fn<functions::sum>, named("x")), 0.0);
}

TEST(Call, a_named_object_is_decoded_once) {
  test::FakeEngine host;
  Engine engine{host};
  engine.names().set("m", functions::Matrix{three});
  EXPECT_EQ(call_at(host, fn<functions::trace>, named("m")), 6.0);
  const auto place = [](Engine& at) {
    return reinterpret_cast<std::uintptr_t>(&at.names().get<functions::Matrix>("m"));
  };
  EXPECT_EQ(call_at(host, place), call_at(host, place));
}

TEST(Call, a_missing_or_wrong_name_is_an_error_before_the_function_runs) {
  test::FakeEngine host;
  Engine engine{host};
  engine.names().set("f", std::vector<float>{1});
  engine.names().set("m", functions::Matrix{three});
  const auto message = [&](const char* name) -> std::string {
    try {
      call_at(host, fn<functions::sum>, named(name));
    } catch (const ValueError& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_EQ(message("y"), "'y' of engine 3 on node7 does not exist");
  EXPECT_EQ(message("f"), "'f' of engine 3 on node7 is an array of float, not an array of double");
  EXPECT_EQ(message("m"), "'m' of engine 3 on node7 is an object of type functions::Matrix, not an array of double");
}

TEST(Call, the_engine_is_put_in_front) {
  EXPECT_EQ(call(fn<functions::where>, 4), 7U);
  EXPECT_EQ(call([](Engine& engine) { return engine.host(); }), "node7");
}

TEST(Call, members_overloads_and_templates_are_named_by_type) {
  EXPECT_EQ(call(fn<&functions::Poly::at>, functions::Poly{1, 2}, 3), 7.0);
  EXPECT_EQ(call(fn<&functions::Poly::shift>, functions::Poly{1, 2}, 3), 4.0);
  EXPECT_EQ(call(fn<overload<double(double)>(functions::over)>, 1), 1.5);
  EXPECT_EQ(call(fn<overload<int(int)>(functions::over)>, 1), 1);
  EXPECT_EQ(call(fn<functions::twice<std::string>>, "ab"), "abab");
}

TEST(Call, lambdas_bring_their_captures) {
  int k = 5;
  const functions::Poly poly{1, 2};
  EXPECT_EQ(call([k, poly](double x) { return k * poly.at(x); }, 2), 25.0);
  EXPECT_EQ(call([] { return 7; }), 7);
  EXPECT_EQ(call([k](int x) mutable noexcept { return x + k; }, 1), 6);
  EXPECT_EQ(call([](auto x, const auto& y) { return x + y.size(); }, 2U, "abc"), 5U);
  EXPECT_EQ(call([](Engine& engine, auto x) { return engine.id().value() + x; }, 2U), 5U);
}

TEST(Call, function_objects_with_contents_travel) {
  EXPECT_EQ(call(functions::Weights{hundred}, 2), 100.0);
  EXPECT_EQ(call(std::plus<int>{}, 2, 3), 5);
  EXPECT_EQ(call(std::plus<>{}, std::string{"a"}, "b"), "ab");
}

TEST(Call, what_the_function_throws_comes_out_of_the_stub) {
  EXPECT_THROW(call(fn<functions::fail>), std::domain_error);
}

TEST(Call, arguments_of_another_function_are_an_error) {
  detail::PayloadWriter writer;
  detail::encode_call(writer, fn<functions::sum>, three);
  auto payload = test::written(writer);
  test::FakeEngine host;
  Engine engine{host};
  test::FakePort port;
  using Types = detail::CallTypes<Function<functions::greet>, std::string, std::string, std::string>;
  EXPECT_THROW((detail::CallStub<Function<functions::greet>, Types::Signature>::run(payload.span(), engine, port)),
               ArchiveError);
  EXPECT_EQ(port.starts, 0);
}

TEST(Call, results_must_be_what_was_called_for) {
  detail::PayloadWriter writer;
  detail::encode(writer, std::string{"text"});
  auto payload = test::written(writer);
  EXPECT_EQ(detail::decode_call_result<std::string>(payload.span()), "text");
  EXPECT_THROW(detail::decode_call_result<int>(payload.span()), ArchiveError);
  EXPECT_THROW(detail::decode_call_result<void>(payload.span()), ArchiveError);
}

TEST(Call, names_of_finds_the_named_arguments) {
  EXPECT_EQ(detail::names_of(1, named("a"), "x", named("b")), (std::vector<std::string>{"a", "b"}));
}

TEST(Exceptions, of_any_type_are_described) {
  const auto described = [](auto thrown) {
    try {
      throw thrown;
    } catch (...) {
      const auto [type, text] = detail::describe_current_exception();
      return type + ": " + text;
    }
  };
  EXPECT_EQ(described(std::domain_error{"negative"}), "std::domain_error: negative");
  EXPECT_EQ(described(5), "int: 5");
  EXPECT_EQ(described(std::string{"why"}), "std::string: why");
  EXPECT_EQ(described("why"), "char const*: why");
  EXPECT_EQ(described(functions::Poly{}), "functions::Poly: thrown without a text: it is not a std::exception");
  EXPECT_EQ(described(std::runtime_error{std::string(1 << 20, 'x')}).size(),
            (64U << 10) + std::string{"std::runtime_error: "}.size());
}

// ---------------------------------------------------------------- maps

TEST(Map, a_chunk_gives_a_value_for_each_element_in_order) {
  test::FakeEngine host;
  const auto result = test::map_at(host, fn<functions::cost>, three, 10);
  EXPECT_EQ(result.count, 3U);
  EXPECT_EQ(result.values, (std::vector<double>{10, 20, 30}));
  EXPECT_TRUE(result.failures.empty());
  EXPECT_EQ(test::map_at(host, fn<functions::cost>, hundred, 2).values, std::vector<double>(100, 1.0));
  EXPECT_EQ(test::map_at(host, fn<functions::cost>, std::vector<int>{1, 2}, 2).values, (std::vector<double>{2, 4}));
  EXPECT_EQ(test::map_at(host, fn<functions::cost>, std::vector<int>(200, 1), 2).values, std::vector<double>(200, 2));
  EXPECT_EQ(test::map_at(host, fn<functions::cost>, std::vector<double>{}, 2).count, 0U);
}

TEST(Map, elements_may_be_anything_that_travels) {
  test::FakeEngine host;
  const auto lengths = test::map_at(
      host, [](const std::string& text) { return text.size(); }, std::vector<const char*>{"a", "", "abc"});
  EXPECT_EQ(lengths.values, (std::vector<std::size_t>{1, 0, 3}));
  const std::vector<std::vector<double>> rows{three, {}, hundred};
  EXPECT_EQ(test::map_at(host, fn<functions::sum>, rows).values, (std::vector<double>{6, 0, 50}));
  EXPECT_EQ(test::map_at(host, fn<functions::doubled>, rows).values[0], (std::vector<double>{2, 4, 6}));
  const auto flags = test::map_at(
      host, [](bool flag) { return !flag; }, std::vector<bool>{true, false});
  EXPECT_EQ(flags.values, (std::vector<bool>{false, true}));
  const auto texts = test::map_at(
      host, [](Engine& engine, auto x) { return engine.host() + std::to_string(x); }, std::list<int>{1, 2});
  EXPECT_EQ(texts.values, (std::vector<std::string>{"node71", "node72"}));
}

TEST(Map, an_element_that_throws_costs_itself_only) {
  test::FakeEngine host;
  const auto picky = [](int x, int limit) {
    if (x == limit) {
      throw std::out_of_range{"not " + std::to_string(x)};
    }
    return x * x;
  };
  const auto result = test::map_at(host, picky, std::vector<int>{1, 2, 3, 2}, 2);
  EXPECT_EQ(result.count, 4U);
  EXPECT_EQ(result.values, (std::vector<int>{1, 9}));
  ASSERT_EQ(result.failures.size(), 2U);
  EXPECT_EQ(result.failures[0].index, 1U);
  EXPECT_EQ(result.failures[0].type, "std::out_of_range");
  EXPECT_EQ(result.failures[0].text, "not 2");
  EXPECT_EQ(result.failures[1].index, 3U);

  std::string order;
  auto copy = result;
  detail::for_each_result(
      std::move(copy),
      [&](std::uint64_t index, int value) { order += std::to_string(index) + "=" + std::to_string(value) + " "; },
      [&](const detail::ElementFailure& failure) { order += std::to_string(failure.index) + "! "; });
  EXPECT_EQ(order, "0=1 1! 2=9 3! ");
}

TEST(Map, a_function_without_result_is_mapped_too) {
  test::FakeEngine host;
  const auto result = test::map_at(
      host,
      [](int x) {
        if (x > 1) throw x;
      },
      std::vector<int>{1, 2});
  EXPECT_EQ(result.count, 2U);
  ASSERT_EQ(result.failures.size(), 1U);
  EXPECT_EQ(result.failures[0].type, "int");
}

TEST(Map, each_element_gets_the_arguments_as_they_came) {
  test::FakeEngine host;
  const auto takes = [](int x, std::vector<int> taken, std::span<int> written) {
    taken.push_back(x);
    written[0] += x;
    return static_cast<int>(taken.size()) * 100 + written[0];
  };
  const auto result = test::map_at(host, takes, std::vector<int>{1, 2, 3}, std::vector<int>{7}, std::vector<int>{5});
  EXPECT_EQ(result.values, (std::vector<int>{206, 207, 208}));
}

TEST(Map, a_named_argument_is_looked_up_once_for_the_chunk) {
  test::FakeEngine host;
  Engine engine{host};
  engine.names().set("x", three);
  const auto scaled = [](double k, std::span<const double> x) { return k * functions::sum(x); };
  host.opened = 0;
  EXPECT_EQ(test::map_at(host, scaled, three, named("x")).values, (std::vector<double>{6, 12, 18}));
  EXPECT_EQ(host.opened, 1);
}

TEST(Map, damaged_results_are_an_error) {
  detail::PayloadWriter writer;
  detail::encode_failures(writer, 3, {{2, "t", "x"}});
  detail::encode(writer, std::vector<int>{1});  // two are missing... one is
  auto payload = test::written(writer);
  EXPECT_THROW(detail::decode_map_result<int>(payload.span()), ArchiveError);

  detail::PayloadWriter unordered;
  detail::encode_failures(unordered, 3, {{2, "t", "x"}, {1, "t", "x"}});
  auto second = test::written(unordered);
  EXPECT_THROW(detail::decode_map_result<void>(second.span()), ArchiveError);
}

}  // namespace
}  // namespace gangway
