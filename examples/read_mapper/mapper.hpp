// Where in a genome does a read come from? Exact k-mers propose places, counting mismatches decides. Pure: the same
// genome and read give the same answer in every process, which is how the cluster's answers are checked.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace read_mapper {

enum class Strand : std::uint8_t { none, forward, reverse };

/// Where a read belongs. `position` is the 0-based place of its leftmost base on the forward strand.
struct Placement {
  std::uint32_t position = 0;
  std::uint16_t mismatches = 0;
  Strand strand = Strand::none;  ///< none: the read was not mapped, the other members are 0
  std::uint8_t unused = 0;       ///< so that a Placement has no bytes of unknown content

  [[nodiscard]] bool mapped() const { return strand != Strand::none; }
  friend bool operator==(const Placement&, const Placement&) = default;
};

/// Bases in a seed: 12 make a chance hit in 97,000 places rare, and 1 mismatch in 12 leaves most reads some seed.
inline constexpr std::size_t seed_bases = 12;

/// A read may have one mismatch for each so many known bases.
inline constexpr std::size_t bases_per_mismatch = 12;

/// A read with fewer known bases fits by chance; it stays unmapped.
inline constexpr std::size_t known_bases_min = 24;

/// The seeds of one genome with their places.
class Index {
 public:
  /// `genome` is of "ACGTN", is copied, and has at most 2^32 - 1 bases (throws std::length_error).
  explicit Index(std::string_view genome);

  [[nodiscard]] std::string_view genome() const { return genome_; }

  /// One place where a seed occurs. `code` is the seed with two bits for each base.
  struct Entry {
    std::uint32_t code;
    std::uint32_t position;
    friend auto operator<=>(const Entry&, const Entry&) = default;
  };

  /// The places of a seed, in rising order.
  [[nodiscard]] std::span<const Entry> find(std::uint32_t code) const;

 private:
  std::string genome_;
  std::vector<Entry> entries_;  // sorted
};

/// The place with the fewest mismatches; among equals the forward strand, then the smallest position.
/// An N of the read says nothing: it is neither a match nor a mismatch.
Placement map_read(const Index& index, std::string_view bases);

/// The other strand, read in its own direction.
std::string reverse_complement(std::string_view bases);

}  // namespace read_mapper
