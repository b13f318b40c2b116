// What the engines do for the read mapper. They keep the genome, the coverage so far and the index between tasks.
#pragma once

#include <gangway/engine.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mapper.hpp"

namespace read_mapper {

/// Names of the values that an engine keeps for the read mapper.
inline constexpr const char* genome_name = "read_mapper/genome";  // array of char, pushed by the client
inline constexpr const char* coverage_name =
    "read_mapper/coverage";  // array of std::uint32_t, of this engine's reads

/// Tells genomes apart, so that an engine that has served another run does not take that one's index.
std::uint64_t genome_key(std::string_view genome);

/// Sets the engine's coverage to zero; the genome must be there. Returns the bases of the genome.
std::uint64_t clear_coverage(gangway::Engine& engine);

/// Maps some reads and adds them to the engine's coverage. The first call in a worker builds the index.
std::vector<Placement> place_reads(gangway::Engine& engine, const std::vector<std::string>& reads, std::uint64_t key);

/// Removes what the read mapper keeps on the engine.
void forget_values(gangway::Engine& engine);

}  // namespace read_mapper
