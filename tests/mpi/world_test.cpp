#include "mpi/world.hpp"

#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "keeper/node_page.hpp"
#include "support/mpi_world.hpp"

namespace gangway::test {

TEST(World, KnowsWhoSharesTheNode) {
  EXPECT_TRUE(world().one_node());
  EXPECT_EQ(static_cast<int>(world().node_ranks().size()), world().size());
  EXPECT_EQ(world().node_rank(), world().rank());
  for (const int rank : world().node_ranks()) EXPECT_TRUE(world().on_this_node(rank));
}

TEST(World, SaysWhichThreadingItHas) {
  EXPECT_THAT(world().thread_level(), testing::StartsWith("MPI_THREAD_"));
}

TEST(World, OutlivesABrokenConnection) {
  EXPECT_EQ(::raise(SIGPIPE), 0) << "the signal would have ended this rank";
}

TEST(NodePage, IsOneForAllRanks) {
  auto page = keeper::NodePage::open(scratch_directory());
  ASSERT_TRUE(page) << page.fault().text;
  page.value().slot(world().rank()).messages_sent.store(static_cast<std::uint64_t>(world().rank()) + 100);
  meet();
  for (int rank = 0; rank < world().size(); ++rank) {
    EXPECT_EQ(page.value().slot(rank).messages_sent.load(), static_cast<std::uint64_t>(rank) + 100);
  }
}

TEST(NodePage, SaysWhatIsWrongWithItsDirectory) {
  const auto page = keeper::NodePage::open(scratch_directory() + "/nowhere");
  ASSERT_FALSE(page);
  EXPECT_THAT(page.fault().text, testing::HasSubstr("/nowhere/node-page: No such file"));
}

TEST(NodePage, CountsADeathOnce) {
  auto page = keeper::NodePage::open(scratch_directory());
  ASSERT_TRUE(page) << page.fault().text;
  const int imagined = 1000 + world().rank();
  page.value().mark_dead(imagined, 9);
  page.value().mark_dead(imagined, 11);
  EXPECT_EQ(page.value().slot(imagined).wait_status.load(), 9);
  meet();
  EXPECT_EQ(page.value().deaths(), static_cast<std::uint32_t>(world().size()));
}

}  // namespace gangway::test
