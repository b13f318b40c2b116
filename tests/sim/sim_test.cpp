// The simulator itself: equal seeds are equal, and every planted flaw is found.
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "sim/simulation.hpp"

namespace gangway::sim {
namespace {

/// The first of some seeds that finds the flaw, and what it said.
struct Finding {
  std::uint64_t seed = 0;
  std::string text;
};

std::optional<Finding> find(Canary canary, std::uint64_t seeds) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    try {
      Simulation{make_scenario(seed, std::nullopt, canary)}.run();
    } catch (const Violation& violation) {
      return Finding{seed, violation.what()};
    }
  }
  return std::nullopt;
}

class Canaries : public ::testing::TestWithParam<Canary> {};

TEST_P(Canaries, AreFound) {
  constexpr std::uint64_t seeds = 400;
  const auto finding = find(GetParam(), seeds);
  ASSERT_TRUE(finding) << "the flaw was not found in " << seeds << " seeds";
  RecordProperty("seed", std::to_string(finding->seed));
  RecordProperty("text", finding->text);
  // The same seed without the flaw is sound: it was the flaw that was found.
  EXPECT_NO_THROW(Simulation(make_scenario(finding->seed, std::nullopt, Canary::none)).run());
}

INSTANTIATE_TEST_SUITE_P(All, Canaries, ::testing::ValuesIn(canaries),
                         [](const auto& tested) { return std::string{name_of(tested.param)}; });

TEST(Simulation, IsAFunctionOfItsSeed) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Scenario scenario = make_scenario(seed, std::nullopt, Canary::none);
    EXPECT_EQ(Simulation{scenario}.run(), Simulation{scenario}.run()) << "seed " << seed;
  }
}

TEST(Simulation, VisitsEveryWorkloadAndSaboteur) {
  int flood = 0, counters = 0, map = 0, mixed = 0, lost = 0, crashed = 0, cut = 0, dropped = 0, killed = 0,
      unpowered = 0, slow = 0, named = 0, processes_killed = 0, stalled_long = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const Scenario scenario = make_scenario(seed, std::nullopt, Canary::none);
    flood += scenario.workload == Workload::flood;
    counters += scenario.workload == Workload::counters;
    map += scenario.workload == Workload::map;
    mixed += scenario.workload == Workload::mixed;
    lost += scenario.lose_engines;
    crashed += scenario.crash_workers;
    cut += scenario.cut_clients;
    dropped += scenario.drop_connections;
    killed += scenario.kill_gateway;
    unpowered += scenario.kill_gateway && scenario.lose_power;
    slow += scenario.slow_links;
    named += scenario.named_clients > 0;
    processes_killed += scenario.named_clients > 0 && scenario.kill_processes;
    stalled_long += scenario.stall_store && scenario.stall_long;
  }
  for (const int count : {flood, counters, map, mixed}) EXPECT_GT(count, 20);
  for (const int count : {lost, crashed, cut, dropped, killed, slow, named, processes_killed}) EXPECT_GT(count, 40);
  for (const int count : {unpowered, stalled_long}) EXPECT_GT(count, 5);
}

}  // namespace
}  // namespace gangway::sim
