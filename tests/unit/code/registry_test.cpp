// Stubs are found by where they are, and only there; the texts when they are not.
#include "code/registry.hpp"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "code/module.hpp"
#include "code/names.hpp"
#include "unit/code/fake_engine.hpp"

namespace registry_functions {
double monte_carlo(double x) {
  return x;
}
double monte_carla(double x) {
  return x;
}
double monte_carbo(double x);
namespace {
int hidden(int x) {
  return x;
}
}  // namespace
}  // namespace registry_functions

namespace gangway {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

struct Found {
  detail::StubInfo stub;
  std::uintptr_t base;
  std::uint64_t offset;
};

template <class... Args, class Callable>
Found locate(const Callable&) {
  const detail::StubInfo stub = detail::call_stub<Callable, Args...>();
  const auto place = code::module_of(stub.address);
  EXPECT_TRUE(place.ok());
  const std::uintptr_t base = place.value().base;
  return {stub, base, reinterpret_cast<std::uintptr_t>(stub.address) - base};
}

TEST(Module, the_file_and_the_load_base_of_an_address_are_known) {
  const auto here = code::module_of(detail::call_stub<Function<registry_functions::monte_carlo>, double>().address);
  ASSERT_TRUE(here.ok());
  EXPECT_EQ(here.value().file, std::filesystem::read_symlink("/proc/self/exe"));
  EXPECT_TRUE(here.value().is_executable);

  const auto library = code::module_of(reinterpret_cast<const void*>(&std::terminate));
  ASSERT_TRUE(library.ok());
  EXPECT_THAT(library.value().file, HasSubstr("/libstdc++.so"));
  EXPECT_FALSE(library.value().is_executable);
}

TEST(Module, an_address_in_no_file_is_a_fault) {
  const auto on_heap = std::make_unique<int>();
  EXPECT_FALSE(code::module_of(on_heap.get()).ok());
}

TEST(Registry, a_stub_that_is_mentioned_is_registered_and_found) {
  const Found f = locate<double>(fn<registry_functions::monte_carlo>);
  EXPECT_TRUE(code::find_stub(f.base, f.offset, f.stub.name, f.stub.signature).ok());
  EXPECT_GE(code::stubs_in_module(f.base), 1U);
  EXPECT_EQ(code::stubs_in_module(f.base + 4096), 0U);
}

TEST(Registry, lambdas_of_one_type_name_are_told_apart_by_their_place) {
  const Found a = locate([] { return 1; });
  const Found b = locate([] { return 2; });
  EXPECT_NE(a.offset, b.offset);
  EXPECT_FALSE(code::find_stub(a.base, b.offset, a.stub.name, a.stub.signature).ok());
}

TEST(Registry, an_offset_that_holds_no_stub_is_never_called) {
  const Found f = locate<double>(fn<registry_functions::monte_carlo>);
  EXPECT_FALSE(code::find_stub(f.base, f.offset + 1, f.stub.name, f.stub.signature).ok());
  EXPECT_FALSE(code::find_stub(f.base, ~0ULL, f.stub.name, f.stub.signature).ok());
  EXPECT_FALSE(code::find_stub(f.base - 16, f.offset + 16, f.stub.name, f.stub.signature).ok());
}

TEST(Registry, an_unknown_function_is_named_with_those_that_come_near) {
  static_cast<void>(locate<double>(fn<registry_functions::monte_carla>));
  const Found f = locate<double>(fn<registry_functions::monte_carlo>);
  const auto missing = code::find_stub(f.base, f.offset + 1, f.stub.name, f.stub.signature);
  EXPECT_THAT(
      missing.fault().text,
      HasSubstr("the function registry_functions::monte_carlo(double) is not in the module at the engine; it has "
                "registry_functions::monte_carlo(double), registry_functions::monte_carla(double)"));
  EXPECT_THAT(missing.fault().text, EndsWith("Start the program again if it was rebuilt"));
}

TEST(Registry, another_signature_is_told_with_both) {
  const Found f = locate<double>(fn<registry_functions::monte_carlo>);
  const auto wrong = code::find_stub(f.base, f.offset, f.stub.name, typeid(detail::CallOf<float(float)>).name());
  EXPECT_EQ(
      wrong.fault().text,
      "the function registry_functions::monte_carlo(double) has another signature at the engine: the client calls "
      "float (float), the module has double (double)");
}

TEST(Registry, by_name_the_last_library_that_has_it_counts) {
  const Found f = locate<double>(fn<registry_functions::monte_carlo>);
  const std::uintptr_t elsewhere = f.base + 4096;
  const std::vector<std::uintptr_t> libraries{f.base, elsewhere};
  EXPECT_TRUE(code::find_stub_by_name(libraries, f.stub.name, f.stub.signature).ok());
  EXPECT_FALSE(code::find_stub_by_name(std::span{&elsewhere, 1}, f.stub.name, f.stub.signature).ok())
      << "what a program brought for itself is nobody else's";
}

TEST(Registry, by_name_an_unknown_function_is_told_with_what_there_is) {
  const Found f = locate<double>(fn<registry_functions::monte_carlo>);
  const char* const unknown = typeid(Function<registry_functions::monte_carbo>).name();
  EXPECT_THAT(
      code::find_stub_by_name(std::span{&f.base, 1}, unknown, f.stub.signature).fault().text,
      testing::AllOf(HasSubstr("registry_functions::monte_carbo(double) is not defined in the program"),
                     HasSubstr("they have registry_functions::monte_carlo(double)"), HasSubstr("Client::load()")));
  EXPECT_THAT(code::find_stub_by_name({}, unknown, f.stub.signature).fault().text,
              HasSubstr("no library is loaded at this engine"));
}

TEST(Registry, by_name_another_signature_is_told_with_both) {
  const Found f = locate<double>(fn<registry_functions::monte_carlo>);
  const auto wrong =
      code::find_stub_by_name(std::span{&f.base, 1}, f.stub.name, typeid(detail::CallOf<float(float)>).name());
  EXPECT_EQ(
      wrong.fault().text,
      "the function registry_functions::monte_carlo(double) has another signature at the engine: the client calls "
      "float (float), the library has double (double)");
}

TEST(Registry, by_name_a_local_function_and_a_lambda_are_refused) {
  const Found hidden = locate<int>(fn<registry_functions::hidden>);
  EXPECT_THAT(
      code::find_stub_by_name(std::span{&hidden.base, 1}, hidden.stub.name, hidden.stub.signature).fault().text,
      HasSubstr("local to its file: it can only be called in the program that it was built into"));
  const Found lambda = locate([] {});
  EXPECT_FALSE(code::find_stub_by_name(std::span{&lambda.base, 1}, lambda.stub.name, lambda.stub.signature).ok());
}

TEST(Registry, a_call_and_a_map_of_one_function_are_different_stubs) {
  using Callable = Function<registry_functions::monte_carlo>;
  const auto call = detail::call_stub<Callable, double>();
  const auto map = detail::map_stub<Callable, double>();
  EXPECT_NE(call.address, map.address);
  EXPECT_STREQ(call.name, map.name);
  EXPECT_STRNE(call.signature, map.signature);
}

TEST(Names, are_written_as_people_write_them) {
  const auto readable = [](const detail::StubInfo& stub) { return detail::readable_function(stub.name); };
  EXPECT_EQ(readable(locate<double>(fn<registry_functions::monte_carlo>).stub),
            "registry_functions::monte_carlo(double)");
  EXPECT_EQ(detail::demangle(typeid(std::map<std::string, std::vector<double>>).name()),
            "std::map<std::string, std::vector<double>>");
  EXPECT_EQ(detail::demangle(typeid(std::span<const double>).name()), "std::span<double const>");
  EXPECT_EQ(detail::demangle("not a mangled name"), "not a mangled name");
  EXPECT_THAT(readable(locate([] {}).stub), HasSubstr("lambda"));
}

TEST(Names, lambdas_and_functions_local_to_their_file_are_recognised) {
  EXPECT_TRUE(code::is_local_name(locate([] {}).stub.name));
  EXPECT_TRUE(code::is_local_name(locate<int>(fn<registry_functions::hidden>).stub.name));
  EXPECT_FALSE(code::is_local_name(locate<double>(fn<registry_functions::monte_carlo>).stub.name));
}

}  // namespace
}  // namespace gangway
