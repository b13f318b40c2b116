#include <gangway/map_future.hpp>

#include <forward_list>
#include <list>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gangway/view.hpp>

#include "fake_gateway.hpp"
#include "local_client.hpp"

namespace gangway::client {

int square(int x) {
  return x * x;
}
int add(int x, int y) {
  return x + y;
}
bool is_even(int x) {
  return x % 2 == 0;
}
int to_number(bool flag) {
  return flag ? 1 : 0;
}
void look_at(int) {}
std::string spell(const std::string& word) {
  return word + "!";
}
std::size_t length(const std::string& word) {
  return word.size();
}
int refuse_sevens(int x) {
  if (x % 7 == 0) {
    throw std::invalid_argument{"no " + std::to_string(x)};
  }
  return x;
}
int refuse_three(int x) {
  if (x == 3) {
    throw std::invalid_argument{"no three"};
  }
  return x;
}

namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<int> numbers(int count) {
  std::vector<int> all(static_cast<std::size_t>(count));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

class MapTest : public testing::Test {
 protected:
  FakeGateway gateway;
  Client client = client_of(gateway);
  BalancedView any = client.balanced();
};

TEST_F(MapTest, results_are_in_the_order_of_the_range) {
  const std::vector<int> results = any.map(fn<square>, numbers(1000)).get();
  ASSERT_EQ(results.size(), 1000U);
  for (std::size_t i = 0; i < results.size(); ++i) {
    EXPECT_EQ(results[i], static_cast<int>(i * i));
  }
  EXPECT_GT(gateway.received<wire::SubmitTask>().size(), 8U) << "in several chunks for each engine";
  EXPECT_LT(gateway.received<wire::SubmitTask>().size(), 200U) << "but many elements in each";
}

TEST_F(MapTest, takes_every_kind_of_range_and_result) {
  EXPECT_THAT(any.map(fn<add>, std::list<int>{1, 2, 3}, 10).get(), ElementsAre(11, 12, 13));
  EXPECT_THAT(any.map(fn<square>, std::forward_list<short>{0, 1, 2}).get(), ElementsAre(0, 1, 4));
  EXPECT_THAT(any.map(fn<to_number>, std::vector<bool>{true, false}).get(), ElementsAre(1, 0));
  EXPECT_THAT(any.map(fn<is_even>, std::vector<int>{1, 2}).get(), ElementsAre(false, true));
  EXPECT_THAT(any.map(fn<spell>, std::vector<std::string>{"a", "b"}).get(), ElementsAre("a!", "b!"));
  EXPECT_THAT(any.map([k = 3](int x) { return k * x; }, std::vector<int>{1, 2}).get(), ElementsAre(3, 6));
  any.map(fn<look_at>, numbers(10)).get();
}

TEST_F(MapTest, of_nothing_gives_nothing) {
  const auto future = any.map(fn<square>, std::vector<int>{});
  EXPECT_TRUE(future.ready());
  EXPECT_TRUE(future.get().empty());
  EXPECT_THROW((void)future.id(), Error);
  for ([[maybe_unused]] const auto& element : future.as_completed()) {
    FAIL() << "an element of nothing";
  }
}

TEST_F(MapTest, the_size_of_chunks_can_be_given) {
  EXPECT_EQ(any.with(chunk(300)).map(fn<square>, numbers(1000)).parts(), 4U);
  EXPECT_EQ(any.with(chunk(1)).map(fn<square>, numbers(10)).parts(), 10U);
}

TEST(LargeMapTest, chunks_of_large_elements_are_smaller) {
  FakeBehaviour behaviour;
  behaviour.engines = 1;
  FakeGateway gateway{behaviour};
  const Client client = client_of(gateway);
  std::vector<std::string> words(64, "small");
  words[0] = words[1] = std::string(5 * 1024 * 1024, 'x');
  const auto future = client.balanced().map(fn<length>, words);
  EXPECT_EQ(future.parts(), 64U) << "two large elements do not fit a chunk together";
  EXPECT_EQ(future.get().at(1), words[1].size());
  for (const auto& task : gateway.received<wire::SubmitTask>()) {
    EXPECT_LT(task.operation.size(), 9U * 1024 * 1024);
  }
}

TEST_F(MapTest, one_failing_element_is_a_remote_error_that_names_it) {
  try {
    (void)any.map(fn<refuse_three>, numbers(100)).get();
    FAIL() << "no error";
  } catch (const RemoteError& error) {
    EXPECT_EQ(error.index(), 3U);
    EXPECT_EQ(error.type(), "std::invalid_argument");
    EXPECT_THAT(error.what(), HasSubstr("element 3: engine "));
  }
}

TEST_F(MapTest, several_failing_elements_are_a_composite) {
  try {
    (void)any.map(fn<refuse_sevens>, numbers(100)).get();
    FAIL() << "no error";
  } catch (const CompositeError& error) {
    EXPECT_EQ(error.failed(), 15U);
    EXPECT_EQ(error.parts(), 100U);
    EXPECT_EQ(error.errors().at(2).index(), 14U);
    EXPECT_THAT(error.what(), HasSubstr("15 of 100 elements failed:\n  element 0: engine "));
  }
}

TEST_F(MapTest, as_completed_gives_every_element_once) {
  std::vector<int> seen(100, -1);
  for (auto [index, value] : any.map(fn<square>, numbers(100)).as_completed()) {
    EXPECT_EQ(seen.at(index), -1);
    seen.at(index) = value;
  }
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(seen[static_cast<std::size_t>(i)], i * i);
  }
  std::size_t looked_at = 0;
  for ([[maybe_unused]] auto [index] : any.map(fn<look_at>, numbers(10)).as_completed()) {
    ++looked_at;
  }
  EXPECT_EQ(looked_at, 10U);
}

TEST_F(MapTest, as_completed_throws_at_a_failing_element_and_goes_on_behind_it) {
  auto completed = any.map(fn<refuse_sevens>, numbers(100)).as_completed();
  std::vector<std::size_t> failed;
  std::size_t good = 0;
  for (bool at_end = false; !at_end;) {
    try {
      for ([[maybe_unused]] const auto& element : completed) {
        ++good;
      }
      at_end = true;
    } catch (const RemoteError& error) {
      failed.push_back(error.index().value());
    }
  }
  EXPECT_EQ(good, 85U);
  EXPECT_EQ(failed.size(), 15U);
}

TEST(HeldMapTest, as_completed_follows_the_order_of_completion) {
  FakeBehaviour behaviour;
  behaviour.holds_tasks = true;
  FakeGateway gateway{behaviour};
  const Client client = client_of(gateway);
  const auto future = client.balanced().with(chunk(2)).map(fn<square>, numbers(6));
  ASSERT_TRUE(gateway.wait_for<wire::SubmitTask>(3));
  EXPECT_EQ(future.progress().done, 0U);
  EXPECT_EQ(future.progress().total, 6U);
  gateway.release_reversed();
  std::vector<std::size_t> order;
  for (auto [index, value] : future.as_completed()) {
    order.push_back(index);
  }
  EXPECT_THAT(order, ElementsAre(4, 5, 2, 3, 0, 1));
  EXPECT_THAT(future.get(), ElementsAre(0, 1, 4, 9, 16, 25));
  EXPECT_EQ(future.progress().done, 6U);
}

TEST(HeldMapTest, a_lost_gateway_ends_the_range) {
  FakeBehaviour behaviour;
  behaviour.holds_tasks = true;
  FakeGateway gateway{behaviour};
  const Client client = client_of(gateway);
  const auto future = client.balanced().map(fn<square>, numbers(100));
  gateway.kill();
  auto completed = future.as_completed();
  EXPECT_THROW(completed.begin(), ConnectionError);
  EXPECT_EQ(completed.begin(), completed.end());
  EXPECT_THROW((void)future.get(), ConnectionError);
}

TEST(CrashingMapTest, a_chunk_whose_worker_crashed_names_its_elements) {
  FakeBehaviour behaviour;
  behaviour.answer = [](const wire::SubmitTask& task, std::uint32_t) -> std::optional<wire::Outcome> {
    if (task.request != wire::RequestId{3}) {
      return std::nullopt;
    }
    return wire::Failure{
        wire::FailureKind::worker_crashed, "SIGSEGV", "the worker was killed", EngineId{1}, "host1", 1};
  };
  FakeGateway gateway{behaviour};
  const Client client = client_of(gateway);
  const auto future = client.balanced().with(chunk(10)).map(fn<square>, numbers(30));
  try {
    (void)future.get();
    FAIL() << "no error";
  } catch (const RemoteError& error) {
    EXPECT_EQ(error.kind(), FailureKind::worker_crashed);
    EXPECT_EQ(error.index(), 10U);
    EXPECT_EQ(error.elements(), 10U);
    EXPECT_THAT(error.what(), HasSubstr("elements 10 to 19: engine 1 on host1: SIGSEGV: the worker was killed"));
  }
}

}  // namespace
}  // namespace gangway::client
