// gangway_bench: measures what bench/run is asked for. A module program: its no-op runs on the engines.
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench.hpp"
#include "processes.hpp"
#include "scratch.hpp"

namespace gangway::bench {

void no_op() {}

void prefer_cluster(const Settings& settings, const Client& client) {
  if (settings.urgent) prefer(processes_of_cluster(static_cast<pid_t>(client.engines().front().pid)));
}

namespace {

namespace fs = std::filesystem;
using Measure = void (*)(const Settings&, const Print&);

struct Named {
  const char* name;
  Measure measure;
  bool by_default;
};

constexpr Named benchmarks[] = {{"start", measure_start, true},     {"idle", measure_idle, true},
                                {"latency", measure_latency, true}, {"throughput", measure_throughput, true},
                                {"load", measure_load, true},       {"journal", measure_journal, true},
                                {"peers", measure_peers, false}};

constexpr const char* usage =
    "bench/run [--quick] [--json] [--urgent] [--strict] [start|idle|latency|throughput|load|journal|peers ...]\n"
    "  Measures the named figures, all but peers if none is named, beside their references in the same run.\n"
    "  --quick   ends within a minute: enough to see that it works\n"
    "  --json    prints a JSON list in place of tab-separated columns\n"
    "  --urgent  has the kernel prefer what is measured to other work on this machine (needs its rights)\n"
    "  --strict  ends with status 2 when a bound does not hold\n";

struct Arguments {
  Settings settings;
  Format format = Format::table;
  bool strict = false;
  bool help = false;
  std::vector<const Named*> chosen;
};

Arguments parse(const std::vector<std::string>& words) {
  Arguments arguments;
  for (const std::string& word : words) {
    const auto* const named = std::find_if(std::begin(benchmarks), std::end(benchmarks),
                                           [&](const Named& one) { return one.name == word; });
    if (named != std::end(benchmarks)) {
      arguments.chosen.push_back(named);
    } else if (word == "--quick") {
      arguments.settings.quick = true;
    } else if (word == "--json") {
      arguments.format = Format::json;
    } else if (word == "--urgent") {
      arguments.settings.urgent = true;
    } else if (word == "--strict") {
      arguments.strict = true;
    } else if (word == "--help") {
      arguments.help = true;
    } else {
      throw std::invalid_argument{"there is no benchmark and no option \"" + word + "\"; see bench/run --help"};
    }
  }
  if (arguments.chosen.empty()) {
    for (const Named& one : benchmarks) {
      if (one.by_default) arguments.chosen.push_back(&one);
    }
  }
  return arguments;
}

int run(const std::vector<std::string>& words) {
  Arguments arguments = parse(words);
  if (arguments.help) {
    std::cout << usage;
    return EXIT_SUCCESS;
  }
  const Scratch scratch;
  arguments.settings.scratch = scratch.path();
  arguments.settings.programs = fs::read_symlink("/proc/self/exe").parent_path();
  if (arguments.settings.urgent) prefer({{::getpid(), 0, {}}});
  int status = EXIT_SUCCESS;
  Printer printer{std::cout, arguments.format};
  for (const Named* one : arguments.chosen) {
    try {
      one->measure(arguments.settings, [&](const Figure& figure) { printer.print(figure); });
    } catch (const std::exception& error) {
      std::cerr << "bench/run: " << one->name << ": " << error.what() << '\n';
      status = EXIT_FAILURE;
    }
  }
  if (status == EXIT_SUCCESS && arguments.strict && !printer.all_hold()) status = 2;
  return status;
}

}  // namespace
}  // namespace gangway::bench

int main(int argc, char** argv) {
  try {
    return gangway::bench::run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::cerr << "bench/run: " << error.what() << '\n';
    return EXIT_FAILURE;
  }
}
