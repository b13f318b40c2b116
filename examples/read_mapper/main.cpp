// Maps sequenced reads onto a genome, once in this process and once on the engines of a cluster, and compares.
//
// The genome is pushed to all engines once. Some reads at a time are a call of place_reads() on whichever engine is
// free. Each worker builds its index at its first call, each engine counts the coverage by its reads in an array of
// its own, and at the end these are pulled and added.
#include <gangway/gangway.hpp>

#include <chrono>
#include <iomanip>
#include <iostream>
#include <optional>

#include "coverage.hpp"
#include "mapper.hpp"
#include "options.hpp"
#include "sequence_file.hpp"
#include "tasks.hpp"

namespace read_mapper {
namespace {

using gangway::fn;
using Clock = std::chrono::steady_clock;

/// What mapping gives, wherever it is done.
struct Outcome {
  std::vector<Placement> placements;    // of each read
  std::vector<std::uint32_t> coverage;  // of each base of the genome
  double seconds = 0;
};

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

Outcome map_here(const std::string& genome, const std::vector<std::string>& reads) {
  const auto start = Clock::now();
  Outcome outcome;
  outcome.coverage.resize(genome.size());
  const Index index{genome};
  for (const std::string& bases : reads) {
    outcome.placements.push_back(map_read(index, bases));
    add_coverage(outcome.coverage, outcome.placements.back(), bases.size());
  }
  outcome.seconds = seconds_since(start);
  return outcome;
}

/// The reads, some at a time: enough for an engine to be busy for a millisecond or two.
std::vector<std::vector<std::string>> in_chunks(const std::vector<std::string>& reads) {
  constexpr std::size_t chunk_reads = 50;
  std::vector<std::vector<std::string>> chunks;
  for (std::size_t i = 0; i < reads.size(); ++i) {
    if (i % chunk_reads == 0) chunks.emplace_back();
    chunks.back().push_back(reads[i]);
  }
  return chunks;
}

Outcome map_on(gangway::Client& client, const std::string& genome, const std::vector<std::string>& reads) {
  const auto start = Clock::now();
  gangway::DirectView all = client.all();
  all.push(genome_name, std::vector<char>{genome.begin(), genome.end()});
  all.apply(fn<clear_coverage>).get();

  auto mapping = client.balanced().map(fn<place_reads>, in_chunks(reads), genome_key(genome));
  gangway::show_progress(mapping, std::cout);
  Outcome outcome;
  for (const std::vector<Placement>& chunk : mapping.get()) {
    outcome.placements.insert(outcome.placements.end(), chunk.begin(), chunk.end());
  }

  outcome.coverage.resize(genome.size());
  for (const auto& part : all.pull<std::vector<std::uint32_t>>(coverage_name).get()) {
    for (std::size_t base = 0; base < part.size(); ++base) outcome.coverage[base] += part[base];
  }
  outcome.seconds = seconds_since(start);
  all.apply(fn<forget_values>).get();
  return outcome;
}

/// How many reads two runs place differently.
std::size_t differences(const Outcome& a, const Outcome& b) {
  std::size_t count = 0;
  for (std::size_t read = 0; read < a.placements.size(); ++read) count += a.placements[read] != b.placements[read];
  return count;
}

/// Prints what came out; false if the two runs differ.
bool report(const Outcome& remote, const Outcome& serial, std::size_t engines) {
  const auto mapped = [](const Outcome& outcome) {
    std::size_t count = 0;
    for (const Placement& placement : outcome.placements) count += placement.mapped();
    return count;
  };
  const double share = 100.0 * static_cast<double>(mapped(remote)) / static_cast<double>(remote.placements.size());
  std::cout << std::fixed << std::setprecision(1) << "mapped         " << mapped(remote) << " of "
            << remote.placements.size() << " reads (" << share << " %), serially " << mapped(serial) << '\n'
            << "mean coverage  " << mean_coverage(remote.coverage) << " reads over a base\n"
            << std::setprecision(2) << "time           " << remote.seconds << " s on " << engines << " engines, "
            << serial.seconds << " s serially in this process\n";
  const bool equal = remote.placements == serial.placements && remote.coverage == serial.coverage;
  if (equal) {
    std::cout << "compared       every read and the coverage are as in the serial run\n";
  } else {
    std::cout << "compared       DIFFERENT: " << differences(remote, serial) << " reads, coverage "
              << (remote.coverage == serial.coverage ? "equal" : "different too") << '\n';
  }
  return equal;
}

int run(const Options& options) {
  const std::string genome = load_genome(options.genome_path);
  std::vector<std::string> reads;
  for (Read& read : load_reads(options.reads_path)) reads.push_back(std::move(read.bases));
  std::cout << "genome         " << genome.size() << " bases\nreads          " << reads.size() << '\n' << std::flush;

  std::optional<gangway::Cluster> cluster;
  if (options.cluster.empty()) cluster.emplace(gangway::Profile::local(options.engines));
  gangway::Client client = cluster ? cluster->connect() : gangway::Client{options.cluster};

  const Outcome serial = map_here(genome, reads);
  const Outcome remote = map_on(client, genome, reads);
  const bool equal = report(remote, serial, client.engines().size());
  if (!options.picture_path.empty()) {
    const std::string trouble = draw_coverage(remote.coverage, "Coverage of the genome", options.picture_path);
    std::cout << "picture        " << (trouble.empty() ? options.picture_path : "none: " + trouble) << '\n';
  }
  return equal ? 0 : 1;
}

}  // namespace
}  // namespace read_mapper

int main(int argc, char** argv) {
  try {
    const auto options = read_mapper::parse_options(argc, argv);
    return options ? read_mapper::run(*options) : 0;
  } catch (const std::exception& error) {
    std::cerr << "read_mapper: " << error.what() << '\n';
    return 1;
  }
}
