#include "mapper.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>

namespace read_mapper {
namespace {

constexpr std::uint32_t seed_mask = (1U << (2 * seed_bases)) - 1;

/// 0 to 3 for A, C, G, T and 4 for everything else.
std::uint32_t base_code(char base) {
  switch (base) {
    case 'A':
      return 0;
    case 'C':
      return 1;
    case 'G':
      return 2;
    case 'T':
      return 3;
    default:
      return 4;
  }
}

/// Calls `visit(code, position)` for every seed that has no N.
template <class Visit>
void for_each_seed(std::string_view bases, Visit visit) {
  std::uint32_t code = 0;
  std::size_t known = 0;  // bases without an N up to here
  for (std::size_t end = 0; end < bases.size(); ++end) {
    const std::uint32_t base = base_code(bases[end]);
    known = base == 4 ? 0 : known + 1;
    code = ((code << 2) | (base & 3)) & seed_mask;
    if (known >= seed_bases) visit(code, static_cast<std::uint32_t>(end + 1 - seed_bases));
  }
}

/// The mismatches of `bases` at `position`, or `limit` + 1 when there are more than `limit`.
std::size_t count_mismatches(std::string_view genome, std::size_t position, std::string_view bases,
                             std::size_t limit) {
  std::size_t mismatches = 0;
  for (std::size_t i = 0; i < bases.size() && mismatches <= limit; ++i) {
    if (bases[i] != 'N' && bases[i] != genome[position + i]) ++mismatches;
  }
  return mismatches;
}

/// The places that some seed of the read proposes and where the whole read fits, in rising order.
std::vector<std::uint32_t> candidates(const Index& index, std::string_view bases) {
  std::vector<std::uint32_t> places;
  for_each_seed(bases, [&](std::uint32_t code, std::uint32_t offset) {
    for (const Index::Entry& entry : index.find(code)) {
      if (entry.position < offset) continue;
      const std::uint32_t place = entry.position - offset;
      if (place + bases.size() <= index.genome().size()) places.push_back(place);
    }
  });
  std::sort(places.begin(), places.end());
  places.erase(std::unique(places.begin(), places.end()), places.end());
  return places;
}

}  // namespace

Index::Index(std::string_view genome) : genome_{genome} {
  if (genome.size() > std::numeric_limits<std::uint32_t>::max()) {
    throw std::length_error{"the genome has more than 2^32 - 1 bases"};
  }
  for_each_seed(genome_, [&](std::uint32_t code, std::uint32_t position) { entries_.push_back({code, position}); });
  std::sort(entries_.begin(), entries_.end());
}

std::span<const Index::Entry> Index::find(std::uint32_t code) const {
  const auto by_code = [](const Entry& a, const Entry& b) { return a.code < b.code; };
  const auto range = std::equal_range(entries_.begin(), entries_.end(), Entry{code, 0}, by_code);
  return {range.first, range.second};
}

Placement map_read(const Index& index, std::string_view bases) {
  const auto known =
      static_cast<std::size_t>(std::count_if(bases.begin(), bases.end(), [](char b) { return b != 'N'; }));
  if (known < known_bases_min) return {};
  Placement best;
  std::size_t allowed = std::min<std::size_t>(known / bases_per_mismatch, std::numeric_limits<std::uint16_t>::max());
  const auto try_strand = [&](std::string_view oriented, Strand strand) {
    for (const std::uint32_t place : candidates(index, oriented)) {
      const std::size_t mismatches = count_mismatches(index.genome(), place, oriented, allowed);
      if (mismatches > allowed || (best.mapped() && mismatches == best.mismatches)) continue;
      best = {.position = place, .mismatches = static_cast<std::uint16_t>(mismatches), .strand = strand};
      allowed = mismatches;
    }
  };
  try_strand(bases, Strand::forward);
  try_strand(reverse_complement(bases), Strand::reverse);
  return best;
}

std::string reverse_complement(std::string_view bases) {
  constexpr std::string_view complements = "TGCAN";
  std::string reversed;
  reversed.reserve(bases.size());
  for (auto base = bases.rbegin(); base != bases.rend(); ++base) reversed += complements[base_code(*base)];
  return reversed;
}

}  // namespace read_mapper
