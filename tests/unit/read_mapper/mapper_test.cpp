// The mapper finds what was cut out of a genome, and says so the same way every time.
#include "read_mapper/mapper.hpp"

#include <gtest/gtest.h>

#include <random>

namespace read_mapper {
namespace {

std::string random_bases(std::size_t count, unsigned seed) {
  std::mt19937 generator{seed};
  std::string bases;
  for (std::size_t i = 0; i < count; ++i) bases += "ACGT"[generator() % 4];
  return bases;
}

/// Another base at each of the places.
std::string with_errors(std::string bases, std::initializer_list<std::size_t> places) {
  for (const std::size_t place : places) bases[place] = bases[place] == 'A' ? 'C' : 'A';
  return bases;
}

const std::string genome = random_bases(5000, 1);
const Index whole{genome};

TEST(Mapper, FindsAnExactReadAnywhereAlsoAtBothEnds) {
  for (const std::uint32_t position : {0U, 1U, 2500U, 4900U}) {
    const Placement placement = map_read(whole, genome.substr(position, 100));
    EXPECT_EQ(placement, (Placement{.position = position, .mismatches = 0, .strand = Strand::forward}));
  }
}

TEST(Mapper, FindsAReadOfTheOtherStrandAtItsLeftmostBase) {
  const Placement placement = map_read(whole, reverse_complement(genome.substr(700, 80)));
  EXPECT_EQ(placement, (Placement{.position = 700, .mismatches = 0, .strand = Strand::reverse}));
}

TEST(Mapper, CountsMismatches) {
  const Placement placement = map_read(whole, with_errors(genome.substr(300, 60), {0, 20, 59}));
  EXPECT_EQ(placement, (Placement{.position = 300, .mismatches = 3, .strand = Strand::forward}));
}

TEST(Mapper, LeavesAReadUnmappedThatHasTooManyMismatches) {
  const std::string read = genome.substr(300, 36);  // 3 mismatches are allowed
  EXPECT_TRUE(map_read(whole, with_errors(read, {0, 1, 2})).mapped());
  EXPECT_EQ(map_read(whole, with_errors(read, {0, 1, 2, 3})), Placement{});
}

TEST(Mapper, TakesAnUnknownBaseForNeitherMatchNorMismatch) {
  std::string read = genome.substr(1000, 60);
  read[5] = read[30] = 'N';
  EXPECT_EQ(map_read(whole, read), (Placement{.position = 1000, .mismatches = 0, .strand = Strand::forward}));
  EXPECT_EQ(map_read(whole, std::string(200, 'N')), Placement{});
}

TEST(Mapper, LeavesShortReadsUnmapped) {
  EXPECT_EQ(map_read(whole, ""), Placement{});
  EXPECT_EQ(map_read(whole, genome.substr(10, known_bases_min - 1)), Placement{});
  EXPECT_TRUE(map_read(whole, genome.substr(10, known_bases_min)).mapped());
}

TEST(Mapper, LeavesAReadUnmappedThatHangsOverAnEndOfTheGenome) {
  EXPECT_EQ(map_read(whole, "ACGTAC" + genome.substr(0, 60)), Placement{});
  EXPECT_EQ(map_read(whole, genome.substr(4940) + "ACGTAC"), Placement{});
  EXPECT_EQ(map_read(whole, genome + genome), Placement{});
}

TEST(Mapper, PrefersFewerMismatchesThenTheForwardStrandThenTheSmallerPosition) {
  const std::string piece = random_bases(50, 2);
  const std::string gap = random_bases(70, 3);
  const Index better_later{gap + with_errors(piece, {25}) + gap + piece};
  EXPECT_EQ(map_read(better_later, piece).position, 190U);
  const Index twice{gap + piece + gap + piece};
  EXPECT_EQ(map_read(twice, piece).position, 70U);
  const Index both_strands{reverse_complement(piece) + gap + piece};
  EXPECT_EQ(map_read(both_strands, piece), (Placement{.position = 120, .mismatches = 0, .strand = Strand::forward}));
}

TEST(Mapper, FindsNothingInAGenomeThatIsShorterThanASeed) {
  EXPECT_EQ(map_read(Index{"ACGT"}, genome.substr(0, 50)), Placement{});
  EXPECT_EQ(map_read(Index{""}, genome.substr(0, 50)), Placement{});
}

TEST(Mapper, ReverseComplementsTwiceToTheSame) {
  EXPECT_EQ(reverse_complement("AACGTN"), "NACGTT");
  EXPECT_EQ(reverse_complement(reverse_complement(genome)), genome);
}

}  // namespace
}  // namespace read_mapper
