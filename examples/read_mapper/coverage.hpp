// How many reads lie over each base of the genome, as numbers and as a picture.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "mapper.hpp"

namespace read_mapper {

/// Adds a mapped read of `bases` bases to `coverage`, which has one counter for each base of the genome.
/// Unmapped reads add nothing.
void add_coverage(std::span<std::uint32_t> coverage, const Placement& placement, std::size_t bases);

/// Reads over a base, averaged over the genome; 0 for an empty one.
double mean_coverage(std::span<const std::uint32_t> coverage);

/// Has gnuplot draw the coverage into a PNG file. Returns an empty text, or why there is no picture.
std::string draw_coverage(std::span<const std::uint32_t> coverage, const std::string& title,
                          const std::string& picture_path);

}  // namespace read_mapper
