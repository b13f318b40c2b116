// How long engines take to have a module that nobody has seen before.
#include <fstream>
#include <iterator>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include <gangway/gangway.hpp>

#include "bench.hpp"
#include "reference.hpp"

namespace gangway::bench {

namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t module_bytes = 200 * 1024;

// A copy of the client program's code that no engine knows: with other bytes at its end, where no loader looks.
fs::path fresh_module(const Settings& settings, int number) {
  const fs::path directory = settings.scratch / ("load-" + std::to_string(number));
  const fs::path copy = directory / "libload_client-code.so";
  fs::create_directory(directory);
  fs::copy_file(settings.programs / "libload_client-code.so", copy);
  std::mt19937_64 random{static_cast<std::uint64_t>(number) + 1};
  std::ofstream file{copy, std::ios::binary | std::ios::app};
  const std::uintmax_t size = fs::file_size(copy);
  for (std::uintmax_t bytes = size; bytes == size || bytes + sizeof(std::uint64_t) <= module_bytes;
       bytes += sizeof(std::uint64_t)) {
    const std::uint64_t noise = random();
    file.write(reinterpret_cast<const char*>(&noise), sizeof noise);
  }
  return copy;
}

}  // namespace

void measure_load(const Settings& settings, const Print& print) {
  const Cluster cluster{Profile::local(4)};
  prefer_cluster(settings, cluster.connect());
  Reference loader{{(settings.programs / "hand_off").string()}};
  std::vector<double> first;
  std::vector<double> again;
  std::vector<double> raw;
  std::uintmax_t bytes = 0;
  for (int i = 0; i < settings.amount(9, 2); ++i) {
    const fs::path module = fresh_module(settings, i);
    bytes = fs::file_size(module);
    Reference client{{(settings.programs / "load_client").string()},
                     {{"LD_LIBRARY_PATH", module.parent_path().string()}}};
    const std::vector<double> times = client.ask(cluster.connection_file());
    first.push_back(times.at(0));
    again.push_back(times.at(1));
    raw.push_back(loader.ask("load " + module.string()).front() / 1e3);
  }
  print({"first call on 4 engines of a new module of " + std::to_string(bytes / 1024) + " KiB, upload included",
         median(first), "ms", "the same file loaded by one bare process", median(raw), value_at_most(20)});
  print({"the second call", median(again), "ms", {}, 0, {}});
}

}  // namespace gangway::bench
