// A cluster outlives many builds of a program: it forgets modules, and gets those again that are called again.
#include <dlfcn.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include <gangway/gangway.hpp>

#include "base/limits.hpp"
#include "e2e/delivery/solver.hpp"
#include "e2e/support/home.hpp"

/// How many files lie where the engine keeps its modules.
static long files_beside() {
  Dl_info info{};
  if (::dladdr(reinterpret_cast<const void*>(&files_beside), &info) == 0) return -1;
  const std::filesystem::path directory = std::filesystem::path{info.dli_fname}.parent_path();
  return std::distance(std::filesystem::directory_iterator{directory}, std::filesystem::directory_iterator{});
}

namespace gangway::e2e {
namespace {

namespace fs = std::filesystem;
using testing::Each;

/// A build of a program that is not this one, and yet in this process.
class Build {
 public:
  Build(const fs::path& directory, int number) {
    const fs::path file = directory / ("build" + std::to_string(number) + ".so");
    fs::copy_file(GANGWAY_TEST_BUILD, file);
    std::ofstream{file, std::ios::app} << number;
    void* const loaded = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (loaded == nullptr) throw std::runtime_error{::dlerror()};
    begin_exchange_ = reinterpret_cast<BeginExchange*>(::dlsym(loaded, "begin_exchange"));
  }

  /// Has a function of this build give a value of the engine a new content; returns the one before.
  [[nodiscard]] Future<int> exchange(const EngineView& engine, const std::string& name, int x) const {
    std::optional<Future<int>> before;
    begin_exchange_(engine, name.c_str(), x, before);
    return std::move(before).value();
  }

 private:
  using BeginExchange = void(const EngineView& engine, const char* name, int x, std::optional<Future<int>>& before);
  BeginExchange* begin_exchange_ = nullptr;
};

class DeliveryBuildsTest : public testing::Test {
 protected:
  DeliveryBuildsTest() {
    fs::create_directories(directory_);
    // So many that workers are replaced too, which hold what they have loaded.
    const int count = static_cast<int>(base::Limits{}.modules_max) + 40;
    for (int number = 0; number < count; ++number) builds_.emplace_back(directory_, number);
  }
  ~DeliveryBuildsTest() override { fs::remove_all(directory_); }

  /// Calls these builds in this order, all at once; each must find what the one before it has left.
  void call_all(const EngineView& engine, const std::string& name, const std::vector<int>& numbers) const {
    engine.push(name, -1);
    std::vector<Future<int>> before;
    for (const int number : numbers) {
      before.push_back(builds_.at(static_cast<std::size_t>(number)).exchange(engine, name, number));
    }
    int last = -1;
    for (std::size_t i = 0; i < numbers.size(); ++i) EXPECT_EQ(before[i].get(), std::exchange(last, numbers[i]));
  }

  [[nodiscard]] std::vector<int> rising() const {
    std::vector<int> numbers(builds_.size());
    std::iota(numbers.begin(), numbers.end(), 0);
    return numbers;
  }

  const fs::path directory_ = fs::path{std::getenv("GANGWAY_HOME")} / "many-builds";
  std::vector<Build> builds_;
};

TEST_F(DeliveryBuildsTest, MoreThanAClusterKeepsAreCalledByTwoClientsAgainAndAgain) {
  Cluster cluster{Profile::local(2)};
  const Client one = cluster.connect();
  const Client other = cluster.connect();
  const EngineView engine = one.engine(one.engines().at(0).id);
  one.load(GANGWAY_TEST_SOLVER_1);
  engine.push("kept", std::vector{3.0, 4.0});
  const auto first_worker = engine.apply([] { return ::getpid(); }).get();

  const std::vector<int> numbers = rising();
  call_all(engine, "one", numbers);
  call_all(engine, "one", {0, 1, 2});  // this very client has brought them, and they are forgotten

  const std::vector<int> falling(numbers.rbegin(), numbers.rend());
  std::thread at_once{[&] { call_all(other.engine(engine.id()), "other", falling); }};
  call_all(engine, "one", numbers);
  at_once.join();

  EXPECT_NE(engine.apply([] { return ::getpid(); }).get(), first_worker) << "it holds more than 100 modules";
  EXPECT_THAT(one.all().apply(fn<solver::version>).get(), Each(1)) << "libraries stay";
  EXPECT_EQ(engine.apply(fn<solver::norm>, named("kept")).get(), 5.0);
  // The file of each has one name for this engine, and one for others; and there are those of this test itself.
  EXPECT_LE(engine.apply(fn<files_beside>).get(), 2L * base::Limits{}.modules_max + 8);
}

}  // namespace
}  // namespace gangway::e2e
