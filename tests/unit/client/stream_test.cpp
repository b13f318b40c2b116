// Maps that are sent as they are consumed, and many Futures at once.
#include <gangway/map_future.hpp>

#include <chrono>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <numeric>
#include <ranges>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gangway/view.hpp>
#include <gangway/when.hpp>

#include "base/limits.hpp"
#include "fake_gateway.hpp"
#include "local_client.hpp"

namespace gangway::client {

std::int64_t half(std::int64_t x) {
  return x / 2;
}
std::string swell(std::int64_t) {
  return std::string(8 << 20, 'x');
}
std::int64_t refuse_tenth(std::int64_t x) {
  if (x == 10) {
    throw std::invalid_argument{"no ten"};
  }
  return x;
}
int follow(int x, const std::string& word) {
  return x + static_cast<int>(word.size());
}

namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::chrono_literals;

/// The integers from 0, to be read once, as from a generator; counts how far it was read.
class Numbers {
 public:
  class Iterator {
   public:
    using iterator_concept = std::input_iterator_tag;
    using value_type = std::int64_t;
    using difference_type = std::ptrdiff_t;

    explicit Iterator(Numbers& numbers) : numbers_{&numbers} {}
    Iterator(Iterator&&) = default;
    Iterator& operator=(Iterator&&) = default;
    std::int64_t operator*() const { return numbers_->at_; }
    Iterator& operator++() {
      ++numbers_->at_;
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& iterator, std::default_sentinel_t) { return iterator.at_end(); }

   private:
    [[nodiscard]] bool at_end() const { return numbers_->at_ == numbers_->count_; }

    Numbers* numbers_;
  };

  explicit Numbers(std::int64_t count) : count_{count} {}
  Numbers(Numbers&&) = default;
  Numbers& operator=(Numbers&&) = default;

  Iterator begin() { return Iterator{*this}; }
  [[nodiscard]] std::default_sentinel_t end() const { return {}; }
  [[nodiscard]] std::int64_t read() const { return at_; }

 private:
  std::int64_t count_;
  std::int64_t at_ = 0;
};

/// A number of this process that Linux tells, as VmRSS in KiB or Threads.
std::size_t status_of_process(const std::string& name) {
  std::ifstream status{"/proc/self/status"};
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name + ":")) {
      return std::stoul(line.substr(name.size() + 1));
    }
  }
  throw std::runtime_error{"there is no " + name + " in /proc/self/status"};
}

class StreamTest : public testing::Test {
 protected:
  FakeGateway gateway;
  Client client = client_of(gateway);
  BalancedView any = client.balanced();
};

TEST_F(StreamTest, every_element_comes_once) {
  std::vector<int> seen(10'000, 0);
  Numbers numbers{10'000};
  for (auto [index, value] : any.as_completed(fn<half>, numbers)) {
    EXPECT_EQ(value, static_cast<std::int64_t>(index) / 2);
    ++seen.at(index);
  }
  EXPECT_THAT(seen, testing::Each(1));
}

TEST_F(StreamTest, takes_every_kind_of_range_and_keeps_what_it_is_given) {
  auto all = [&] {
    const std::string word = "abc";
    return any.with(chunk(2)).as_completed(fn<follow>, std::vector<int>{1, 2, 3}, word);
  }();
  std::vector<int> results(3);
  for (auto [index, value] : all) {
    results.at(index) = value;
  }
  EXPECT_THAT(results, ElementsAre(4, 5, 6));
  EXPECT_THAT(gateway.received<wire::SubmitTask>(), testing::SizeIs(2));
  std::int64_t sum = 0;
  for (auto [index, value] : any.as_completed([](int x) { return x + 1; }, std::vector<int>{1, 2, 3})) {
    sum += value;
  }
  for (auto [index, value] : any.as_completed(fn<half>, Numbers{5})) {
    sum += value;
  }
  EXPECT_EQ(sum, 9 + 4);
  for ([[maybe_unused]] const auto& element : any.as_completed(fn<half>, Numbers{0})) {
    FAIL() << "an element of nothing";
  }
}

TEST_F(StreamTest, a_failing_element_is_named_and_the_others_come) {
  auto completed = any.as_completed(fn<refuse_tenth>, Numbers{100});
  std::size_t good = 0;
  std::size_t bad = 0;
  for (bool at_end = false; !at_end;) {
    try {
      for ([[maybe_unused]] const auto& element : completed) {
        ++good;
      }
      at_end = true;
    } catch (const RemoteError& error) {
      EXPECT_EQ(error.index(), 10U);
      ++bad;
    }
  }
  EXPECT_EQ(good, 99U);
  EXPECT_EQ(bad, 1U);
}

TEST(HeldStreamTest, no_more_is_read_and_sent_than_the_window_holds) {
  FakeBehaviour behaviour;
  behaviour.holds_tasks = true;
  FakeGateway gateway{behaviour};
  const Client client = client_of(gateway);
  Numbers numbers{1'000};
  std::size_t taken = 0;
  std::thread user{[&] {
    for ([[maybe_unused]] const auto& element : client.balanced().with(chunk(10)).as_completed(fn<half>, numbers)) {
      ++taken;
    }
  }};
  const std::size_t window = 2 * base::stream_chunks_per_engine;
  for (std::size_t sent = window; sent < 100; sent += window) {
    ASSERT_TRUE(gateway.wait_for<wire::SubmitTask>(sent));
    std::this_thread::sleep_for(10ms);
    EXPECT_EQ(gateway.received<wire::SubmitTask>().size(), sent);
    gateway.release();
  }
  ASSERT_TRUE(gateway.wait_for<wire::SubmitTask>(100));
  gateway.release();
  user.join();
  EXPECT_EQ(taken, 1'000U);
}

TEST_F(StreamTest, a_range_is_read_only_as_far_as_its_results_are_taken) {
  Numbers numbers{10'000'000};
  auto completed = any.with(chunk(100)).as_completed(fn<half>, numbers);
  auto next = completed.begin();
  EXPECT_LE(numbers.read(), 900);
  for (int i = 0; i < 1'000; ++i) {
    ++next;
  }
  EXPECT_LE(numbers.read(), 2'000);
  EXPECT_LE(gateway.received<wire::SubmitTask>().size(), 20U);
}

TEST_F(StreamTest, large_results_hold_the_window_down) {
  auto completed = any.as_completed(fn<swell>, Numbers{1'000});
  auto next = completed.begin();
  for (int i = 0; i < 20; ++i) {
    ++next;
  }
  EXPECT_LE(gateway.received<wire::SubmitTask>().size(), 21 + base::stream_bytes_max / (8 << 20))
      << "eight results of 8 MiB fill it";
}

TEST(HeldStreamTest, a_lost_gateway_ends_the_range) {
  FakeBehaviour behaviour;
  behaviour.holds_tasks = true;
  FakeGateway gateway{behaviour};
  const Client client = client_of(gateway);
  auto completed = client.balanced().as_completed(fn<half>, Numbers{100});
  std::thread killer{[&] {
    EXPECT_TRUE(gateway.wait_for<wire::SubmitTask>(1));
    gateway.kill();
  }};
  EXPECT_THROW(completed.begin(), ConnectionError);
  EXPECT_EQ(completed.begin(), completed.end());
  killer.join();
}

TEST(ManyFuturesTest, a_hundred_thousand_wait_without_threads_of_their_own) {
  FakeBehaviour behaviour;
  behaviour.holds_tasks = true;
  behaviour.tasks_credit = 10;  // nearly all of them wait in the client
  FakeGateway gateway{behaviour};
  Client client = client_of(gateway);
  const BalancedView any = client.balanced();
  std::int64_t sum = 0;  // continuations run one at a time
  const auto attach = [&](int count) {
    std::vector<Future<void>> futures;
    for (int i = 0; i < count; ++i) {
      futures.push_back(any.apply([](int) { return 1; }, i).then([&sum](const Future<int>& task) {
        try {
          sum += task.get();
        } catch (const ConnectionError&) {
          sum += 2;
        }
      }));
    }
    return futures;
  };
  (void)attach(1);
  const std::size_t threads_before = status_of_process("Threads");
  const std::size_t kib_before = status_of_process("VmRSS");
  constexpr int count = 100'000;
  const auto futures = attach(count);
  EXPECT_EQ(status_of_process("Threads"), threads_before);
  RecordProperty("bytes_each", static_cast<int>((status_of_process("VmRSS") - kib_before) * 1024 / count));
  const auto all = when_all(futures);
  EXPECT_FALSE(all.ready());
  client.close();
  ASSERT_TRUE(all.wait_for(60s));
  EXPECT_EQ(sum, 2 * count + 2);
}

TEST(ManyFuturesTest, thousands_end_with_their_values) {
  FakeGateway gateway;
  const Client client = client_of(gateway);
  const BalancedView any = client.balanced();
  std::vector<Future<int>> futures;
  for (int i = 0; i < 20'000; ++i) {
    futures.push_back(any.apply([](int x) { return x; }, i).then([](int x) { return x + 1; }));
  }
  const auto all = when_all(futures);
  ASSERT_TRUE(all.wait_for(250s));
  std::vector<int> expected(futures.size());
  std::iota(expected.begin(), expected.end(), 1);
  EXPECT_EQ(all.get(), expected);
}

}  // namespace
}  // namespace gangway::client
