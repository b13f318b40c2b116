// What a cluster knows of its tasks when they are done, asked by other processes and after a kill.
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <boost/property_tree/json_parser.hpp>
#include <boost/property_tree/ptree.hpp>

#include <gangway/gangway.hpp>

#include "e2e/support/command.hpp"
#include "e2e/support/home.hpp"
#include "e2e/support/traces.hpp"

namespace gangway::e2e {
namespace {

using boost::property_tree::ptree;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

double twice(double x) {
  return 2 * x;
}

std::string repeated(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

int fail_with(const std::string& why) {
  throw std::runtime_error{why};
}

int sleep_for(int seconds) {
  std::this_thread::sleep_for(std::chrono::seconds{seconds});
  return seconds;
}

std::string number(TaskId task) {
  return std::to_string(task.value());
}

std::vector<ptree> rows_of(const std::string& json) {
  std::istringstream in{json};
  ptree list;
  boost::property_tree::read_json(in, list);
  std::vector<ptree> rows;
  for (const auto& [name, row] : list) rows.push_back(row);
  return rows;
}

/// What is thrown; empty: nothing.
template <class Act>
std::string error_of(const Act& act) {
  try {
    static_cast<void>(act());
  } catch (const std::exception& error) {
    return error.what();
  }
  return {};
}

class TaskQueriesTest : public testing::Test {
 protected:
  void SetUp() override { start(""); }

  void start(const std::string& settings) {
    const std::filesystem::path profile = home_.path() / "known.ini";
    std::ofstream{profile} << "[cluster]\nengines = 2\n" << settings;
    const Outcome started = gangway({"start", "-p", profile.string()});
    ASSERT_EQ(started.status, 0) << started.error;
    traces_ = Traces::of("known");
  }

  void stop() {
    const Outcome stopped = gangway({"stop", "known"});
    EXPECT_EQ(stopped.status, 0) << stopped.error;
    EXPECT_TRUE(nothing_remains(traces_));
  }

  void TearDown() override { stop(); }

  void kill_gateway() {
    kill_at_once(traces_.pids_of("gangway-rank", "gateway").front());
    traces_ = Traces::of("known");
  }

  Home home_;
  Traces traces_;
};

TEST_F(TaskQueriesTest, AResultIsThereForOthersWhenItWasTakenAndAfterAKill) {
  TaskId good;
  TaskId bad;
  {
    const Client client{"known"};
    const auto future = client.balanced().with(label("phase 2")).apply(fn<twice>, 21.0);
    EXPECT_EQ(future.get(), 42.0);
    good = future.id();
    const auto failing = client.balanced().with(retries(1)).apply(fn<fail_with>, std::string{"negative mass"});
    EXPECT_THROW(failing.get(), RemoteError);
    bad = failing.id();
  }
  const Client other{"known"};
  for (const bool is_after_a_kill : {false, true}) {
    if (is_after_a_kill) kill_gateway();
    EXPECT_EQ(other.result<double>(good), 42.0);
    EXPECT_GT(other.encoded_result(good).size(), sizeof(double));
    EXPECT_THAT(error_of([&] { return other.result<int>(bad); }), HasSubstr("negative mass"));
    EXPECT_THAT(error_of([&] { return other.result<std::string>(good); }),
                AllOf(HasSubstr("task " + number(good)), HasSubstr("not of the type")));
    EXPECT_THAT(error_of([&] { return other.result<int>(TaskId{1'000'000'000'000}); }),
                HasSubstr("there never was a task"));
    const Outcome told =
        gangway({"result", number(good), "--cluster", "known", "--output", (home_.path() / "result.bin").string()});
    EXPECT_EQ(told.status, 0) << told.error;
    EXPECT_THAT(told.out, AllOf(HasSubstr("phase 2"), HasSubstr("has succeeded"), HasSubstr("result.bin")));
    EXPECT_EQ(std::filesystem::file_size(home_.path() / "result.bin"), other.encoded_result(good).size());
    const Outcome failed = gangway({"result", number(bad), "--cluster", "known"});
    EXPECT_EQ(failed.status, 1);
    EXPECT_THAT(failed.error, AllOf(HasSubstr("negative mass"), HasSubstr("attempt 1"))) << "the story too";
  }
}

TEST_F(TaskQueriesTest, TasksAreListedByWhatTheyAre) {
  const Client client{"known", session("run-17")};
  const auto begin = std::chrono::system_clock::now() - std::chrono::seconds{2};
  const std::vector<double> xs(300, 1.0);
  EXPECT_THAT(client.balanced().with(label("many"), chunk(1)).map(fn<twice>, xs).get(), SizeIs(300));
  EXPECT_THROW(client.engine(EngineId{1}).apply(fn<fail_with>, std::string{"no\nway"}).get(), RemoteError);
  const auto running = client.balanced().apply(fn<sleep_for>, 3);
  TaskQuery all;
  all.limit = 1000;
  EXPECT_TRUE(eventually([&] { return client.tasks(all).front().state == TaskState::running; }));
  EXPECT_THAT(client.tasks(all), SizeIs(302));
  EXPECT_THAT(client.tasks(), SizeIs(100)) << "the newest";

  TaskQuery failed;
  failed.state = TaskState::failed;
  ASSERT_THAT(client.tasks(failed), SizeIs(1));
  const TaskRecord record = client.tasks(failed).front();
  EXPECT_EQ(record.engine, EngineId{1});
  EXPECT_EQ(record.session_name, "run-17");
  EXPECT_THAT(record.label, HasSubstr("fail_with"));
  EXPECT_THAT(record.failure, HasSubstr("no way"));
  EXPECT_EQ(record.attempts, 1U);
  ASSERT_TRUE(record.submitted && record.started && record.finished);
  EXPECT_GE(*record.submitted, begin);
  EXPECT_LE(*record.submitted, *record.finished);

  TaskQuery query;
  query.label = "many: ";
  query.limit = 1000;
  EXPECT_THAT(client.tasks(query), SizeIs(300));
  query.session_name = "run-18";
  EXPECT_THAT(client.tasks(query), IsEmpty());
  query.session_name = "run-17";
  query.session = record.session;
  query.since = begin;
  EXPECT_THAT(client.tasks(query), SizeIs(300));
  query.until = begin;
  EXPECT_THAT(client.tasks(query), IsEmpty());

  const Outcome table = gangway({"tasks", "known", "--state", "running"});
  EXPECT_EQ(table.status, 0) << table.error;
  EXPECT_THAT(table.out, AllOf(HasSubstr("TASK"), HasSubstr("sleep_for"), HasSubstr("run-17")));
  const Outcome json =
      gangway({"tasks", "known", "--json", "--label", "fail_with", "--since", "1h", "--session", "run-17"});
  EXPECT_EQ(json.status, 0) << json.error;
  ASSERT_THAT(rows_of(json.out), SizeIs(1));
  EXPECT_EQ(rows_of(json.out)[0].get<std::uint64_t>("id"), record.id.value());
  EXPECT_EQ(rows_of(json.out)[0].get<std::string>("state"), "failed");
  EXPECT_EQ(gangway({"tasks", "known", "--state", "lost"}).status, 2);
  EXPECT_EQ(running.get(), 3);
}

TEST_F(TaskQueriesTest, AResultIsWaitedForAndMayNeverCome) {
  TaskId left;
  {
    const Client client{"known"};
    const auto running = client.balanced().apply(fn<sleep_for>, 2);
    const Client other{"known"};
    EXPECT_THAT(error_of([&] { return other.result<int>(running.id(), std::chrono::milliseconds{20}); }),
                AllOf(HasSubstr("has no result yet"), HasSubstr("sleep_for")));
    EXPECT_EQ(other.result<int>(running.id()), 2);
    left = client.balanced().apply(fn<sleep_for>, 1).id();
  }
  const Client other{"known"};
  EXPECT_THAT(error_of([&] { return other.result<int>(left); }), HasSubstr("its session ended, or expired"));
}

TEST_F(TaskQueriesTest, ATaskIsSubmittedAgainAndForgotten) {
  const Client client{"known"};
  const auto first = client.balanced().apply(fn<repeated>, std::string(100'000, 'x'), 2);
  EXPECT_THAT(first.get(), SizeIs(200'000));
  EXPECT_TRUE(eventually([&] { return client.tasks()[0].delivered; }));
  const Client other{"known"};
  EXPECT_THAT(other.resubmit<std::string>(first.id()).get(), SizeIs(200'000)) << "its arguments lay in the spool";
  EXPECT_THAT(error_of([&] { other.resubmit<double>(first.id()); }), HasSubstr("not of the type"));
  const Outcome again = gangway({"resubmit", number(first.id()), "--cluster", "known"});
  EXPECT_EQ(again.status, 0) << again.error;
  EXPECT_THAT(again.out, AllOf(HasSubstr("is submitted again as task"), HasSubstr("has succeeded")));

  const auto running = client.balanced().apply(fn<sleep_for>, 2);
  EXPECT_THAT(error_of([&] {
                client.forget({first.id(), running.id()});
              }),
              AllOf(HasSubstr("task " + number(running.id())), HasSubstr("only what is done")));
  EXPECT_EQ(other.result<std::string>(first.id()).size(), 200'000U) << "none was forgotten";
  const Outcome forgotten = gangway({"forget", number(first.id()), "--cluster", "known"});
  EXPECT_EQ(forgotten.status, 0) << forgotten.error;
  EXPECT_THAT(error_of([&] { return other.result<std::string>(first.id()); }),
              AllOf(HasSubstr("is not kept any more"), HasSubstr("history_age")));
  EXPECT_THAT(error_of([&] { other.resubmit<std::string>(first.id()); }), HasSubstr("is not kept any more"));
  EXPECT_EQ(gangway({"forget", "--all", "--cluster", "known"}).status, 0);
  EXPECT_TRUE(eventually([&] { return client.tasks().size() == 1; })) << "the one that runs stays";
  EXPECT_EQ(running.get(), 2);
}

TEST_F(TaskQueriesTest, AProfileSaysHowMuchIsKeptAndWhenSessionsExpire) {
  stop();
  start("[controller]\nhistory_tasks = 10\nnamed_session_linger = 1s\n");
  TaskId first;
  TaskId left;
  {
    const Client client{"known", session("run-17")};
    const auto done = client.balanced().apply(fn<twice>, 1.0);
    first = done.id();
    for (int i = 0; i < 200; ++i) client.balanced().apply(fn<twice>, 1.0).get();
    EXPECT_TRUE(eventually([&] { return client.tasks().size() < 100; }));
    EXPECT_THAT(error_of([&] { return client.result<double>(first); }), HasSubstr("history_tasks"));
    left = client.balanced().apply(fn<sleep_for>, 3).id();
  }
  const Client other{"known"};
  EXPECT_THAT(error_of([&] { return other.result<int>(left); }), HasSubstr("its session ended, or expired"));
}

}  // namespace
}  // namespace gangway::e2e
