#include "tls/refusal_log.hpp"

#include "loop.hpp"

namespace gangway::tls {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

base::Instant at(std::int64_t s) {
  return base::Instant{} + base::seconds(s);
}

TEST(RefusalLog, passes_on_what_comes_seldom) {
  RememberingLog log;
  RefusalLog refusals{log, 2, base::seconds(5)};
  for (int i = 0; i < 10; ++i) {
    refusals.write("refused", at(100 + 5 * i));
  }
  EXPECT_THAT(log.lines, SizeIs(10));
}

TEST(RefusalLog, holds_a_flood_back_and_says_how_much) {
  RememberingLog log;
  RefusalLog refusals{log, 2, base::seconds(5)};
  for (int i = 0; i < 1000; ++i) {
    refusals.write("refused", at(100));
  }
  EXPECT_THAT(log.lines, SizeIs(2));
  refusals.write("again", at(105));
  EXPECT_THAT(log.lines, ElementsAre("refused", "refused", "again (998 more refusals before it were not logged)"));
  refusals.write("once more", at(109));
  EXPECT_THAT(log.lines, SizeIs(3));
}

TEST(RefusalLog, forgives_after_a_quiet_time) {
  RememberingLog log;
  RefusalLog refusals{log, 2, base::seconds(5)};
  for (int i = 0; i < 3; ++i) {
    refusals.write("refused", at(100));
  }
  log.lines.clear();
  refusals.write("a", at(1000));
  refusals.write("b", at(1000));
  refusals.write("c", at(1000));
  EXPECT_THAT(log.lines, ElementsAre("a (1 more refusals before it were not logged)", "b"));
}

}  // namespace
}  // namespace gangway::tls
