#include <cstring>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>

#include "e2e/support/shared_cluster.hpp"

namespace gangway::e2e {
namespace {

using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

constexpr std::size_t mib = 1024 * 1024;
constexpr std::size_t too_much = 65 * mib;
constexpr std::size_t just_enough = 64 * mib;

std::vector<char> filled(std::size_t bytes) {
  std::vector<char> data(bytes);
  for (std::size_t i = 0; i < bytes; ++i) data[i] = static_cast<char>((i * 2654435761U) >> 13);
  return data;
}

std::size_t length(std::span<const char> data) {
  return data.size();
}

std::vector<char> echo(const std::vector<char>& data) {
  return data;
}

std::vector<char> make_bytes(std::size_t bytes) {
  return filled(bytes);
}

void append(Engine& engine, int number) {
  std::vector<int> log;
  if (engine.names().contains("log")) log = engine.names().get<std::vector<int>>("log");
  log.push_back(number);
  engine.names().set("log", log);
}

std::uint32_t engine_with(Engine& engine, std::span<const int>) {
  return engine.id().value();
}

int made_times(Engine& engine, const std::string& key) {
  static int times_made = 0;
  return engine.cached<int>(key, [] { return ++times_made; });
}

std::size_t count_of(std::span<const int> x) {
  return x.size();
}

using ValuesTest = SharedClusterTest;

/// The text of the Error that `act` throws where it is called.
template <class Act>
std::string refusal_of(const Act& act) {
  try {
    static_cast<void>(act());
  } catch (const RemoteError& error) {
    return error.text();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST_F(ValuesTest, MoreThan64MiBIsRefusedEverywhereWithTheWayOut) {
  const std::vector<char> data(too_much);
  EXPECT_THAT(refusal_of([&] { return engine(0).push("large", data); }),
              AllOf(HasSubstr("64 MiB"), HasSubstr("part")));
  EXPECT_THAT(refusal_of([&] { return engine(0).apply(fn<length>, data); }),
              AllOf(HasSubstr("64 MiB"), HasSubstr("push")));
  EXPECT_THAT(refusal_of([&] { return engine(0).apply(fn<make_bytes>, too_much).get(); }),
              AllOf(HasSubstr("64 MiB"), HasSubstr("named value")));
  const auto make_large = [](Engine& remote) { remote.names().make<char>("large", too_much); };
  engine(0).apply(make_large).get();
  EXPECT_THAT(refusal_of([&] { return engine(0).pull<std::vector<char>>("large").get(); }),
              AllOf(HasSubstr("large"), HasSubstr("at most")));
  engine(0).apply([](Engine& remote) { remote.names().erase("large"); }).get();
  EXPECT_EQ(engine(0).apply(fn<length>, std::vector<char>(10)).get(), 10U) << "the connection lives on";
}

TEST_F(ValuesTest, Exactly64MiBTravelAllWays) {
  const std::vector<char> data = filled(just_enough);
  engine(0).push("nearly", data).get();
  EXPECT_EQ(engine(0).apply(fn<length>, named("nearly")).get(), data.size());
  EXPECT_TRUE(engine(0).pull<std::vector<char>>("nearly").get() == data);
  EXPECT_TRUE(engine(1).apply(fn<echo>, data).get() == data);
  EXPECT_TRUE(any.apply(fn<make_bytes>, just_enough).get() == data);
  engine(0).apply([](Engine& remote) { remote.names().erase("nearly"); }).get();
}

TEST_F(ValuesTest, AMissingValueIsNamed) {
  const RemoteError direct = remote_error_of([&] { return engine(1).apply(fn<count_of>, named("nowhere")).get(); });
  EXPECT_THAT(direct.text(), HasSubstr("nowhere"));
  EXPECT_EQ(direct.kind(), FailureKind::not_run);
  EXPECT_EQ(direct.engine(), engine(1).id());
  const RemoteError balanced = remote_error_of([&] { return any.apply(fn<count_of>, named("nowhere")).get(); });
  EXPECT_THAT(balanced.text(), HasSubstr("nowhere"));
  EXPECT_EQ(balanced.kind(), FailureKind::not_run);
  EXPECT_THAT(remote_error_of([&] { return engine(1).pull<int>("nowhere").get(); }).text(), HasSubstr("nowhere"));
}

TEST_F(ValuesTest, AValueOfAnotherTypeIsRefused) {
  engine(0).push("number", 1).get();
  EXPECT_THAT(refusal_of([&] { return engine(0).pull<std::string>("number").get(); }), HasSubstr("number"));
  EXPECT_THAT(refusal_of([&] { return engine(0).apply(fn<count_of>, named("number")).get(); }), HasSubstr("number"));
}

TEST_F(ValuesTest, ABalancedTaskRunsOnlyWhereItsValueIs) {
  engine(2).push("only on 2", std::vector<int>{1}).get();
  std::vector<Future<std::uint32_t>> places;
  for (int i = 0; i < 200; ++i) places.push_back(any.apply(fn<engine_with>, named("only on 2")));
  for (const auto& place : places) EXPECT_EQ(place.get(), 2U);
  const auto on = [](int, std::span<const int>) { return 2; };
  EXPECT_THAT(any.map(on, std::vector<int>(100), named("only on 2")).get(), Each(2));
}

TEST_F(ValuesTest, OperationsOnOneEngineHappenInTheOrderTheyWereAskedFor) {
  constexpr int count = 300;
  std::vector<int> expected;
  engine(0).push("log", std::vector<int>{});
  for (int i = 0; i < count; ++i) {
    engine(0).apply(fn<append>, i);
    expected.push_back(i);
  }
  EXPECT_EQ(engine(0).pull<std::vector<int>>("log").get(), expected);

  std::vector<Future<int>> seen;
  for (int i = 0; i < count; ++i) {
    engine(0).push("x", i);
    seen.push_back(engine(0).pull<int>("x"));
  }
  for (int i = 0; i < count; ++i) EXPECT_EQ(seen[static_cast<std::size_t>(i)].get(), i);
}

TEST_F(ValuesTest, ScatterAndGatherPreserveAnyNumberOfElements) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{1000}}) {
    std::vector<int> numbers;
    for (std::size_t i = 0; i < size; ++i) numbers.push_back(static_cast<int>(i));
    all.scatter("part", numbers).get();
    EXPECT_EQ(all.gather<int>("part").get(), numbers) << size << " elements";
    const std::vector<std::size_t> counts = all.apply(fn<count_of>, named("part")).get();
    for (std::size_t i = 0; i < counts.size(); ++i) {
      EXPECT_EQ(counts[i], size / shared_engines + (i < size % shared_engines ? 1U : 0U)) << size << " elements";
    }
  }
  const std::vector<std::string> words = {"a", "list", "of", "objects"};
  all.scatter("words", words).get();
  EXPECT_EQ(all.gather<std::string>("words").get(), words);
}

TEST_F(ValuesTest, ObjectsOfTheStandardLibraryAreKept) {
  using Table = std::map<std::string, std::vector<double>>;
  const Table table = {{"one", {1.0}}, {"two", {1.0, 2.0}}};
  all.push("table", table).get();
  EXPECT_THAT(all.pull<Table>("table").get(), AllOf(SizeIs(shared_engines), Each(table)));
}

TEST_F(ValuesTest, WhatIsCachedIsMadeOncePerWorker) {
  const std::vector<int> first = all.apply(fn<made_times>, std::string{"dear"}).get();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(all.apply(fn<made_times>, std::string{"dear"}).get(), first);
  EXPECT_THAT(first, Each(1));
}

}  // namespace
}  // namespace gangway::e2e
