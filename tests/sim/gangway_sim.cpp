// gangway_sim: runs simulations by seed. The last line of a failure names the seed and how to repeat it.
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include <unistd.h>

#include "sim/simulation.hpp"

namespace gangway::sim {
namespace {

constexpr const char* usage =
    "gangway_sim --seed N [--seeds COUNT] [--workload flood|counters|map|mixed] [--canary NAME] [--trace]\n"
    "Simulates the controller with every seed from N on, COUNT of them. Ends with status 1 at the first failure.\n"
    "A canary is a flaw that must be found.\n";

struct Options {
  std::uint64_t seed = 1;
  std::uint64_t seeds = 1;
  std::optional<Workload> workload;
  Canary canary = Canary::none;
  bool trace = false;
};

std::optional<Options> parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--trace") {
      options.trace = true;
      continue;
    }
    if (i + 1 == argc) return std::nullopt;
    const std::string value = argv[++i];
    char* end = nullptr;
    if (name == "--seed" || name == "--seeds") {
      (name == "--seed" ? options.seed : options.seeds) = std::strtoull(value.c_str(), &end, 10);
      if (end == value.c_str() || *end != '\0') return std::nullopt;
    } else if (name == "--workload") {
      options.workload = workload_named(value);
      if (!options.workload) return std::nullopt;
    } else if (name == "--canary") {
      const auto canary = canary_named(value);
      if (!canary) return std::nullopt;
      options.canary = *canary;
    } else {
      return std::nullopt;
    }
  }
  return options;
}

// A failed check aborts the process: the line is ready before each seed, so that the handler only writes it.
char last_line[256];

extern "C" void on_abort(int) {
  const ssize_t written = ::write(STDOUT_FILENO, last_line, std::strlen(last_line));
  ::_exit(written > 0 ? 1 : 2);
}

void prepare_last_line(const Options& options, std::uint64_t seed) {
  const std::string workload = options.workload ? " --workload " + std::string{name_of(*options.workload)} : "";
  const std::string canary =
      options.canary == Canary::none ? "" : " --canary " + std::string{name_of(options.canary)};
  std::snprintf(last_line, sizeof last_line, "FAILED seed %llu; repeat with: gangway_sim --seed %llu%s%s --trace\n",
                static_cast<unsigned long long>(seed), static_cast<unsigned long long>(seed), workload.c_str(),
                canary.c_str());
}

int run(const Options& options) {
  std::uint64_t steps = 0;
  for (std::uint64_t i = 0; i < options.seeds; ++i) {
    const std::uint64_t seed = options.seed + i;
    prepare_last_line(options, seed);
    Scenario scenario = make_scenario(seed, options.workload, options.canary);
    scenario.trace = options.trace;
    try {
      steps += Simulation{scenario}.run();
    } catch (const Violation& violation) {
      std::printf("%s\n%s", violation.what(), last_line);
      return 1;
    }
  }
  std::printf("%llu seeds from %llu on passed, %llu steps\n", static_cast<unsigned long long>(options.seeds),
              static_cast<unsigned long long>(options.seed), static_cast<unsigned long long>(steps));
  return 0;
}

}  // namespace
}  // namespace gangway::sim

int main(int argc, char** argv) {
  const auto options = gangway::sim::parse(argc, argv);
  if (!options) {
    std::fputs(gangway::sim::usage, stderr);
    return 2;
  }
  std::signal(SIGABRT, gangway::sim::on_abort);
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  return gangway::sim::run(*options);
}
