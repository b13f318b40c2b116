// What client.all() has pushed, and large arguments, when a cluster is started again.
#include <chrono>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <random>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include <gangway/gangway.hpp>

#include "e2e/support/command.hpp"
#include "e2e/support/home.hpp"
#include "e2e/support/traces.hpp"
#include "read_mapper/mapper.hpp"

namespace gangway::e2e {
namespace {

using read_mapper::Placement;
using testing::AllOf;
using testing::Each;
using testing::HasSubstr;
using testing::SizeIs;

/// As the read mapper's own, without its count of the coverage.
Placement place(Engine& engine, std::span<const char> genome, const std::string& read) {
  const auto& index = engine.cached<read_mapper::Index>("index", [&] {
    return read_mapper::Index{{genome.data(), genome.size()}};
  });
  std::this_thread::sleep_for(std::chrono::milliseconds{2});
  return read_mapper::map_read(index, read);
}

std::size_t size_of(std::span<const char> array) {
  return array.size();
}

std::size_t sum_of(const std::vector<char>& bytes) {
  std::this_thread::sleep_for(std::chrono::milliseconds{20});
  return std::accumulate(bytes.begin(), bytes.end(), std::size_t{0});
}

void set_by_task(Engine& engine) {
  engine.names().make<char>("by task", 10);
}

std::vector<char> some_genome(std::size_t bases) {
  std::mt19937 random{4711};
  std::vector<char> genome(bases);
  for (char& base : genome) base = "ACGT"[random() % 4];
  return genome;
}

class EnvironmentTest : public testing::Test {
 protected:
  void start(const std::string& settings = "") {
    const std::filesystem::path profile = home_.path() / "phoenix.ini";
    std::ofstream{profile} << "[cluster]\nengines = 2\n" << settings;
    const Outcome started = gangway({"start", "-p", profile.string()});
    ASSERT_EQ(started.status, 0) << started.error;
    traces_ = Traces::of("phoenix");
  }

  void TearDown() override {
    const Outcome stopped = gangway({"stop", "phoenix"});
    EXPECT_EQ(stopped.status, 0) << stopped.error;
    EXPECT_TRUE(nothing_remains(traces_));
  }

  void kill_mpirun() {
    traces_ = Traces::of("phoenix");
    kill_at_once(traces_.mpirun);
  }
  void expect_another_job() {
    const pid_t first = traces_.mpirun;
    EXPECT_TRUE(eventually([first] {
      try {
        return Traces::of("phoenix").mpirun != first;
      } catch (const std::exception&) {
        return false;
      }
    }));
    traces_ = Traces::of("phoenix");
  }

  [[nodiscard]] std::size_t spooled_files() const {
    const std::filesystem::directory_iterator files{std::filesystem::path{traces_.directory} / "spool-0"};
    return static_cast<std::size_t>(std::distance(begin(files), end(files)));
  }

  Home home_;
  Traces traces_;
};

template <class Work>
std::string error_of(const Work& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST_F(EnvironmentTest, AThousandReadsAreMappedThoughMpirunIsKilled) {
  start();
  const std::vector<char> genome = some_genome(200'000);
  const read_mapper::Index index{{genome.data(), genome.size()}};
  std::mt19937 random{1};
  std::vector<std::string> reads;
  std::vector<Placement> expected;
  for (int i = 0; i < 1000; ++i) {
    const auto from = static_cast<std::ptrdiff_t>(random() % (genome.size() - 100));
    reads.emplace_back(genome.begin() + from, genome.begin() + from + 100);
    expected.push_back(read_mapper::map_read(index, reads.back()));
  }

  Client client{"phoenix"};
  client.all().push("genome", genome).get();
  std::vector<Future<Placement>> placements;
  for (const std::string& read : reads)
    placements.push_back(client.balanced().apply(fn<place>, named("genome"), read));
  EXPECT_EQ(placements.front().get(), expected.front());
  kill_mpirun();
  for (std::size_t i = 0; i < placements.size(); ++i) ASSERT_EQ(placements[i].get(), expected[i]) << "read " << i;
  expect_another_job();
  EXPECT_EQ(spooled_files(), 1U) << "the genome";
}

TEST_F(EnvironmentTest, HasTheLatestOfEachNameOnAllEnginesAndNothingThatTasksSet) {
  start();
  Client client{"phoenix"};
  client.all().push("small", std::vector<char>(10)).get();
  client.all().push("small", std::vector<char>(20)).get();
  client.all().push("large", std::vector<char>(1'000'000)).get();
  client.engine(EngineId{0}).push("of one", std::vector<char>(10)).get();
  client.all().apply(fn<set_by_task>).get();
  kill_mpirun();
  expect_another_job();
  EXPECT_THAT(client.all().apply(fn<size_of>, named("small")).get(), Each(20U));
  EXPECT_THAT(client.all().apply(fn<size_of>, named("large")).get(), Each(1'000'000U));
  for (const char* name : {"of one", "by task"}) {
    EXPECT_THAT(error_of([&] { client.balanced().apply(fn<size_of>, named(name)).get(); }),
                AllOf(HasSubstr(name), HasSubstr("push it first")));
  }
}

TEST_F(EnvironmentTest, ThatDoesNotFitTheLimitIsNamed) {
  start("[controller]\nenvironment_max = 100K\n");
  Client client{"phoenix"};
  client.all().push("genome", some_genome(200'000)).get();
  EXPECT_EQ(client.balanced().apply(fn<size_of>, named("genome")).get(), 200'000U);
  kill_mpirun();
  expect_another_job();
  const auto named_error =
      AllOf(HasSubstr("\"genome\" takes 200"), HasSubstr("keeps 102400 bytes in all"),
            HasSubstr("push it again, or raise environment_max in [controller] of the cluster's profile"));
  EXPECT_THAT(error_of([&] { client.balanced().apply(fn<size_of>, named("genome")).get(); }), named_error);
  EXPECT_THAT(error_of([&] { client.engine(EngineId{1}).apply(fn<size_of>, named("genome")).get(); }), named_error);
  client.all().push("genome", std::vector<char>(10)).get();
  EXPECT_THAT(client.all().apply(fn<size_of>, named("genome")).get(), Each(10U));
}

TEST_F(EnvironmentTest, LargeArgumentsAreInFilesAsLongAsTheirTasksAreKept) {
  start("[controller]\nhistory_tasks = 0\n");
  Client client{"phoenix"};
  std::vector<Future<std::size_t>> sums;
  for (int i = 1; i <= 60; ++i) {
    sums.push_back(client.balanced().apply(fn<sum_of>, std::vector<char>(1'000'000, static_cast<char>(i))));
  }
  EXPECT_EQ(sums.front().get(), 1'000'000U);
  EXPECT_GT(spooled_files(), 0U);
  kill_mpirun();
  for (std::size_t i = 0; i < sums.size(); ++i) ASSERT_EQ(sums[i].get(), 1'000'000 * (i + 1));
  expect_another_job();
  EXPECT_LT(std::filesystem::file_size(std::filesystem::path{traces_.directory} / "journal-0.sqlite"), 20'000'000U)
      << "with the program in it, and without the arguments";
  EXPECT_TRUE(eventually([this] { return spooled_files() == 0; })) << spooled_files() << " files are left";
}

}  // namespace
}  // namespace gangway::e2e
