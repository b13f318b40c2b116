// Chains of Futures as long as a program that runs for days makes them: no stack and no memory may grow with them.
#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gangway/coroutine.hpp>
#include <gangway/view.hpp>
#include <gangway/when.hpp>

#include "fake_gateway.hpp"
#include "local_client.hpp"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
// Its header, sanitizer/allocator_interface.h, does not come with every g++.
extern "C" std::size_t __sanitizer_get_current_allocated_bytes();
#endif

namespace gangway::client {
namespace {

using detail::TaskHandle;
using namespace std::chrono_literals;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int steps = 100'000;  // ten times slower, and deep enough
#else
constexpr int steps = 1'000'000;
#endif
constexpr int levels = 100'000;

int one() {
  return 1;
}

std::size_t allocated_bytes() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return __sanitizer_get_current_allocated_bytes();
#else
  const struct mallinfo2 now = ::mallinfo2();
  return now.uordblks + now.hblkhd;
#endif
}

/// What a chain takes while it goes on, looked at from within by each of its steps.
class Footprint {
 public:
  void look() {
    const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
    if (looks_++ == 0) {
      lowest_ = highest_ = here;
    }
    lowest_ = std::min(lowest_, here);
    highest_ = std::max(highest_, here);
    if (looks_ == warm_up) {
      bytes_warm_ = allocated_bytes();
    }
    if (looks_ % 1000 == 0 && looks_ > warm_up) {
      bytes_most_ = std::max(bytes_most_, allocated_bytes());
    }
  }

  /// Checks what was seen; `looks` are at least to have been.
  void expect_flat(int looks) const {
    EXPECT_GE(looks_, looks);
    EXPECT_LT(highest_ - lowest_, 64U * 1024) << "bytes of stack";
    EXPECT_LT(bytes_most_, bytes_warm_ + 1024 * 1024) << "bytes allocated; " << bytes_warm_ << " at the beginning";
  }

 private:
  static constexpr int warm_up = 10'000;
  int looks_ = 0;
  std::uintptr_t lowest_ = 0;
  std::uintptr_t highest_ = 0;
  std::size_t bytes_warm_ = 0;
  std::size_t bytes_most_ = 0;
};

/// A Future that a test makes ready, of no client.
template <class T>
struct Promised {
  TaskHandle task = TaskHandle::of_this_process();
  Future<T> future{task, &detail::local_result<T>};

  void settle(std::shared_ptr<const void> value = nullptr, std::exception_ptr error = nullptr) const {
    task.settle(std::move(value), std::move(error));
  }
};

Future<int> ready_future(int value) {
  const Promised<int> promised;
  promised.settle(std::make_shared<const int>(value));
  return promised.future;
}

/// Fails instead of hanging.
template <class T>
T in_time(const Future<T>& future) {
  if (!future.wait_for(300s)) {
    throw std::runtime_error{"the Future is not ready after five minutes"};
  }
  return future.get();
}

// ---- one step after another

Future<int> count_down(const Future<int>& source, int left, Footprint& footprint) {
  return source.then([source, left, &footprint](int) -> Future<int> {
    footprint.look();
    return left == 0 ? ready_future(42) : count_down(source, left - 1, footprint);
  });
}

TEST(DeepThenTest, a_function_that_goes_on_with_itself_takes_no_stack_and_no_memory) {
  Footprint footprint;
  EXPECT_EQ(in_time(count_down(ready_future(1), steps, footprint)), 42);
  footprint.expect_flat(steps);
}

TEST(DeepThenTest, nor_does_it_on_a_clients_thread) {
  FakeGateway gateway;
  const Client client = client_of(gateway);
  const Future<int> source = client.balanced().apply(fn<one>);
  Footprint footprint;
  EXPECT_EQ(in_time(count_down(source, steps, footprint)), 42);
  footprint.expect_flat(steps);
}

TEST(DeepThenTest, nor_does_it_while_each_step_waits_for_a_task) {
  FakeGateway gateway;
  const Client client = client_of(gateway);
  const BalancedView any = client.balanced();
  struct Loop {
    BalancedView any;
    Future<int> step(int left) const {
      return any.apply(fn<one>).then(
          [*this, left](int x) -> Future<int> { return left == 0 ? any.apply(fn<one>) : step(left - x); });
    }
  };
  EXPECT_EQ(in_time(Loop{any}.step(20'000)), 1);
}

Future<int> await_all(Future<int> source, Footprint& footprint) {
  int sum = 0;
  for (int i = 0; i < steps; ++i) {
    sum += co_await source.then([](int x) { return x; });
    footprint.look();
  }
  co_return sum;
}

TEST(DeepThenTest, nor_does_a_coroutine) {
  Footprint footprint;
  EXPECT_EQ(in_time(await_all(ready_future(1), footprint)), steps);
  footprint.expect_flat(steps);
}

TEST(DeepThenTest, nor_does_a_coroutine_on_a_clients_thread) {
  FakeGateway gateway;
  const Client client = client_of(gateway);
  Footprint footprint;
  EXPECT_EQ(in_time(await_all(client.balanced().apply(fn<one>), footprint)), steps);
  footprint.expect_flat(steps);
}

Future<int> descend(Future<void> start, int left) {
  co_await start;
  if (left == 0) {
    co_return 0;
  }
  const int deeper = co_await descend(start.then([] {}), left - 1);
  co_return deeper + 1;
}

TEST(DeepThenTest, coroutines_within_one_another_end_without_stack) {
  const Promised<void> start;
  const Future<int> depth = descend(start.future, levels);
  start.settle();
  EXPECT_EQ(in_time(depth), levels);
}

TEST(DeepThenTest, a_long_row_of_then_ends_without_stack) {
  const Promised<int> start;
  Future<int> last = start.future;
  for (int i = 0; i < steps; ++i) {
    last = last.then([](int x) { return x + 1; });
  }
  start.settle(std::make_shared<const int>(0));
  EXPECT_EQ(in_time(last), steps);
}

TEST(DeepThenTest, futures_that_give_one_another_end_without_stack) {
  const Promised<int> start;
  const Promised<void> go;
  Future<int> last = start.future;
  const auto count = [&] {
    for (int i = 0; i < levels; ++i) {
      last = go.future.then([last] { return last; });
    }
  };
  count();
  go.settle();
  count();  // those wait for nothing but the one before
  EXPECT_FALSE(last.ready());
  start.settle(std::make_shared<const int>(7));
  EXPECT_EQ(in_time(last), 7);
}

// ---- what is taken over reaches everybody

TEST(TakenOverTest, every_future_on_the_way_gets_the_value) {
  const Promised<int> end;
  const Promised<void> go;
  const Promised<void> later;
  const Future<int> inner = later.future.then([&] { return end.future; });
  const Future<int> middle = go.future.then([&] { return inner; });
  const Future<int> outer = go.future.then([&] { return middle; });
  const Future<int> second = go.future.then([&] { return inner; });
  std::vector<std::string> seen;
  const auto note = [&seen](std::string name) {
    return [&seen, name = std::move(name)](int x) { seen.push_back(name + std::to_string(x)); };
  };
  inner.then(note("inner "));
  outer.then(note("outer "));
  go.settle();
  middle.then(note("middle "));
  inner.then(note("late inner "));
  later.settle();
  second.then(note("second "));
  EXPECT_THAT(seen, testing::IsEmpty());
  end.settle(std::make_shared<const int>(5));
  EXPECT_THAT(seen, testing::UnorderedElementsAre("inner 5", "outer 5", "middle 5", "late inner 5", "second 5"));
  for (const auto& future : {inner, middle, outer, second}) {
    EXPECT_EQ(in_time(future), 5);
  }
}

TEST(TakenOverTest, a_failure_too) {
  const Promised<void> go;
  const Promised<void> later;
  const Future<int> inner = later.future.then([]() -> Future<int> { throw std::out_of_range{"no"}; });
  const Future<int> outer = go.future.then([&] { return inner; });
  go.settle();
  EXPECT_FALSE(outer.ready());
  later.settle();
  EXPECT_THROW(in_time(outer), std::out_of_range);
  EXPECT_THROW(in_time(inner), std::out_of_range);
}

TEST(TakenOverTest, what_is_attached_runs_though_nobody_keeps_the_future) {
  const Promised<int> end;
  const Promised<void> go;
  const Promised<void> later;
  bool was_first = false;
  Future<int> inner = later.future.then([end] { return end.future; });
  go.future.then([inner] { return inner; });
  go.settle();
  when_any(std::vector{inner}).then([&](std::size_t) { was_first = true; });
  inner = ready_future(0);
  later.settle();
  end.settle(std::make_shared<const int>(1));
  EXPECT_TRUE(was_first);
}

TEST(TakenOverTest, a_future_that_would_wait_for_itself_fails) {
  const Promised<void> go;
  std::optional<Future<int>> itself;
  itself = go.future.then([&] { return *itself; });
  go.settle();
  EXPECT_THROW(in_time(*itself), Error);
}

TEST(TakenOverTest, a_continuation_of_no_client_may_wait_for_what_it_attaches) {
  const Future<int> source = ready_future(4);
  EXPECT_EQ(in_time(source.then([&](int) { return source.then([](int x) { return x + 1; }).get(); })), 5);
}

TEST(TakenOverTest, threads_may_come_from_all_sides) {
  constexpr int rounds = 500;
  for (int round = 0; round < rounds; ++round) {
    const Promised<void> go;
    const Promised<void> later;
    const Promised<int> end;
    const Future<int> inner = later.future.then([end] { return end.future; });
    const Future<int> outer = go.future.then([inner] { return inner; });
    const Future<int> outermost = go.future.then([outer] { return outer; });
    std::atomic<int> seen = 0;
    std::vector<std::thread> threads;
    threads.emplace_back([&] { go.settle(); });
    threads.emplace_back([&] { later.settle(); });
    threads.emplace_back([&] { end.settle(std::make_shared<const int>(round)); });
    threads.emplace_back([&] {
      for (const auto& future : {inner, outer, outermost}) {
        future.then([&seen, future](int x) { seen += x == future.get() ? 1 : 100; });
      }
      EXPECT_EQ(in_time(outermost), round);
    });
    for (std::thread& thread : threads) {
      thread.join();
    }
    EXPECT_EQ(in_time(inner), round);
    EXPECT_EQ(in_time(outer), round);
    ASSERT_EQ(seen, 3);
  }
}

// ---- all and any

TEST(DeepWhenTest, all_of_all_of_all) {
  const Promised<void> start;
  const Promised<void> other;
  other.settle();
  Future<void> list = start.future;
  Future<void> tuple = start.future;
  for (int i = 0; i < levels; ++i) {
    list = when_all(std::vector{list, other.future});
    tuple = when_all(other.future, tuple);
  }
  EXPECT_FALSE(list.ready());
  start.settle();
  in_time(list);
  in_time(tuple);
}

TEST(DeepWhenTest, a_failure_at_the_bottom_of_all) {
  const Promised<void> start;
  Future<void> all = start.future;
  for (int i = 0; i < levels; ++i) {
    all = when_all(std::vector{all});
  }
  start.settle(nullptr, std::make_exception_ptr(std::out_of_range{"no"}));
  EXPECT_THROW(in_time(all), std::out_of_range);
}

TEST(DeepWhenTest, any_of_any_of_any) {
  const Promised<std::size_t> start;
  const Promised<std::size_t> other;
  Future<std::size_t> any = start.future;
  for (int i = 0; i < levels; ++i) {
    any = when_any(other.future, any);
  }
  start.settle(std::make_shared<const std::size_t>(0));
  EXPECT_EQ(in_time(any), 1U);
}

TEST(DeepWhenTest, any_leaves_nothing_on_those_that_lost) {
  const Promised<int> lasting;
  Footprint footprint;
  for (int i = 0; i < steps; ++i) {
    const Promised<int> brief;
    const auto first = when_any(lasting.future, brief.future);
    brief.settle(std::make_shared<const int>(i));
    ASSERT_EQ(first.get(), 1U);
    footprint.look();
  }
  footprint.expect_flat(steps);
  const auto last = when_any(lasting.future, Promised<int>{}.future);
  lasting.settle(std::make_shared<const int>(1));
  EXPECT_EQ(in_time(last), 0U);
}

// ---- the end of long chains

TEST(DeepEndTest, what_never_gets_ready_ends_without_stack) {
  std::optional<Promised<std::size_t>> start{std::in_place};
  Future<std::size_t> any = start->future;
  for (int i = 0; i < steps; ++i) {
    any = when_any(std::vector{any});
  }
  any = Promised<std::size_t>{}.future;
  start.reset();  // all of them, from the first on
}

struct Node {
  int number = 0;
  std::optional<Future<Node>> next;
};

TEST(DeepEndTest, values_that_hold_futures_end_without_stack) {
  const Future<int> source = ready_future(1);
  Future<Node> list = source.then([](int) { return Node{}; });
  for (int i = 1; i <= steps; ++i) {
    list = source.then([i, list](int) { return Node{i, list}; });
  }
  EXPECT_EQ(in_time(list).number, steps);
}

}  // namespace
}  // namespace gangway::client
