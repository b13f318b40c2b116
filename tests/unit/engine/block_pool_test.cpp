#include "engine/block_pool.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace gangway::engine {
namespace {

/// An arena of its own for each test.
class BlockPoolTest : public testing::Test {
 protected:
  static keeper::Arena make_arena(std::uint64_t bytes) {
    base::Result<os::Descriptor> memory = keeper::Arena::create(bytes);
    EXPECT_TRUE(memory.ok());
    base::Result<keeper::Arena> arena = keeper::Arena::map(memory.value().get(), keeper::arena_base);
    EXPECT_TRUE(arena.ok()) << arena.fault().text;
    return std::move(arena).value();
  }

  keeper::Arena arena_ = make_arena(1 << 20);
  BlockPool pool_{arena_};
};

TEST_F(BlockPoolTest, BlocksBeginOn64ByteBoundariesAndDoNotOverlap) {
  const BlockPtr a = pool_.take(1);
  const BlockPtr b = pool_.take(65);
  const BlockPtr c = pool_.take(0);
  EXPECT_EQ(a->range().offset % 64, 0U);
  EXPECT_EQ(b->range().offset % 64, 0U);
  EXPECT_GE(b->range().offset, a->range().offset + 64);
  EXPECT_GE(c->range().offset, b->range().offset + 128);
  EXPECT_EQ(pool_.used_bytes(), 64U + 128U + 64U);
}

TEST_F(BlockPoolTest, GivesTheSamePagesAgain) {
  BlockPtr first = pool_.take(4096);
  const std::uint64_t offset = first->range().offset;
  first.reset();
  EXPECT_EQ(pool_.take(4096)->range().offset, offset);
}

TEST_F(BlockPoolTest, JoinsNeighboursSoThatTheWholeCanBeTakenAgain) {
  std::vector<BlockPtr> blocks;
  for (int i = 0; i < 16; ++i) blocks.push_back(pool_.take(1 << 16));
  EXPECT_EQ(pool_.take(1), nullptr);
  std::shuffle(blocks.begin(), blocks.end(), std::mt19937{7});
  blocks.clear();
  EXPECT_EQ(pool_.used_bytes(), 0U);
  EXPECT_NE(pool_.take(1 << 20), nullptr);
}

TEST_F(BlockPoolTest, SaysNoWhenThereIsNoRoom) {
  EXPECT_EQ(pool_.take((1 << 20) + 1), nullptr);
  EXPECT_EQ(pool_.take(~std::uint64_t{0}), nullptr);
  EXPECT_EQ(pool_.used_bytes(), 0U);
}

TEST_F(BlockPoolTest, SurvivesRandomUseWithoutOverlapOrLoss) {
  std::mt19937 random{42};
  std::vector<BlockPtr> held;
  for (int step = 0; step < 20'000; ++step) {
    if (held.size() < 40 && random() % 2 == 0) {
      if (BlockPtr block = pool_.take(random() % 30'000)) {
        for (const BlockPtr& other : held) {
          const bool apart = block->range().offset + block->range().bytes <= other->range().offset ||
                             other->range().offset + other->range().bytes <= block->range().offset;
          ASSERT_TRUE(apart);
        }
        held.push_back(std::move(block));
      }
    } else if (!held.empty()) {
      held.erase(held.begin() + static_cast<std::ptrdiff_t>(random() % held.size()));
    }
  }
  held.clear();
  EXPECT_EQ(pool_.used_bytes(), 0U);
}

}  // namespace
}  // namespace gangway::engine
