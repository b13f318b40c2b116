// The doorbell of one rank. How bells are heard between ranks is the loop's matter.
#include "mpi/doorbell.hpp"

#include <gtest/gtest.h>

#include "support/mpi_world.hpp"
#include "traffic.hpp"

namespace gangway::test {
namespace {

// The system holds eleven rings for a bell, or more.
TEST(Doorbell, AFloodOfRingsIsTakenInPieces) {
  const mpi::Doorbell doorbell = doorbell_of_this_test();
  for (std::uint64_t i = 0; i < 2 * mpi::Doorbell::rings_taken_max; ++i) doorbell.bells().ring(world().rank());
  EXPECT_EQ(doorbell.silence(), mpi::Doorbell::rings_taken_max);
  EXPECT_GT(doorbell.silence(), 0U);
  EXPECT_EQ(doorbell.silence(), 0U);
}

}  // namespace
}  // namespace gangway::test
