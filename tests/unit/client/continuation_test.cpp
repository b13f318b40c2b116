#include <gangway/future.hpp>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gangway/coroutine.hpp>
#include <gangway/view.hpp>
#include <gangway/when.hpp>

#include "fake_gateway.hpp"
#include "local_client.hpp"

namespace gangway::client {

int twice(int x) {
  return 2 * x;
}
int refuse(int x) {
  throw std::domain_error{"no " + std::to_string(x)};
}
void look_away() {}

namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::chrono_literals;

FakeBehaviour holding() {
  FakeBehaviour behaviour;
  behaviour.holds_tasks = true;
  return behaviour;
}

/// Fails instead of hanging.
template <class T>
T in_time(const Future<T>& future) {
  if (!future.wait_for(60s)) {
    throw std::runtime_error{"the Future is not ready after a minute"};
  }
  return future.get();
}

class ThenTest : public testing::Test {
 protected:
  FakeGateway gateway;
  Client client = client_of(gateway);
  BalancedView any = client.balanced();
};

TEST_F(ThenTest, a_function_gets_the_value) {
  EXPECT_EQ(in_time(any.apply(fn<twice>, 4).then([](int x) { return std::to_string(x); })), "8");
  EXPECT_EQ(in_time(any.apply(fn<look_away>).then([] { return 3; })), 3);
  EXPECT_EQ(in_time(any.apply(fn<twice>, 4).then([](int x) { return x + 1; }).then([](int x) { return x * x; })), 81);
  in_time(any.apply(fn<twice>, 4).then([](int) {}));
  EXPECT_EQ(in_time(any.apply(fn<twice>, 4).then([](auto x) { return x + 1; })), 9) << "not a Future";
  EXPECT_EQ(in_time(any.map(fn<twice>, std::vector<int>{1, 2}).then([](const std::vector<int>& all) {
              return all.at(0) + all.at(1);
            })),
            6);
}

TEST_F(ThenTest, a_function_may_be_movable_only) {
  auto addend = std::make_unique<int>(5);
  EXPECT_EQ(in_time(any.apply(fn<twice>, 4).then([addend = std::move(addend)](int x) { return x + *addend; })), 13);
}

TEST_F(ThenTest, a_failure_passes_by_a_function_that_takes_the_value) {
  bool was_called = false;
  const auto future = any.apply(fn<refuse>, 4).then([&](int) { was_called = true; });
  EXPECT_THROW(in_time(future), RemoteError);
  EXPECT_THROW(future.get(), RemoteError) << "again";
  EXPECT_FALSE(was_called);
}

TEST_F(ThenTest, a_function_that_takes_the_future_sees_the_failure) {
  const auto rescued = any.apply(fn<refuse>, 4).then([](const Future<int>& failed) {
    try {
      return std::to_string(failed.get());
    } catch (const RemoteError& error) {
      return error.text();
    }
  });
  EXPECT_EQ(in_time(rescued), "no 4");
}

TEST_F(ThenTest, what_the_function_throws_is_the_new_futures) {
  const auto future = any.apply(fn<twice>, 4).then([](int x) -> int { throw std::out_of_range{std::to_string(x)}; });
  EXPECT_THROW(in_time(future), std::out_of_range);
}

TEST_F(ThenTest, a_future_that_the_function_returns_is_unwrapped) {
  const Future<int> eight = any.apply(fn<twice>, 2).then([this](int x) { return any.apply(fn<twice>, x); });
  EXPECT_EQ(in_time(eight), 8);
  const Future<std::vector<int>> both = any.apply(fn<twice>, 2).then([this](int x) {
    return any.map(fn<twice>, std::vector<int>{x, x});
  });
  EXPECT_THAT(in_time(both), ElementsAre(8, 8));
  EXPECT_THROW(in_time(any.apply(fn<twice>, 2).then([this](int x) { return any.apply(fn<refuse>, x); })),
               RemoteError);
}

TEST_F(ThenTest, one_future_may_have_many) {
  const auto source = any.apply(fn<twice>, 4);
  std::vector<Future<int>> all;
  for (int i = 0; i < 100; ++i) {
    all.push_back(source.then([i](int x) { return x + i; }));
  }
  EXPECT_EQ(in_time(when_all(all)).at(99), 107);
}

TEST_F(ThenTest, a_local_future_has_no_task) {
  const auto future = any.apply(fn<twice>, 4).then([](int x) { return x; });
  EXPECT_EQ(future.parts(), 0U);
  EXPECT_THROW((void)future.id(), Error);
}

TEST_F(ThenTest, a_function_that_blocks_holds_up_no_task) {
  std::promise<void> go_on;
  const auto blocked = any.apply(fn<twice>, 4).then([&](int) { go_on.get_future().wait(); });
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(in_time(any.apply(fn<twice>, i)), 2 * i);
  }
  EXPECT_FALSE(blocked.ready());
  go_on.set_value();
  in_time(blocked);
}

TEST_F(ThenTest, functions_run_one_at_a_time_on_one_thread_that_is_not_the_callers) {
  std::vector<std::thread::id> threads;  // no lock: there is one thread
  std::vector<Future<void>> all;
  for (int i = 0; i < 1000; ++i) {
    all.push_back(any.apply(fn<twice>, i).then([&](int) { threads.push_back(std::this_thread::get_id()); }));
  }
  in_time(when_all(all));
  ASSERT_EQ(threads.size(), 1000U);
  EXPECT_THAT(threads, testing::Each(threads.front()));
  EXPECT_NE(threads.front(), std::this_thread::get_id());
}

TEST_F(ThenTest, waiting_for_another_continuation_is_refused_instead_of_a_dead_lock) {
  const auto source = any.apply(fn<twice>, 4);
  const auto outer = source.then([this](int) { return any.apply(fn<twice>, 1).then([](int x) { return x; }).get(); });
  try {
    in_time(outer);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("return that Future from the function"));
  }
  EXPECT_EQ(in_time(source.then([this](int x) { return any.apply(fn<twice>, x).get(); })), 16)
      << "but it may wait for a task";
}

TEST(HeldThenTest, a_lost_gateway_fails_what_is_attached) {
  FakeGateway gateway{holding()};
  const Client client = client_of(gateway);
  const auto future = client.balanced().apply(fn<twice>, 4).then([](int x) { return x; });
  const auto both = when_all(future, client.balanced().apply(fn<twice>, 5));
  gateway.kill();
  EXPECT_THROW(in_time(future), ConnectionError);
  EXPECT_THROW(in_time(both), ConnectionError);
}

TEST(HeldThenTest, closing_the_client_runs_what_is_attached_and_later_ones_run_at_once) {
  FakeGateway gateway{holding()};
  Client client = client_of(gateway);
  const auto task = client.balanced().apply(fn<twice>, 4);
  std::string why;
  task.then([&](const Future<int>& failed) {
    std::this_thread::sleep_for(50ms);
    try {
      (void)failed.get();
    } catch (const ConnectionError& error) {
      why = error.what();
    }
  });
  client.close();
  EXPECT_THAT(why, HasSubstr("this client was closed"));
  std::thread::id thread;
  const auto late = task.then([&](const Future<int>&) { thread = std::this_thread::get_id(); });
  EXPECT_TRUE(late.ready());
  EXPECT_EQ(thread, std::this_thread::get_id());
}

TEST(HeldThenTest, a_continuation_may_attach_another_while_the_client_closes) {
  FakeGateway gateway{holding()};
  Client client = client_of(gateway);
  bool has_run = false;
  client.balanced().apply(fn<twice>, 4).then([&](const Future<int>& failed) {
    std::this_thread::sleep_for(50ms);  // by now close() waits for this
    failed.then([&](const Future<int>&) { has_run = true; });
  });
  client.close();
  EXPECT_TRUE(has_run);
}

TEST(HeldThenTest, a_continuation_may_close_its_client) {
  FakeGateway gateway;
  auto client = std::make_unique<Client>(client_of(gateway));
  std::promise<void> go_on;
  const auto done = client->balanced().apply(fn<twice>, 4).then([&](int) {
    go_on.get_future().wait();
    client.reset();
  });
  const auto after = done.then([] { return 1; });
  go_on.set_value();
  in_time(done);
  EXPECT_EQ(in_time(after), 1);
}

TEST(WhenTest, all_gives_the_values_in_order_without_blocking) {
  FakeGateway gateway{holding()};
  const Client client = client_of(gateway);
  const BalancedView any = client.balanced();
  const auto one = any.apply(fn<twice>, 1);
  const auto nothing = any.apply(fn<look_away>);
  const auto map = any.map(fn<twice>, std::vector<int>{1, 2});
  const auto all = when_all(one, nothing, map);
  EXPECT_FALSE(all.ready());
  ASSERT_TRUE(gateway.wait_for<wire::SubmitTask>(4));
  gateway.release_reversed();
  const auto [two, both] = in_time(all);
  EXPECT_EQ(two, 2);
  EXPECT_THAT(both, ElementsAre(2, 4));
}

TEST(WhenTest, all_of_nothing_is_ready) {
  EXPECT_TRUE(when_all(std::vector<Future<int>>{}).get().empty());
  when_all().get();
  when_all(std::vector<Future<void>>{}).get();
  EXPECT_THROW((void)when_any(std::vector<Future<int>>{}), Error);
}

TEST(WhenTest, all_waits_for_all_and_throws_the_first_failure_in_their_order) {
  FakeGateway gateway{holding()};
  const Client client = client_of(gateway);
  const BalancedView any = client.balanced();
  const auto good = any.apply(fn<twice>, 0);
  const auto first = any.apply(fn<refuse>, 1);
  const auto second = any.apply(fn<refuse>, 2);
  const auto all = when_all(good, first, second);
  ASSERT_TRUE(gateway.wait_for<wire::SubmitTask>(3));
  gateway.release_reversed();
  try {
    (void)in_time(all);
    FAIL() << "no error";
  } catch (const RemoteError& error) {
    EXPECT_EQ(error.text(), "no 1");
  }
}

TEST(WhenTest, any_gives_the_number_of_the_first) {
  FakeGateway gateway{holding()};
  const Client client = client_of(gateway);
  const BalancedView any = client.balanced();
  const std::vector<Future<int>> futures{any.apply(fn<twice>, 0), any.apply(fn<twice>, 1), any.apply(fn<refuse>, 2)};
  const auto first = when_any(futures);
  EXPECT_FALSE(first.ready());
  ASSERT_TRUE(gateway.wait_for<wire::SubmitTask>(3));
  gateway.release_reversed();
  EXPECT_EQ(in_time(first), 2U) << "though it failed";
  EXPECT_EQ(in_time(when_any(futures[0], any.apply(fn<twice>, 4))), 0U);
}

// ---- coroutines

Future<int> add_up(BalancedView any, int count) {
  int sum = 0;
  for (int i = 0; i < count; ++i) {
    sum += co_await any.apply(fn<twice>, i);
  }
  co_return sum;
}

Future<void> rescue(BalancedView any, std::string& text) {
  try {
    co_await any.apply(fn<refuse>, 7);
  } catch (const RemoteError& error) {
    text = error.text();
  }
  co_await any.apply(fn<look_away>);
}

Future<int> fail_half_way(BalancedView any) {
  const std::vector<int> numbers{1, 2};
  const auto all = co_await any.map(fn<twice>, numbers);
  throw std::out_of_range{std::to_string(all.at(1))};
}

Future<int> nested(BalancedView any) {
  const int a = co_await add_up(any, 3);
  const auto [b, c] = co_await when_all(add_up(any, 2), any.apply(fn<twice>, 50));
  co_return a + b + c;
}

TEST_F(ThenTest, a_coroutine_awaits_futures) {
  EXPECT_EQ(in_time(add_up(any, 100)), 9900);
  EXPECT_EQ(in_time(add_up(any, 0)), 0) << "one that never waits";
  std::string text;
  in_time(rescue(any, text));
  EXPECT_EQ(text, "no 7");
  EXPECT_THROW(in_time(fail_half_way(any)), std::out_of_range);
  EXPECT_EQ(in_time(nested(any)), 6 + 2 + 100);
  EXPECT_EQ(in_time(nested(any).then([](int x) { return x + 1; })), 109);
}

TEST_F(ThenTest, thousands_of_coroutines_wait_at_once) {
  std::vector<Future<int>> all;
  for (int i = 0; i < 2'000; ++i) {
    all.push_back(add_up(any, 3));
  }
  EXPECT_EQ(in_time(when_all(all)), std::vector<int>(2'000, 6));
}

// ---- threads

TEST_F(ThenTest, all_threads_may_use_a_client_its_views_and_futures_together) {
  const Future<int> shared = any.apply(fn<twice>, 21);
  std::atomic<int> continued = 0;
  std::vector<std::thread> users;
  for (int user = 0; user < 4; ++user) {
    users.emplace_back([&] {
      std::vector<Future<int>> mine;
      for (int i = 0; i < 300; ++i) {
        mine.push_back(any.apply(fn<twice>, i).then([&](int x) {
          ++continued;
          return x;
        }));
        mine.push_back(shared.then([](int x) { return x; }));
        mine.push_back(add_up(any, 2));
      }
      EXPECT_LT(in_time(when_any(mine)), mine.size());
      EXPECT_EQ(in_time(when_all(mine)).size(), 900U);
      EXPECT_EQ(in_time(shared), 42);
      EXPECT_EQ(client.engines().size(), 2U);
      const auto map = any.with(label("of one user")).map(fn<twice>, std::vector<int>(100, 1));
      EXPECT_EQ(in_time(map.future()).size(), 100U);
      EXPECT_EQ(map.progress().done, 100U);
    });
  }
  for (std::thread& user : users) {
    user.join();
  }
  EXPECT_EQ(continued, 1200);
}

}  // namespace
}  // namespace gangway::client
