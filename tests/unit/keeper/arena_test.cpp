#include "keeper/arena.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <limits>

#include "forked.hpp"

namespace gangway::keeper {
namespace {

constexpr std::uint64_t arena_bytes = 64 * 1024;

TEST(Arena, LiesAtTheSameAddressInAnotherProcessAndSharesItsBytes) {
  const os::Descriptor memory = Arena::create(arena_bytes).value();
  Forked writer{[&] {
    const Arena arena = Arena::map(memory.get(), arena_base).value();
    auto* const there = reinterpret_cast<char*>(arena_base) + 100;
    std::memcpy(there, "from the child", sizeof "from the child");
    return arena.base() == reinterpret_cast<std::byte*>(arena_base) ? 0 : 1;
  }};
  EXPECT_EQ(writer.exit_code(), 0);
  const Arena arena = Arena::map(memory.get(), arena_base).value();
  EXPECT_EQ(arena.bytes(), arena_bytes);
  EXPECT_STREQ(reinterpret_cast<char*>(arena.at(100, 15)->data()), "from the child");
}

TEST(Arena, OutlivesAProcessThatIsKilled) {
  const os::Descriptor memory = Arena::create(arena_bytes).value();
  Forked writer{[&] {
    const Arena arena = Arena::map(memory.get(), arena_base).value();
    arena.base()[7] = std::byte{42};
    ::raise(SIGKILL);
    return 0;
  }};
  writer.wait();
  const Arena arena = Arena::map(memory.get(), arena_base).value();
  EXPECT_EQ(arena.base()[7], std::byte{42});
}

TEST(Arena, GivesOutOnlyWhatLiesInside) {
  const os::Descriptor memory = Arena::create(arena_bytes).value();
  const Arena arena = Arena::map(memory.get(), arena_base).value();
  EXPECT_EQ(arena.at(0, arena_bytes)->size(), arena_bytes);
  EXPECT_TRUE(arena.at(arena_bytes, 0));
  EXPECT_FALSE(arena.at(arena_bytes, 1));
  EXPECT_FALSE(arena.at(1, arena_bytes));
  EXPECT_FALSE(arena.at(arena_bytes + 1, 0));
  constexpr auto huge = std::numeric_limits<std::uint64_t>::max();
  EXPECT_FALSE(arena.at(8, huge));
  EXPECT_FALSE(arena.at(huge, 8));
}

TEST(Arena, TellsItsOwnPointersFromOthers) {
  const os::Descriptor memory = Arena::create(arena_bytes).value();
  const Arena arena = Arena::map(memory.get(), arena_base).value();
  EXPECT_EQ(arena.offset_of(arena.base() + 64, 10), 64U);
  EXPECT_FALSE(arena.offset_of(arena.base() + 64, arena_bytes));
  EXPECT_FALSE(arena.offset_of(arena.base() - 1, 1));
  const int elsewhere = 0;
  EXPECT_FALSE(arena.offset_of(&elsewhere, sizeof(elsewhere)));
}

TEST(Arena, IsNeverMappedOverSomethingElse) {
  const os::Descriptor memory = Arena::create(arena_bytes).value();
  const Arena first = Arena::map(memory.get(), arena_base).value();
  const auto second = Arena::map(memory.get(), arena_base);
  ASSERT_FALSE(second);
  EXPECT_NE(second.fault().text.find("something else is there"), std::string::npos) << second.fault().text;
}

TEST(Arena, CannotBeCutByWhoHoldsItsDescriptor) {
  const os::Descriptor memory = Arena::create(arena_bytes).value();
  EXPECT_NE(::ftruncate(memory.get(), 0), 0);
  EXPECT_NE(::fcntl(memory.get(), F_ADD_SEALS, F_SEAL_WRITE), 0);
}

TEST(Arena, CostsNothingUntilItIsTouched) {
  const auto memory = Arena::create(std::uint64_t{1} << 40);
  ASSERT_TRUE(memory) << memory.fault().text;
#if !defined(__SANITIZE_THREAD__)  // TSan has no room for it
  const auto arena = Arena::map(memory.value().get(), arena_base);
  ASSERT_TRUE(arena) << arena.fault().text;
  arena.value().base()[arena.value().bytes() - 1] = std::byte{1};
#endif
}

}  // namespace
}  // namespace gangway::keeper
