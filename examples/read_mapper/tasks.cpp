#include "tasks.hpp"

#include "coverage.hpp"

namespace read_mapper {

std::uint64_t genome_key(std::string_view genome) {
  std::uint64_t key = 14695981039346656037ULL;  // FNV-1a
  for (const char base : genome) key = (key ^ static_cast<unsigned char>(base)) * 1099511628211ULL;
  return key;
}

std::uint64_t clear_coverage(gangway::Engine& engine) {
  const std::size_t bases = engine.names().array<const char>(genome_name).size();
  engine.names().make<std::uint32_t>(coverage_name, bases);
  return bases;
}

std::vector<Placement> place_reads(gangway::Engine& engine, const std::vector<std::string>& reads,
                                   std::uint64_t key) {
  const Index& index = engine.cached<Index>("read_mapper/index " + std::to_string(key), [&] {
    const auto genome = engine.names().array<const char>(genome_name);
    return Index{{genome.data(), genome.size()}};
  });
  const std::span<std::uint32_t> coverage = engine.names().array<std::uint32_t>(coverage_name);
  std::vector<Placement> placements;
  for (const std::string& bases : reads) {
    placements.push_back(map_read(index, bases));
    add_coverage(coverage, placements.back(), bases.size());
  }
  return placements;
}

void forget_values(gangway::Engine& engine) {
  engine.names().erase(genome_name);
  engine.names().erase(coverage_name);
}

}  // namespace read_mapper
