#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>

#include "e2e/support/shared_cluster.hpp"

namespace gangway::e2e {
namespace {

using testing::HasSubstr;

int tripled(int number) {
  return 3 * number;
}

std::string shout(const std::string& text, const std::string& mark) {
  return text + mark;
}

using FlowTest = SharedClusterTest;

TEST_F(FlowTest, TwentyThousandCallsMayBeOutstandingAtOnce) {
  constexpr int calls = 20'000;
  std::vector<Future<int>> results;
  results.reserve(calls);
  for (int i = 0; i < calls; ++i) results.push_back(any.apply(fn<tripled>, i));
  for (int i = 0; i < calls; ++i) ASSERT_EQ(results[static_cast<std::size_t>(i)].get(), 3 * i);
}

TEST_F(FlowTest, ALambdaBringsItsCaptures) {
  const double factor = 0.5;
  int offset = 7;
  EXPECT_EQ(any.apply([factor, offset](double x) { return factor * x + offset; }, 4.0).get(), 9.0);
  const std::vector<int> results = any.map([offset](int x) { return x + offset; }, std::vector<int>{1, 2, 3}).get();
  EXPECT_EQ(results, (std::vector<int>{8, 9, 10}));
}

TEST_F(FlowTest, AMapGivesItsResultsInOrder) {
  std::vector<std::string> texts;
  std::vector<std::string> expected;
  for (int i = 0; i < 5000; ++i) {
    texts.push_back(std::to_string(i));
    expected.push_back(std::to_string(i) + "!");
  }
  const auto map = any.map(fn<shout>, texts, std::string{"!"});
  EXPECT_EQ(map.get(), expected);
  EXPECT_EQ(map.progress().done, 5000U);
  EXPECT_EQ(map.progress().total, 5000U);
  EXPECT_TRUE(any.map(fn<shout>, std::vector<std::string>{}, std::string{"!"}).get().empty());
}

TEST_F(FlowTest, AFutureTellsWhereItsTaskRan) {
  const auto future = engine(1).apply(fn<tripled>, 1);
  future.wait();
  EXPECT_EQ(future.info().engine, engine(1).id());
  EXPECT_EQ(future.info().attempts, 1U);
  EXPECT_FALSE(future.info().host.empty());
  EXPECT_GE(future.info().total, future.info().ran);
}

TEST_F(FlowTest, TwoClientsWorkOnOneClusterAtOnce) {
  Client other = cluster().connect();
  EXPECT_GE(other.status().sessions, 2U);
  std::vector<int> numbers;
  std::vector<int> expected;
  for (int i = 0; i < 20'000; ++i) {
    numbers.push_back(i);
    expected.push_back(3 * i);
  }
  std::vector<int> theirs;
  std::thread thread{[&] { theirs = other.balanced().with(chunk(50)).map(fn<tripled>, numbers).get(); }};
  EXPECT_EQ(any.with(chunk(70)).map(fn<tripled>, numbers).get(), expected);
  thread.join();
  EXPECT_EQ(theirs, expected);
}

TEST_F(FlowTest, AClientThatGoesTakesItsTasksAlongAndNoOthers) {
  std::vector<Future<int>> lost;
  {
    Client other = cluster().connect();
    for (int i = 0; i < 2000; ++i) lost.push_back(other.balanced().apply(fn<tripled>, i));
  }
  for (const auto& future : lost) {
    try {
      static_cast<void>(future.get());
    } catch (const ConnectionError&) {
      // what was not done when the client went
    }
  }
  EXPECT_EQ(any.apply(fn<tripled>, 5).get(), 15);
}

TEST_F(FlowTest, ManyThreadsMayUseOneClient) {
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) wrong += any.apply(fn<tripled>, 1000 * t + i).get() != 3 * (1000 * t + i);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST_F(FlowTest, StatusCountsWhatHasBeenDone) {
  const std::uint64_t before = client.status().tasks_finished;
  for (int i = 0; i < 10; ++i) any.apply(fn<tripled>, i).get();
  const ClusterStatus after = client.status();
  EXPECT_EQ(after.tasks_finished, before + 10);
  EXPECT_EQ(after.engines.size(), shared_engines);
  EXPECT_EQ(after.cluster, cluster().name());
}

}  // namespace
}  // namespace gangway::e2e
