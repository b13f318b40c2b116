#include "client/progress.hpp"

#include <atomic>
#include <chrono>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gangway/progress.hpp>
#include <gangway/view.hpp>

#include "client/rate_meter.hpp"
#include "fake_gateway.hpp"
#include "local_client.hpp"

namespace gangway::client {

int keep(int x) {
  return x;
}

namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

const RateMeter::Time start{};

TEST(RateMeterTest, knows_no_rate_before_something_is_done) {
  RateMeter meter;
  EXPECT_EQ(meter.per_second(start + 1s), 0);
  meter.start(start);
  EXPECT_EQ(meter.per_second(start), 0);
  EXPECT_EQ(meter.per_second(start + 5s), 0);
}

TEST(RateMeterTest, looks_at_the_last_ten_seconds) {
  RateMeter meter;
  meter.start(start);
  std::size_t count = 0;
  auto now = start;
  while (now < start + 60s) {
    meter.add(now += 10ms, ++count);
  }
  EXPECT_NEAR(meter.per_second(now), 100, 3);
  while (now < start + 75s) {
    meter.add(now += 100ms, ++count);
  }
  EXPECT_NEAR(meter.per_second(now), 10, 1) << "and forgets what was before";
}

TEST(RateMeterTest, falls_when_nothing_more_is_done) {
  RateMeter meter;
  meter.start(start);
  meter.add(start + 1s, 100);
  EXPECT_NEAR(meter.per_second(start + 2s), 50, 0.1);
  EXPECT_NEAR(meter.per_second(start + 5s), 20, 0.1);
  EXPECT_EQ(meter.per_second(start + 30s), 0);
}

TEST(ProgressTextTest, is_short_and_clear) {
  EXPECT_EQ(detail::rate_text(0.25), "0.25/s");
  EXPECT_EQ(detail::rate_text(9.84), "9.8/s");
  EXPECT_EQ(detail::rate_text(1234.4), "1234/s");
  EXPECT_EQ(detail::rate_text(350'400), "350k/s");
  EXPECT_EQ(detail::duration_text(0s), "0 s");
  EXPECT_EQ(detail::duration_text(8.2s), "9 s");
  EXPECT_EQ(detail::duration_text(185s), "3 min 05 s");
  EXPECT_EQ(detail::duration_text(160min), "2 h 40 min");
  EXPECT_EQ(detail::duration_text(27h), "1 d 03 h");
  EXPECT_THAT(detail::duration_text(std::chrono::duration<double>{1e300}), HasSubstr(" d "));
}

/// A stream's buffer that tells how often it was flushed.
class CountingBuffer final : public std::stringbuf {
 public:
  std::atomic<int> flushes = 0;

 private:
  int sync() override {
    ++flushes;
    return 0;
  }
};

TEST(ProgressTest, a_bar_grows_to_its_end_with_rate_and_time_left) {
  FakeBehaviour behaviour;
  behaviour.holds_tasks = true;
  FakeGateway gateway{behaviour};
  const Client client = client_of(gateway);
  const auto map = client.balanced().with(label("phase 2"), chunk(5)).map(fn<keep>, std::vector<int>(20, 1));
  ASSERT_TRUE(gateway.wait_for<wire::SubmitTask>(4));
  EXPECT_FALSE(map.progress().left) << "nothing is done yet";
  CountingBuffer drawn;
  std::ostream out{&drawn};
  std::thread drawing{[&] { show_progress(map, out); }};
  while (drawn.flushes == 0) {
    std::this_thread::sleep_for(1ms);
  }
  gateway.release_one();
  while (map.progress().done == 0) {
    std::this_thread::sleep_for(1ms);
  }
  const Progress progress = map.progress();
  EXPECT_EQ(progress.done, 5U);
  EXPECT_EQ(progress.total, 20U);
  EXPECT_GT(progress.per_second, 0);
  ASSERT_TRUE(progress.left);
  EXPECT_NEAR(progress.left->count() * progress.per_second, 15, 0.01);
  const int flushes = drawn.flushes;
  while (drawn.flushes < flushes + 2) {
    std::this_thread::sleep_for(1ms);
  }
  gateway.release();
  drawing.join();
  const std::string text = drawn.str();
  EXPECT_THAT(text, testing::StartsWith("\rphase 2 [........................................] 0/20"));
  EXPECT_THAT(text, testing::ContainsRegex("\rphase 2 \\[#{10}\\.{30}\\] 5/20, [0-9.]+/s, [0-9a-z ]+ left"));
  EXPECT_THAT(text, testing::ContainsRegex("\rphase 2 \\[#{40}\\] 20/20, took [0-9]+ s *\n$"));
}

TEST(LabelTest, stands_in_errors_and_in_the_controllers_records) {
  FakeBehaviour behaviour;
  behaviour.refuses_tasks = "not today";
  FakeGateway gateway{behaviour};
  const Client client = client_of(gateway);
  const auto why = [](const auto& future) {
    try {
      (void)future.get();
      return std::string{"no error"};
    } catch (const RemoteError& error) {
      EXPECT_THAT(error.label(), testing::StartsWith("phase 2: "));
      return std::string{error.what()};
    }
  };
  const Label phase = label("phase 2");
  EXPECT_THAT(why(client.balanced().with(phase).apply(fn<keep>, 1)), HasSubstr("(phase 2: "));
  EXPECT_THAT(why(client.balanced().with(phase).map(fn<keep>, std::vector<int>{1})), HasSubstr("(phase 2: "));
  EXPECT_THAT(why(client.engine(EngineId{1}).with(phase).pull<int>("x")), HasSubstr("(phase 2: pull x)"));
  EXPECT_THAT(why(client.engines({EngineId{1}}).with(phase).push("x", 1)), HasSubstr("(phase 2: push x)"));
  EXPECT_THAT(why(client.engines({EngineId{1}}).with(phase).scatter("x", std::vector<int>{1})),
              HasSubstr("(phase 2: push x)"));
  for (const auto& task : gateway.received<wire::SubmitTask>()) {
    EXPECT_THAT(task.label, testing::StartsWith("phase 2: "));
  }
  EXPECT_THROW((void)client.balanced().with(label(std::string(5000, 'x'))), Error);
  for (const char* text : {"a\x1b[31m", "a\nb", "a\x7f", "a\xc2\x9b"}) {
    try {
      static_cast<void>(client.balanced().with(label(text)));
      ADD_FAILURE() << "a label that a terminal would obey";
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), testing::AllOf(testing::HasSubstr("the label 'a\\x"),
                                               testing::HasSubstr("has control characters; leave them out")));
    }
  }
  EXPECT_NO_THROW((void)client.balanced().with(label("phase \xc3\xa9")));
}

}  // namespace
}  // namespace gangway::client
