#include <gangway/view.hpp>

#include <chrono>
#include <list>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "fake_gateway.hpp"
#include "local_client.hpp"
#include "wire/operation.hpp"

namespace gangway::client {

double cost(double x, int order) {
  return x * order;
}
double total(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) {
    sum += value;
  }
  return sum;
}
std::string greet(const std::string& name) {
  return "hello " + name;
}
std::uint32_t where(Engine& engine) {
  return engine.id().value();
}
void do_nothing() {}
int fail(int code) {
  throw std::domain_error{"code " + std::to_string(code)};
}
int fail_on_one(Engine& engine) {
  if (engine.id() == EngineId{1}) {
    throw std::runtime_error{"not here"};
  }
  return 7;
}

namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class ViewTest : public testing::Test {
 protected:
  FakeGateway gateway;
  Client client = client_of(gateway);
  BalancedView any = client.balanced();
  DirectView all = client.all();
  EngineView second = client.engine(EngineId{1});
};

TEST_F(ViewTest, a_balanced_call_gives_one_result) {
  EXPECT_EQ(any.apply(fn<cost>, 2.0, 3).get(), 6.0);
  EXPECT_EQ(any.apply(fn<greet>, "you").get(), "hello you");
  EXPECT_EQ(any.apply([k = 4](int x) { return k + x; }, 5).get(), 9);
  any.apply(fn<do_nothing>).get();
  EXPECT_TRUE(gateway.received<wire::SubmitTask>().at(0).engines.empty());
  EXPECT_THAT(gateway.received<wire::SubmitTask>().at(0).label, HasSubstr("cost(double, int)"));
}

TEST_F(ViewTest, the_library_is_offered_once_with_its_hash) {
  any.apply(fn<cost>, 2.0, 3).get();
  any.apply(fn<greet>, "you").get();
  ASSERT_EQ(gateway.received<wire::OfferModule>().size(), 1U);
  EXPECT_NE(gateway.received<wire::OfferModule>()[0].hash, wire::ModuleHash{});
  EXPECT_GT(gateway.received<wire::OfferModule>()[0].size_bytes, 1000U);
}

TEST_F(ViewTest, a_direct_call_gives_one_result_of_each_engine) {
  EXPECT_THAT(all.apply(fn<where>).get(), ElementsAre(0U, 1U));
  EXPECT_THAT(client.engines({EngineId{1}, EngineId{0}}).apply(fn<where>).get(), ElementsAre(1U, 0U));
  EXPECT_EQ(second.apply(fn<where>).get(), 1U);
  all.apply(fn<do_nothing>).get();
  EXPECT_EQ(gateway.received<wire::SubmitTask>().at(0).engines.size(), 2U) << "one request for all engines";
}

TEST_F(ViewTest, arrays_travel) {
  std::vector<double> values(100'000, 0.5);
  EXPECT_EQ(any.apply(fn<total>, values).get(), 50'000.0);
}

TEST_F(ViewTest, an_exception_comes_back_with_its_place) {
  const auto future = second.apply(fn<fail>, 3);
  try {
    (void)future.get();
    FAIL() << "no error";
  } catch (const RemoteError& error) {
    EXPECT_EQ(error.kind(), FailureKind::exception);
    EXPECT_EQ(error.type(), "std::domain_error");
    EXPECT_EQ(error.text(), "code 3");
    EXPECT_EQ(error.engine(), EngineId{1});
    EXPECT_EQ(error.host(), "fake");
    EXPECT_EQ(error.task(), future.id());
    EXPECT_THAT(error.what(),
                AllOf(HasSubstr("engine 1 on fake: std::domain_error: code 3 (task "), HasSubstr("fail(int)")));
  }
}

TEST_F(ViewTest, several_failures_are_a_composite_and_one_is_itself) {
  EXPECT_THROW((void)all.apply(fn<fail_on_one>).get(), RemoteError);
  try {
    (void)all.apply(fn<fail>, 1).get();
    FAIL() << "no error";
  } catch (const CompositeError& error) {
    EXPECT_EQ(error.failed(), 2U);
    EXPECT_EQ(error.parts(), 2U);
    EXPECT_EQ(error.errors().at(1).engine(), EngineId{1});
  }
}

TEST_F(ViewTest, values_are_pushed_and_pulled) {
  all.push("a", 5);
  EXPECT_THAT(all.pull<int>("a").get(), ElementsAre(5, 5));
  second.push("a", 6);
  EXPECT_THAT(all.pull<int>("a").get(), ElementsAre(5, 6));
  EXPECT_EQ(second.pull<int>("a").get(), 6);
  all.push("text", "some text");
  EXPECT_EQ(second.pull<std::string>("text").get(), "some text");
  all.push("list", std::list<std::string>{"a", "b"});
  EXPECT_THAT(second.pull<std::list<std::string>>("list").get(), ElementsAre("a", "b"));
}

TEST_F(ViewTest, a_pull_of_another_type_says_so) {
  all.push("a", std::vector<double>{1, 2});
  try {
    (void)second.pull<int>("a").get();
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("pull a"), HasSubstr("engine 1")));
  }
  EXPECT_THROW((void)second.pull<int>("missing").get(), RemoteError);
}

TEST_F(ViewTest, scattered_blocks_come_back_in_order) {
  const std::vector<double> values{1, 2, 3, 4, 5};
  all.scatter("x", values);
  EXPECT_THAT(second.pull<std::vector<double>>("x").get(), ElementsAre(4, 5));
  EXPECT_EQ(all.gather<double>("x").get(), values);

  const std::list<std::string> words{"a", "b", "c"};
  all.scatter("words", words);
  EXPECT_THAT(all.gather<std::string>("words").get(), ElementsAre("a", "b", "c"));

  all.scatter("few", std::vector<int>{1});
  EXPECT_THAT(all.gather<int>("few").get(), ElementsAre(1));
  all.scatter("none", std::vector<int>{});
  EXPECT_TRUE(all.gather<int>("none").get().empty());
}

TEST_F(ViewTest, named_arguments_are_told_to_the_controller) {
  (void)any.apply(fn<total>, named("x")).ready();
  ASSERT_TRUE(gateway.wait_for<wire::SubmitTask>(1));
  EXPECT_THAT(gateway.received<wire::SubmitTask>().at(0).needs, ElementsAre("x"));
}

TEST_F(ViewTest, what_is_too_large_is_refused_at_once) {
  const std::vector<double> huge(9 * 1024 * 1024);
  for (const auto& attempt : std::vector<std::function<void()>>{[&] { all.push("huge", huge); },
                                                                [&] { (void)any.apply(fn<total>, huge); }}) {
    try {
      attempt();
      FAIL() << "no error";
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), AllOf(HasSubstr("72.0 MiB"), HasSubstr("at most 64 MiB")));
    }
  }
  EXPECT_TRUE(gateway.received<wire::SubmitTask>().empty());
}

TEST_F(ViewTest, a_name_must_be_one) {
  EXPECT_THROW(all.push("", 5), Error);
  EXPECT_THROW((void)all.pull<int>(std::string(5000, 'x')), Error);
  EXPECT_THROW(all.scatter("", std::vector<int>{1}), Error);
  EXPECT_THROW((void)any.apply(fn<total>, named("")), Error);
}

TEST_F(ViewTest, a_future_tells_where_and_when) {
  const auto future = all.apply(fn<where>);
  future.wait();
  EXPECT_TRUE(future.wait_for(std::chrono::hours::max()));
  EXPECT_EQ(future.parts(), 2U);
  const TaskInfo info = future.info(1);
  EXPECT_EQ(info.engine, EngineId{1});
  EXPECT_EQ(info.host, "host1");
  EXPECT_EQ(info.attempts, 1U);
  EXPECT_EQ(info.waited, std::chrono::nanoseconds{2'000});
  EXPECT_EQ(info.ran, std::chrono::nanoseconds{5'000});
  EXPECT_EQ(info.total, std::chrono::nanoseconds{8'000});
  EXPECT_EQ(info.id, TaskId{future.id().value() + 1});
  EXPECT_THROW((void)future.info(2), std::out_of_range);
}

TEST(HeldViewTest, a_future_that_waits_is_not_ready) {
  FakeBehaviour behaviour;
  behaviour.holds_tasks = true;
  FakeGateway gateway{behaviour};
  const Client client = client_of(gateway);
  const auto future = client.balanced().apply(fn<cost>, 2.0, 3);
  EXPECT_NE(future.id(), TaskId{}) << "an accepted task has its number";
  EXPECT_FALSE(future.ready());
  EXPECT_FALSE(future.wait_for(std::chrono::milliseconds{10}));
  gateway.release();
  EXPECT_EQ(future.get(), 6.0);
  EXPECT_EQ(future.get(), 6.0) << "again and again";
}

TEST(RefusingViewTest, a_refused_task_has_no_id) {
  FakeBehaviour behaviour;
  behaviour.refuses_tasks = "this client may not submit";
  FakeGateway gateway{behaviour};
  const Client client = client_of(gateway);
  const auto future = client.balanced().apply(fn<cost>, 2.0, 3);
  EXPECT_THROW((void)future.id(), RemoteError);
  try {
    (void)future.get();
    FAIL() << "no error";
  } catch (const RemoteError& error) {
    EXPECT_EQ(error.kind(), FailureKind::refused);
    EXPECT_EQ(error.engine(), std::nullopt);
    EXPECT_THAT(error.what(), HasSubstr("this client may not submit"));
  }
}

TEST(UploadingViewTest, an_unknown_library_is_uploaded_whole) {
  FakeBehaviour behaviour;
  behaviour.knows_modules = false;
  FakeGateway gateway{behaviour};
  const Client client = client_of(gateway);
  EXPECT_EQ(client.balanced().apply(fn<cost>, 2.0, 3).get(), 6.0);
  ASSERT_EQ(gateway.received<wire::UploadModule>().size(), 1U);
  EXPECT_EQ(gateway.received<wire::UploadModule>()[0].content.size(),
            gateway.received<wire::OfferModule>()[0].size_bytes);
}

TEST(UploadingViewTest, a_library_that_is_not_taken_is_an_error_of_its_tasks) {
  FakeBehaviour behaviour;
  behaviour.knows_modules = false;
  behaviour.refuses_upload = "it is not what its hash says";
  FakeGateway gateway{behaviour};
  const Client client = client_of(gateway);
  try {
    (void)client.balanced().apply(fn<cost>, 2.0, 3).get();
    FAIL() << "no error";
  } catch (const RemoteError& error) {
    EXPECT_EQ(error.kind(), FailureKind::not_run);
    EXPECT_THAT(error.what(), HasSubstr("it is not what its hash says"));
  }
}

}  // namespace
}  // namespace gangway::client
