// Code on its way to the engines: functions by place and by name, libraries, versions, and each reason against it.
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include <gangway/gangway.hpp>

#include "e2e/delivery/local_function.hpp"
#include "e2e/delivery/solver.hpp"
#include "e2e/support/command.hpp"
#include "e2e/support/home.hpp"
#include "e2e/support/shared_cluster.hpp"

namespace {
int in_namespace() {
  return 11;
}
}  // namespace

static int local() {
  return 1;
}

thread_local int counted = 22;
static int count(int by) {
  return counted += by;
}

namespace built {
int answer(int x);
}

namespace gangway::e2e {
namespace {

using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;

using DeliveryTest = SharedClusterTest;

/// The text of the Error that `action` throws.
template <class Action>
std::string error_of(const Action& action) {
  try {
    static_cast<void>(action());
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

// The first test: no library is loaded yet.
TEST_F(DeliveryTest, AFunctionThatIsOnlyDeclaredLinksAndSaysWhatItNeeds) {
  EXPECT_THAT(remote_error_of([&] { return any.apply(fn<solver::residual>, 2.0, 3).get(); }).what(),
              AllOf(HasSubstr("solver::residual(double, int) is not defined in the program that calls it"),
                    HasSubstr("no library is loaded at this engine"), HasSubstr("Client::load()")));
}

TEST_F(DeliveryTest, ALibrarysFunctionsRunByName) {
  client.load(GANGWAY_TEST_SOLVER_1);
  EXPECT_EQ(any.apply(fn<solver::residual>, 2.0, 3).get(), 8.0);
  EXPECT_THAT(all.apply(fn<solver::version>).get(), Each(1));
  EXPECT_THAT(any.map(fn<solver::residual>, std::vector{1.0, 2.0, 3.0}, 2).get(), ElementsAre(1.0, 4.0, 9.0));
  EXPECT_EQ(any.apply(fn<&solver::Line::at>, solver::Line{3}, 2.0).get(), 6.0) << "a member function";
  engine(0).push("x", std::vector{3.0, 4.0});
  EXPECT_EQ(engine(0).apply(fn<solver::norm>, named("x")).get(), 5.0);
  const Client another = cluster().connect();
  EXPECT_EQ(another.balanced().apply(fn<solver::residual>, 3.0, 2).get(), 9.0) << "for every client";
}

TEST_F(DeliveryTest, ALibraryIsThereAfterAWorkersDeath) {
  client.load(GANGWAY_TEST_SOLVER_1);
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(remote_error_of([&] { engine(0).apply([] { std::abort(); }).get(); }).what(), HasSubstr("SIGABRT"));
    EXPECT_EQ(engine(0).apply(fn<solver::version>).get(), 1);
  }
}

TEST_F(DeliveryTest, OfTwoVersionsOfALibraryTheLastLoadedCounts) {
  client.load(GANGWAY_TEST_SOLVER_2);
  EXPECT_THAT(all.apply(fn<solver::version>).get(), Each(2));
  client.load(GANGWAY_TEST_SOLVER_1);
  EXPECT_THAT(all.apply(fn<solver::version>).get(), Each(1));
}

TEST_F(DeliveryTest, WhatTheLibrariesLackIsToldWithWhatComesNear) {
  client.load(GANGWAY_TEST_SOLVER_1);
  EXPECT_THAT(remote_error_of([&] { return any.apply(fn<solver::missing>, 1).get(); }).what(),
              AllOf(HasSubstr("solver::missing(int)"), HasSubstr("they have"), HasSubstr("solver::version()")));
}

TEST_F(DeliveryTest, AnotherSignatureIsToldWithBoth) {
  client.load(GANGWAY_TEST_SOLVER_1);
  EXPECT_THAT(remote_error_of([&] { return any.apply(fn<solver::drift>, 1).get(); }).what(),
              HasSubstr("solver::drift(int) has another signature at the engine: the client calls double (int), the "
                        "library has float (int)"));
}

TEST_F(DeliveryTest, ALibraryThatLacksADependencyIsRefusedInTheLoadersWords) {
  EXPECT_THAT(error_of([&] {
                client.load(GANGWAY_TEST_SOLVER_ALONE);
                return 0;
              }),
              AllOf(HasSubstr("libdelivery_dependency.so: cannot open shared object file"),
                    HasSubstr("install what is missing on the engine's host")));
}

TEST_F(DeliveryTest, AFileThatIsNoLibraryIsRefused) {
  const auto load = [&](const std::string& path) {
    return error_of([&] {
      client.load(path);
      return 0;
    });
  };
  EXPECT_THAT(load("/nowhere/missing.so"), HasSubstr("/nowhere/missing.so"));
  EXPECT_THAT(load("/tmp"), HasSubstr("not a regular file"));
  EXPECT_THAT(load(GANGWAY_TEST_SOURCES "/answer.cpp"), HasSubstr("it is no shared library"));
  EXPECT_THAT(load("/proc/self/exe"), AllOf(HasSubstr("module "), HasSubstr("fit")));
}

TEST_F(DeliveryTest, FunctionsOfOneNameInTwoFilesAreNeverConfused) {
  EXPECT_EQ(engine(0).apply(fn<local>).get(), 1);
  EXPECT_EQ(engine(0).apply(fn<in_namespace>).get(), 11);
  EXPECT_EQ(engine(0).apply([] { return 21; }).get(), 21);
  EXPECT_THAT(local_of_other_file(engine(0)), ElementsAre(2, 12, 22));
  EXPECT_EQ(engine(0).apply(fn<local>).get(), 1);
}

TEST_F(DeliveryTest, ThreadLocalsOfAModuleProgramWork) {
  EXPECT_EQ(engine(1).apply(fn<count>, 1).get(), 23);
  EXPECT_EQ(engine(1).apply(fn<count>, 1).get(), 24);
}

TEST_F(DeliveryTest, ACapturedReferenceOrPointerIsRefusedBeforeItTravels) {
  int k = 3;
  const std::vector<double> big(1000, 1.0);
  const auto by_reference = error_of([&] { return any.apply([&k](int x) { return k * x; }, 1).get(); });
  EXPECT_THAT(by_reference, AllOf(HasSubstr("lambda"), HasSubstr("holds an address of this process"),
                                  HasSubstr("Capture by value")));
  const auto pointer = [p = big.data()](int i) { return p[i]; };
  EXPECT_THAT(error_of([&] { return any.apply(pointer, 1).get(); }), HasSubstr("holds an address"));
  EXPECT_THAT(error_of([&] { return any.map(pointer, std::vector{1, 2}).get(); }), HasSubstr("holds an address"));
  const auto numbers = [k, f = 2.5, i = 1'000'000'007, n = 0x1234'5678'9abcLL](int x) {
    return static_cast<double>(k * x) + f * 0 + static_cast<double>(i - 1'000'000'007) + static_cast<double>(n) * 0;
  };
  EXPECT_EQ(any.apply(numbers, 2).get(), 6.0);
}

// ---------------------------------------------------------------- building on the cluster

TEST_F(DeliveryTest, SourcesAreCompiledOnTheClusterAndLoaded) {
  client.build(GANGWAY_TEST_SOURCES, {"-DOFFSET=21", "-O0"});
  EXPECT_EQ(any.apply(fn<built::answer>, 42).get(), 42);
  const std::filesystem::path builds = std::filesystem::path{std::getenv("GANGWAY_HOME")} / "builds";
  const auto count_builds = [&builds] {
    return std::distance(std::filesystem::directory_iterator{builds}, std::filesystem::directory_iterator{});
  };
  EXPECT_EQ(count_builds(), 1) << "the library, and nothing of how it was made";
  client.build(GANGWAY_TEST_SOURCES, {"-DOFFSET=21", "-O0"});
  EXPECT_EQ(count_builds(), 1) << "the same again is not compiled again";
  client.build(GANGWAY_TEST_SOURCES, {"-DOFFSET=22", "-O0"});
  EXPECT_EQ(count_builds(), 2);
  EXPECT_THAT(all.apply(fn<built::answer>, 42).get(), Each(43));

  std::filesystem::permissions(builds, std::filesystem::perms::others_write, std::filesystem::perm_options::add);
  EXPECT_THAT(error_of([&] {
                client.build(GANGWAY_TEST_SOURCES, {"-DOFFSET=22", "-O0"});
                return 0;
              }),
              HasSubstr("chmod 700"));
  std::filesystem::permissions(builds, std::filesystem::perms::owner_all);
}

TEST_F(DeliveryTest, AHeaderFromElsewhereThatChangedIsSeen) {
  const std::filesystem::path elsewhere = std::filesystem::path{std::getenv("GANGWAY_HOME")} / "elsewhere";
  std::filesystem::create_directories(elsewhere);
  const std::vector<std::string> flags{"-O0", "-include", (elsewhere / "offset.hpp").string()};
  for (const int offset : {1, 2}) {
    std::ofstream{elsewhere / "offset.hpp"} << "#define OFFSET " << offset << '\n';
    client.build(GANGWAY_TEST_SOURCES, flags);
    EXPECT_EQ(any.apply(fn<built::answer>, 42).get(), 21 + offset);
  }
  std::filesystem::remove_all(elsewhere);
}

TEST_F(DeliveryTest, WhatSourcesIncludeTravelsWithThem) {
  const std::filesystem::path sources = std::filesystem::path{std::getenv("GANGWAY_HOME")} / "sources";
  std::filesystem::create_directories(sources / "parts");
  std::ofstream answer{sources / "answer.cpp"};
  answer << "#include <gangway/function.hpp>\nnamespace built {\nint answer(int x) {\n  return x\n";
  for (const char* ending :
       {"h", "hh", "hpp", "hxx", "h++", "inl", "inc", "ipp", "tpp", "txx", "tcc", "icc", "def"}) {
    std::ofstream{sources / "parts" / ("one." + std::string{ending})} << "+ 1\n";
    answer << "#include \"parts/one." << ending << "\"\n";
  }
  answer << ";\n}\n}\nGANGWAY_REGISTER(built::answer);\n";
  answer.close();
  client.build(sources, {"-O0"});
  EXPECT_EQ(any.apply(fn<built::answer>, 42).get(), 42 + 13);
  std::filesystem::remove_all(sources);
}

TEST_F(DeliveryTest, WhatTheCompilerSaysComesBack) {
  const auto build = [&](const std::string& directory, const std::vector<std::string>& flags) {
    return error_of([&] {
      client.build(directory, flags);
      return 0;
    });
  };
  EXPECT_THAT(build(GANGWAY_TEST_SOURCES, {"-O0"}),
              AllOf(HasSubstr("the compiler ended with status"), HasSubstr("OFFSET"), HasSubstr("answer.cpp")));
  EXPECT_THAT(build(GANGWAY_TEST_SOURCES "/nowhere", {}), HasSubstr("cannot read the directory"));
  EXPECT_THAT(build(GANGWAY_TEST_EMPTY_DIRECTORY, {}), HasSubstr("no C++ sources"));
}

}  // namespace
}  // namespace gangway::e2e
