#include "client/session.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include "fake_gateway.hpp"

namespace gangway::client {
namespace {

using detail::Session;
using testing::AllOf;
using testing::HasSubstr;
using namespace std::chrono_literals;

/// A task that needs no module, submitted to a session.
std::shared_ptr<detail::PendingTask> submit(Session& session, std::size_t bytes = 1) {
  Submission submission;
  submission.label = "f(int)";
  submission.operation = base::SharedBytes{base::ByteVector(bytes)};
  auto task = std::make_shared<detail::PendingTask>("f(int)");
  submission.task = task;
  task->add_parts(1, 1);
  task->seal();
  session.submit(std::move(submission));
  return task;
}

/// Every task ends well, whatever its operation is.
FakeBehaviour obliging() {
  FakeBehaviour behaviour;
  behaviour.answer = [](const wire::SubmitTask&, std::uint32_t) { return wire::Outcome{base::SharedBytes{}}; };
  return behaviour;
}

std::string why_not_opened(const launch::Connection& where, const SessionOptions& options = {}) {
  try {
    const Session session{where, options};
    return "opened";
  } catch (const ConnectionError& error) {
    return error.what();
  }
}

/// For those that lose their only connection.
SessionOptions once() {
  SessionOptions options;
  options.reconnect_limit = {};
  return options;
}

std::string why_lost(const detail::PendingTask& task) {
  if (!task.wait_until(std::chrono::steady_clock::now() + 60s)) {
    return "still waiting";
  }
  try {
    return task.failure(0) ? "failed" : "succeeded";
  } catch (const ConnectionError& error) {
    return error.what();
  }
}

TEST(SessionTest, opens_and_knows_the_engines) {
  FakeGateway gateway;
  const Session session{gateway.where()};
  const auto engines = session.engines();
  ASSERT_EQ(engines.size(), 2U);
  EXPECT_EQ(engines[1].host, "host1");
  EXPECT_EQ(gateway.received<wire::Hello>().at(0).version, wire::protocol_version);
}

TEST(SessionTest, engines_that_come_and_go_are_seen) {
  FakeGateway gateway;
  const Session session{gateway.where()};
  gateway.say(wire::EnginesChanged{{{EngineId{5}, 1, "other", 1}}});
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  while (session.engines().size() != 1 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(1ms);
  }
  EXPECT_EQ(session.engines().at(0).id, EngineId{5});
}

TEST(SessionTest, thousands_of_tasks_under_way_end_and_are_acknowledged_in_batches) {
  FakeGateway gateway{obliging()};
  Session session{gateway.where()};
  constexpr std::size_t count = 20'000;
  std::vector<std::shared_ptr<detail::PendingTask>> tasks;
  for (std::size_t i = 0; i < count; ++i) {
    tasks.push_back(submit(session));
  }
  for (const auto& task : tasks) {
    ASSERT_EQ(why_lost(*task), "succeeded");
  }
  EXPECT_EQ(gateway.received<wire::SubmitTask>().size(), count);
  std::size_t acknowledged = 0;
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  while (acknowledged < count && std::chrono::steady_clock::now() < deadline) {
    acknowledged = 0;
    for (const auto& message : gateway.received<wire::Acknowledge>()) {
      acknowledged += message.tasks.size();
    }
  }
  EXPECT_EQ(acknowledged, count);
  EXPECT_LT(gateway.received<wire::Acknowledge>().size(), count / 2);
}

TEST(SessionTest, stays_within_its_credit) {
  auto behaviour = obliging();
  behaviour.tasks_credit = 4;
  behaviour.holds_tasks = true;
  FakeGateway gateway{behaviour};
  Session session{gateway.where()};
  std::vector<std::shared_ptr<detail::PendingTask>> tasks;
  for (int i = 0; i < 10; ++i) {
    tasks.push_back(submit(session));
  }
  ASSERT_TRUE(gateway.wait_for<wire::SubmitTask>(4));
  std::this_thread::sleep_for(50ms);
  EXPECT_EQ(gateway.received<wire::SubmitTask>().size(), 4U);
  for (std::size_t expected : {8U, 10U}) {
    gateway.release();
    ASSERT_TRUE(gateway.wait_for<wire::SubmitTask>(expected));
  }
  gateway.release();
  for (const auto& task : tasks) {
    EXPECT_EQ(why_lost(*task), "succeeded");
  }
}

TEST(SessionTest, submitting_blocks_while_too_much_waits) {
  auto behaviour = obliging();
  behaviour.tasks_credit = 1;
  behaviour.holds_tasks = true;
  FakeGateway gateway{behaviour};
  SessionOptions options;
  options.backlog_tasks_max = 3;
  Session session{gateway.where(), options};
  std::atomic<int> submitted = 0;
  std::thread user{[&] {
    for (int i = 0; i < 10; ++i) {
      submit(session);
      ++submitted;
    }
  }};
  ASSERT_TRUE(gateway.wait_for<wire::SubmitTask>(1));
  std::this_thread::sleep_for(100ms);
  EXPECT_LE(submitted, 4);
  for (std::size_t i = 1; i <= 10; ++i) {
    ASSERT_TRUE(gateway.wait_for<wire::SubmitTask>(i));
    gateway.release();
  }
  user.join();
  EXPECT_EQ(submitted, 10);
}

TEST(SessionTest, a_blocked_submission_ends_when_the_gateway_is_lost) {
  auto behaviour = obliging();
  behaviour.tasks_credit = 1;
  behaviour.holds_tasks = true;
  FakeGateway gateway{behaviour};
  SessionOptions options = once();
  options.backlog_bytes_max = 3;
  Session session{gateway.where(), options};
  std::thread user{[&] {
    EXPECT_THROW(
        {
          for (int i = 0; i < 10; ++i) {
            submit(session);
          }
        },
        ConnectionError);
  }};
  ASSERT_TRUE(gateway.wait_for<wire::SubmitTask>(1));
  gateway.kill();
  user.join();
}

TEST(SessionTest, a_gateway_that_is_killed_fails_all_waiting_tasks_within_five_seconds) {
  FakeBehaviour behaviour;
  behaviour.holds_tasks = true;
  FakeGateway gateway{behaviour};
  Session session{gateway.where(), once()};
  const auto first = submit(session);
  const auto second = submit(session);
  ASSERT_TRUE(gateway.wait_for<wire::SubmitTask>(2));
  EXPECT_FALSE(first->ready());
  gateway.kill();
  EXPECT_TRUE(first->wait_until(std::chrono::steady_clock::now() + 5s));
  EXPECT_TRUE(second->wait_until(std::chrono::steady_clock::now() + 5s));
  const std::string place = "127.0.0.1:" + std::to_string(gateway.where().port);
  EXPECT_THAT(why_lost(*first),
              AllOf(HasSubstr("cluster fake"), HasSubstr(place), HasSubstr("`gangway status fake`")));
  EXPECT_THROW(submit(session), ConnectionError);
  EXPECT_THROW(session.query(), ConnectionError);
}

TEST(SessionTest, a_goodbye_is_passed_on) {
  FakeBehaviour behaviour;
  behaviour.holds_tasks = true;
  FakeGateway gateway{behaviour};
  Session session{gateway.where()};
  const auto task = submit(session);
  gateway.say(wire::Goodbye{"the cluster is being stopped", true});
  EXPECT_THAT(why_lost(*task), HasSubstr("the cluster is being stopped"));
}

TEST(SessionTest, a_gateway_that_falls_silent_is_lost) {
  FakeBehaviour behaviour;
  behaviour.holds_tasks = true;
  FakeGateway gateway{behaviour};
  SessionOptions options = once();
  options.ping_interval = base::milliseconds(20);
  options.silence_max = base::milliseconds(1'000);
  Session session{gateway.where(), options};
  const auto task = submit(session);
  ASSERT_TRUE(gateway.wait_for<wire::Ping>(60)) << "a session lives as long as its pings are answered";
  EXPECT_FALSE(task->ready());
  gateway.stall();
  EXPECT_THAT(why_lost(*task), HasSubstr("nothing was heard from the gateway"));
}

TEST(SessionTest, a_gateway_that_breaks_the_protocol_is_left) {
  FakeBehaviour behaviour;
  behaviour.holds_tasks = true;
  FakeGateway gateway{behaviour};
  Session session{gateway.where()};
  const auto task = submit(session);
  ASSERT_TRUE(gateway.wait_for<wire::SubmitTask>(1));
  gateway.say(wire::ModuleAnswered{wire::RequestId{77}, true});
  EXPECT_THAT(why_lost(*task), AllOf(HasSubstr("broke the protocol"), HasSubstr("77")));
}

TEST(SessionTest, says_why_it_did_not_open) {
  FakeBehaviour goodbye;
  goodbye.goodbye = "this gateway speaks version 7 of the protocol, the client version 1";
  FakeGateway other_version{goodbye};
  EXPECT_THAT(why_not_opened(other_version.where()), HasSubstr("speaks version 7"));

  FakeBehaviour silent;
  silent.answers_hello = false;
  FakeGateway mute{silent};
  SessionOptions options;
  options.open_timeout = base::milliseconds(500);
  EXPECT_THAT(why_not_opened(mute.where(), options), HasSubstr("does not answer"));

  mute.kill();
  EXPECT_THAT(why_not_opened(mute.where()),
              AllOf(HasSubstr("127.0.0.1:" + std::to_string(mute.where().port)), HasSubstr("`gangway status fake`")));

  FakeGateway gateway;
  launch::Connection foreign = gateway.where();
  foreign.identity = tls::Authority::create("fake").value().issue(tls::Role::client_submit).value();
  EXPECT_NE(why_not_opened(foreign), "opened");
}

TEST(SessionTest, the_state_of_the_cluster_is_asked_for) {
  FakeGateway gateway;
  Session session{gateway.where()};
  EXPECT_EQ(session.query().tasks_finished, 4U);
}

TEST(SessionTest, closing_fails_what_waits_and_may_be_done_twice) {
  FakeBehaviour behaviour;
  behaviour.holds_tasks = true;
  FakeGateway gateway{behaviour};
  Session session{gateway.where()};
  const auto task = submit(session);
  session.close();
  session.close();
  EXPECT_THAT(why_lost(*task), HasSubstr("this client was closed"));
  EXPECT_THROW(submit(session), ConnectionError);
}

TEST(SessionTest, many_threads_may_submit_together) {
  FakeGateway gateway{obliging()};
  Session session{gateway.where()};
  std::vector<std::thread> users;
  for (int user = 0; user < 4; ++user) {
    users.emplace_back([&session] {
      std::vector<std::shared_ptr<detail::PendingTask>> tasks;
      for (int i = 0; i < 1'000; ++i) {
        tasks.push_back(submit(session));
      }
      for (const auto& task : tasks) {
        EXPECT_EQ(why_lost(*task), "succeeded");
      }
    });
  }
  for (std::thread& user : users) {
    user.join();
  }
}

}  // namespace
}  // namespace gangway::client
