#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include "client/session.hpp"
#include "fake_gateway.hpp"

namespace gangway::client {
namespace {

using detail::PendingTask;
using detail::Session;
using testing::HasSubstr;
using namespace std::chrono_literals;

std::shared_ptr<PendingTask> submit(Session& session, std::vector<EngineId> engines = {}) {
  Submission submission;
  submission.label = "f(int)";
  submission.operation = base::SharedBytes{base::ByteVector(1)};
  submission.engines = std::move(engines);
  auto task = std::make_shared<PendingTask>("f(int)");
  submission.task = task;
  task->add_parts(submission.parts(), 1);
  task->seal();
  session.submit(std::move(submission));
  return task;
}

bool succeeds(const PendingTask& task) {
  if (!task.wait_until(std::chrono::steady_clock::now() + 60s)) return false;
  for (std::size_t part = 0; part < task.parts(); ++part) {
    if (task.failure(part)) return false;
  }
  return true;
}

FakeBehaviour keeping() {
  FakeBehaviour behaviour;
  behaviour.keeps_session = true;
  behaviour.holds_tasks = true;
  behaviour.answer = [](const wire::SubmitTask&, std::uint32_t) { return wire::Outcome{base::SharedBytes{}}; };
  return behaviour;
}

SessionOptions patient() {
  SessionOptions options;
  options.reconnect_limit = base::seconds(60);
  return options;
}

TEST(ReconnectTest, a_future_does_not_notice_that_the_connection_was_lost) {
  FakeGateway gateway{keeping()};
  Session session{gateway.where(), patient()};
  const auto task = submit(session);
  ASSERT_TRUE(gateway.wait_for<wire::SubmitTask>(1));
  gateway.drop();
  ASSERT_TRUE(gateway.wait_for<wire::Hello>(2));
  EXPECT_EQ(gateway.received<wire::Hello>().at(1).session, SessionId{1});
  gateway.release();
  EXPECT_TRUE(succeeds(*task));
  EXPECT_EQ(gateway.received<wire::SubmitTask>().size(), 1U) << "an accepted task is not submitted again";
}

TEST(ReconnectTest, what_was_lost_on_its_way_is_submitted_again_in_its_order_and_before_what_came_later) {
  FakeGateway gateway{keeping()};
  Session session{gateway.where(), patient()};
  const auto accepted = submit(session);
  ASSERT_TRUE(gateway.wait_for<wire::SubmitTask>(1));
  gateway.turn_deaf();
  std::vector<std::shared_ptr<PendingTask>> lost;
  for (int i = 0; i < 10; ++i) lost.push_back(submit(session, {EngineId{0}}));
  gateway.drop();
  const auto later = submit(session);
  ASSERT_TRUE(gateway.wait_for<wire::SubmitTask>(12));
  const auto submissions = gateway.received<wire::SubmitTask>();
  for (std::size_t i = 1; i < 12; ++i) {
    EXPECT_GT(submissions[i].request, submissions[i - 1].request);
    EXPECT_EQ(submissions[i].engines.size(), i < 11 ? 1U : 0U) << "the later one is the last";
  }
  gateway.release();
  EXPECT_TRUE(succeeds(*accepted));
  for (const auto& task : lost) EXPECT_TRUE(succeeds(*task));
  EXPECT_TRUE(succeeds(*later));
}

TEST(ReconnectTest, an_answer_that_was_lost_on_its_way_comes_again) {
  FakeGateway gateway{keeping()};
  Session session{gateway.where(), patient()};
  const auto task = submit(session);
  ASSERT_TRUE(gateway.wait_for<wire::SubmitTask>(1));
  gateway.turn_deaf();
  gateway.release();
  gateway.drop();
  EXPECT_TRUE(succeeds(*task));
}

TEST(ReconnectTest, an_acknowledgement_that_was_lost_is_given_again) {
  FakeGateway gateway{keeping()};
  Session session{gateway.where(), patient()};
  const auto one = submit(session);
  const auto two = submit(session, {EngineId{0}, EngineId{1}});
  ASSERT_TRUE(gateway.wait_for<wire::SubmitTask>(2));
  gateway.release_one();
  gateway.release_one();
  EXPECT_TRUE(succeeds(*one));
  gateway.turn_deaf();  // nothing was acknowledged yet, or it was: both are fine
  gateway.drop();
  ASSERT_TRUE(gateway.wait_for<wire::Hello>(2));
  gateway.release();
  EXPECT_TRUE(succeeds(*two));
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  const auto acknowledged = [&] {
    std::set<TaskId> tasks;
    for (const auto& message : gateway.received<wire::Acknowledge>()) {
      tasks.insert(message.tasks.begin(), message.tasks.end());
    }
    return tasks.size();
  };
  while (acknowledged() < 3 && std::chrono::steady_clock::now() < deadline) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(acknowledged(), 3U);
}

TEST(ReconnectTest, what_a_gateway_forgot_is_submitted_again) {
  FakeGateway gateway{keeping()};
  Session session{gateway.where(), patient()};
  const auto task = submit(session, {EngineId{0}, EngineId{1}});
  ASSERT_TRUE(gateway.wait_for<wire::SubmitTask>(1));
  gateway.release_one();
  gateway.forget_tasks();
  gateway.drop();
  ASSERT_TRUE(gateway.wait_for<wire::SubmitTask>(2));
  gateway.release();
  EXPECT_TRUE(succeeds(*task)) << "a part that had its answer stays as it is";
}

TEST(ReconnectTest, goes_on_in_a_new_session_where_the_old_one_is_not_kept) {
  FakeBehaviour behaviour = keeping();
  behaviour.keeps_session = false;
  FakeGateway gateway{behaviour};
  Session session{gateway.where(), patient()};
  const auto task = submit(session);
  ASSERT_TRUE(gateway.wait_for<wire::SubmitTask>(1));
  gateway.forget_tasks();
  gateway.drop();
  ASSERT_TRUE(gateway.wait_for<wire::SubmitTask>(2));
  gateway.release();
  EXPECT_TRUE(succeeds(*task));
}

TEST(ReconnectTest, the_credit_is_right_afterwards) {
  FakeBehaviour behaviour = keeping();
  behaviour.tasks_credit = 4;
  FakeGateway gateway{behaviour};
  Session session{gateway.where(), patient()};
  std::vector<std::shared_ptr<PendingTask>> tasks;
  for (int i = 0; i < 4; ++i) tasks.push_back(submit(session));
  ASSERT_TRUE(gateway.wait_for<wire::SubmitTask>(4));
  gateway.drop();
  for (int i = 0; i < 4; ++i) tasks.push_back(submit(session));
  ASSERT_TRUE(gateway.wait_for<wire::Hello>(2));
  (void)session.query();
  EXPECT_EQ(gateway.received<wire::SubmitTask>().size(), 4U) << "there was no credit for more";
  gateway.release();
  ASSERT_TRUE(gateway.wait_for<wire::SubmitTask>(8));
  gateway.release();
  for (const auto& task : tasks) EXPECT_TRUE(succeeds(*task));
}

TEST(ReconnectTest, a_question_is_asked_again) {
  FakeGateway gateway{keeping()};
  Session session{gateway.where(), patient()};
  gateway.drop();
  EXPECT_EQ(session.query().tasks_waiting, 2U);
}

TEST(ReconnectTest, looks_where_the_gateway_is_now) {
  FakeGateway gateway{keeping()};
  launch::Connection wrong = gateway.where();
  int asked = 0;
  Session session{gateway.where(), patient(), [&] {
                    if (++asked == 1) wrong.port = 1;  // nobody listens there
                    if (asked == 2) wrong = gateway.where();
                    return base::Result<launch::Connection>{wrong};
                  }};
  const auto task = submit(session);
  ASSERT_TRUE(gateway.wait_for<wire::SubmitTask>(1));
  gateway.drop();
  ASSERT_TRUE(gateway.wait_for<wire::Hello>(2));
  EXPECT_GE(asked, 2);
  gateway.release();
  EXPECT_TRUE(succeeds(*task));
}

std::string why_lost(const PendingTask& task) {
  if (!task.wait_until(std::chrono::steady_clock::now() + 60s)) return "still waiting";
  try {
    return task.failure(0) ? "failed" : "succeeded";
  } catch (const ConnectionError& error) {
    return error.what();
  }
}

TEST(ReconnectTest, gives_up_when_another_cluster_has_the_name) {
  FakeGateway gateway{keeping()};
  FakeGateway other{keeping()};
  Session session{gateway.where(), patient(), [&] { return base::Result<launch::Connection>{other.where()}; }};
  const auto task = submit(session);
  ASSERT_TRUE(gateway.wait_for<wire::SubmitTask>(1));
  gateway.kill();
  EXPECT_THAT(why_lost(*task), HasSubstr("another one has its name now"));
  EXPECT_TRUE(other.received<wire::Hello>().empty()) << "its sessions are not this one's";
}

TEST(ReconnectTest, gives_up_when_the_cluster_says_that_it_ends) {
  FakeGateway gateway{keeping()};
  Session session{gateway.where(), patient()};
  const auto task = submit(session);
  ASSERT_TRUE(gateway.wait_for<wire::SubmitTask>(1));
  gateway.say(wire::Goodbye{"the cluster is being stopped", true});
  EXPECT_THAT(why_lost(*task), HasSubstr("being stopped"));
}

TEST(ReconnectTest, gives_up_at_the_limit) {
  FakeGateway gateway{keeping()};
  SessionOptions options;
  options.reconnect_limit = base::milliseconds(200);
  Session session{gateway.where(), options};
  const auto task = submit(session);
  ASSERT_TRUE(gateway.wait_for<wire::SubmitTask>(1));
  gateway.kill();
  EXPECT_THAT(why_lost(*task), HasSubstr("gangway status fake"));
}

TEST(ReconnectTest, closing_ends_the_session_at_the_gateway) {
  FakeGateway gateway{keeping()};
  { const Session session{gateway.where(), patient()}; }
  EXPECT_TRUE(gateway.wait_for<wire::EndSession>(1));
}

TEST(ReconnectTest, can_be_closed_while_it_waits_for_its_gateway) {
  FakeGateway gateway{keeping()};
  Session session{gateway.where(), patient()};
  const auto task = submit(session);
  gateway.kill();
  session.close();
  EXPECT_THAT(why_lost(*task), HasSubstr("was closed"));
}

}  // namespace
}  // namespace gangway::client
