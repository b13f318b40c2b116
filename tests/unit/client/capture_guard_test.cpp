// What a closure holds: numbers pass, addresses of this process do not.
#include "client/capture_guard.hpp"

#include <array>
#include <memory>

#include <gtest/gtest.h>

namespace gangway::client {
namespace {

template <class Closure>
std::optional<std::size_t> address_in(const Closure& closure) {
  CaptureGuard guard;
  return guard.address_in(std::as_bytes(std::span{&closure, 1}));
}

int global = 5;

TEST(CaptureGuardTest, numbers_pass) {
  EXPECT_EQ(address_in([x = 1.5, n = 3, k = -7L, huge = ~0ULL] {
              return x + n + static_cast<double>(k) + static_cast<double>(huge);
            }),
            std::nullopt);
  EXPECT_EQ(address_in([n = 4'200'000L] { return n; }), std::nullopt) << "where programs without PIE lie";
  EXPECT_EQ(address_in([a = 5, b = 7] { return a + b; }), std::nullopt) << "two numbers in one word";
  EXPECT_EQ(address_in([c = 'c'] { return c; }), std::nullopt) << "less than a word";
}

TEST(CaptureGuardTest, references_and_pointers_are_found_wherever_they_lie) {
  int local = 3;
  const auto heap = std::make_unique<std::array<double, 1000>>();
  EXPECT_EQ(address_in([&local] { return local; }), 0U);
  EXPECT_EQ(address_in([n = 1L, p = heap->data()] { return p[n]; }), 1U);
  EXPECT_EQ(address_in([p = &global] { return *p; }), 0U);
  EXPECT_EQ(address_in([text = "a literal"] { return text[0]; }), 0U);
  EXPECT_EQ(address_in([f = &std::abort] { f(); }), 0U);
}

TEST(CaptureGuardTest, a_word_that_only_looks_like_an_address_passes) {
  EXPECT_EQ(address_in([n = 0x1234'5678'9000L] { return n; }), std::nullopt);
}

}  // namespace
}  // namespace gangway::client
