#include "launch/summary.hpp"

#include <gtest/gtest.h>

#include "launch/private_file.hpp"
#include "os/host_name.hpp"
#include "temporary_directory.hpp"

namespace gangway::launch {
namespace {

class SummaryTest : public testing::Test {
 protected:
  void SetUp() override {
    state_.host = os::host_name();
    state_.supervisor = os::this_process();
    state_.boot_id = os::boot_id();
    state_.phase = Phase::running;
    ASSERT_TRUE(home_.create_cluster("one", state_).ok());
  }

  Condition condition() {
    EXPECT_TRUE(write_state(home_.cluster("one").state_file(), state_));
    return summary_of(home_.cluster("one")).condition;
  }

  TemporaryDirectory temporary_;
  ClusterHome home_{temporary_.path()};
  ClusterState state_;
};

TEST_F(SummaryTest, TellsHowAClusterIs) {
  EXPECT_EQ(condition(), Condition::running);
  state_.phase = Phase::starting;
  EXPECT_EQ(condition(), Condition::starting);
  state_.phase = Phase::stopping;
  EXPECT_EQ(condition(), Condition::stopping);
  state_.supervisor.start_ticks += 1;
  EXPECT_EQ(condition(), Condition::dead);
  state_.phase = Phase::ended;
  EXPECT_EQ(condition(), Condition::ended);
  state_.host = "elsewhere";
  EXPECT_EQ(condition(), Condition::elsewhere);
}

TEST_F(SummaryTest, TakesAnUnreadableStateForADeadCluster) {
  ASSERT_TRUE(write_private_file(home_.cluster("one").state_file(), "?"));
  ASSERT_EQ(summaries_of(home_).size(), 1U);
  EXPECT_EQ(summaries_of(home_).front().condition, Condition::dead);
}

TEST_F(SummaryTest, ShowsWhereTheGatewayListens) {
  EXPECT_EQ(summary_of(home_.cluster("one")).address, "");
  const auto file = home_.cluster("one").gateway_file();
  ASSERT_TRUE(write_private_file(file, R"({"address": "127.0.0.1", "port": "4711"})"));
  EXPECT_EQ(summary_of(home_.cluster("one")).address, "127.0.0.1:4711");
  ASSERT_TRUE(write_private_file(file, R"({"address": "::1", "port": 4711})"));
  EXPECT_EQ(summary_of(home_.cluster("one")).address, "[::1]:4711");
}

TEST_F(SummaryTest, CountsTheEnginesThatLive) {
  state_.engines = 4;
  const auto engines = [&] {
    EXPECT_TRUE(write_state(home_.cluster("one").state_file(), state_));
    return engines_text(summary_of(home_.cluster("one")));
  };
  state_.phase = Phase::starting;
  EXPECT_EQ(engines(), "0 of 4");
  const auto note_says = [&](const std::string& entry) {
    const std::string note = R"({"address": "127.0.0.1", "port": "4711")" + entry + "}";
    ASSERT_TRUE(write_private_file(home_.cluster("one").gateway_file(), note));
  };
  state_.phase = Phase::running;
  note_says(R"(, "engines": "4")");
  EXPECT_EQ(engines(), "4");
  note_says(R"(, "engines": "3")");
  EXPECT_EQ(engines(), "3 of 4");
  state_.host = "elsewhere";
  EXPECT_EQ(engines(), "3 of 4");
  state_.phase = Phase::ended;
  EXPECT_EQ(engines(), "0 of 4") << "the note is an old one";
  state_.host = os::host_name();
  EXPECT_EQ(engines(), "0 of 4");
  state_.phase = Phase::running;
  state_.supervisor.start_ticks += 1;
  EXPECT_EQ(engines(), "0 of 4") << "supervisor and warden are dead, and nothing outlives these";
  state_.warden = os::this_process();
  EXPECT_EQ(engines(), "3 of 4") << "the job works on without its supervisor";
  state_.boot_id = "another";
  EXPECT_EQ(engines(), "0 of 4") << "these numbers are those of other processes";
}

TEST(DurabilitySummary, TellsWhatTheTasksSurvive) {
  ClusterState state;
  state.durability = "memory";
  EXPECT_EQ(durability_summary(state), "memory: the tasks are gone with the gateway");
  state.durability = "commit";
  EXPECT_EQ(durability_summary(state), "commit: the tasks survive the death of any process");
  state.durability = "disk";
  EXPECT_EQ(durability_summary(state), "disk: the tasks survive the loss of power");
}

TEST(TransportSummary, TellsWhatADeathCosts) {
  ClusterState state;
  state.transport = "resilient";
  EXPECT_EQ(transport_summary(state), "resilient: shared memory; the death of a rank costs that rank");
  state.hosts = "a:1,b:1";
  EXPECT_EQ(transport_summary(state),
            "resilient: shared memory, TCP between hosts; the death of a rank costs that rank");
  state.transport = "native";
  EXPECT_EQ(transport_summary(state),
            "native: what this MPI chooses; the death of a rank may end or stall the whole cluster");
}

}  // namespace
}  // namespace gangway::launch
