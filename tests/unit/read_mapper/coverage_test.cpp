// Coverage counts what lies over each base; a picture is drawn or the reason is told.
#include "read_mapper/coverage.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace read_mapper {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Coverage, CountsMappedReadsOverTheirBases) {
  std::vector<std::uint32_t> coverage(6);
  add_coverage(coverage, {.position = 1, .mismatches = 0, .strand = Strand::forward}, 3);
  add_coverage(coverage, {.position = 3, .mismatches = 1, .strand = Strand::reverse}, 3);
  add_coverage(coverage, Placement{}, 3);
  EXPECT_THAT(coverage, ElementsAre(0, 1, 1, 2, 1, 1));
  EXPECT_DOUBLE_EQ(mean_coverage(coverage), 1.0);
}

TEST(Coverage, IsZeroForAnEmptyGenome) {
  EXPECT_EQ(mean_coverage({}), 0.0);
}

TEST(Coverage, TellsWhyThereIsNoPicture) {
  const std::vector<std::uint32_t> coverage(10, 1);
  const std::string path = std::getenv("PATH");
  setenv("PATH", "/nowhere", 1);
  EXPECT_THAT(draw_coverage(coverage, "title", "/nowhere/picture.png"), HasSubstr("gnuplot is not installed"));
  setenv("PATH", path.c_str(), 1);
  EXPECT_THAT(draw_coverage(coverage, "title", "/nowhere/picture.png"), HasSubstr("gnuplot"));
  EXPECT_THAT(draw_coverage({}, "title", "/nowhere/picture.png"), HasSubstr("nothing to draw"));
}

}  // namespace
}  // namespace read_mapper
