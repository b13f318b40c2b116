#include "client/swept_list.hpp"

#include <algorithm>
#include <memory>
#include <vector>

#include <gmock/gmock.h>

namespace gangway::client {
namespace {

struct Thing {
  std::shared_ptr<int> needed;

  [[nodiscard]] bool is_void() const { return needed.use_count() == 1; }
};

TEST(SweptListTest, what_is_needed_stays_and_what_is_not_does_not_pile_up) {
  SweptList<Thing> list;
  std::vector<Thing> swept;
  std::vector<std::shared_ptr<int>> needed;
  for (int i = 0; i < 1000; ++i) {
    auto number = std::make_shared<int>(i);
    list.add({number}, swept);
    if (i % 10 == 0) {
      needed.push_back(std::move(number));
    }
    ASSERT_LE(list.size(), 2 * needed.size() + 16);
  }
  EXPECT_EQ(list.size() + swept.size(), 1000U) << "the caller destroys what was taken out";
  std::vector<int> kept;
  for (const Thing& thing : list.take_all()) {
    if (!thing.is_void()) {
      kept.push_back(*thing.needed);
    }
  }
  EXPECT_EQ(kept.size(), needed.size());
  EXPECT_TRUE(std::is_sorted(kept.begin(), kept.end())) << "in the order in which they came";
  EXPECT_TRUE(list.empty());
}

TEST(SweptListTest, one_takes_all_of_another) {
  const auto needed = std::make_shared<int>();
  for (const auto& [mine, others] : {std::pair{3, 40}, std::pair{40, 3}, std::pair{0, 0}}) {
    SweptList<Thing> list;
    SweptList<Thing> other;
    std::vector<Thing> swept;
    for (int i = 0; i < mine; ++i) {
      list.add({needed}, swept);
    }
    for (int i = 0; i < others; ++i) {
      other.add({needed}, swept);
    }
    list.take_from(other, swept);
    EXPECT_TRUE(other.empty());
    EXPECT_EQ(static_cast<int>(list.size()), mine + others);
    EXPECT_TRUE(swept.empty());
  }
}

}  // namespace
}  // namespace gangway::client
