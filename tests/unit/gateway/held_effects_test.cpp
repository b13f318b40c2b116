#include "gateway/held_effects.hpp"

#include <optional>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

namespace gangway::gateway {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

core::Record record(std::uint64_t number, std::size_t bytes = 0) {
  core::TaskAccepted fact;
  fact.operation = base::SharedBytes{base::ByteVector(bytes)};
  return {number, fact};
}

/// Effects with these records, recognised by the connection that they close.
core::Effects effects(std::uint64_t mark, std::vector<core::Record> records) {
  core::Effects made;
  made.journal = std::move(records);
  made.to_close.push_back(core::ConnectionId{mark});
  return made;
}

void hold(HeldEffects& held, core::Effects made) {
  const RecordsWeight records = weigh(made.journal);
  made.journal = {};
  held.hold(std::move(made), records);
}

/// The marks of all that may leave.
std::vector<std::uint64_t> released(HeldEffects& held, std::uint64_t durable_number) {
  std::vector<std::uint64_t> marks;
  while (const std::optional<core::Effects> left = held.release(durable_number)) {
    EXPECT_THAT(left->journal, IsEmpty()) << "the store has them";
    marks.push_back(left->to_close.at(0).value());
  }
  return marks;
}

TEST(HeldEffectsTest, LeaveWhenTheirLastRecordIsDurableAndNotBefore) {
  HeldEffects held;
  hold(held, effects(1, {record(11), record(12)}));
  hold(held, effects(2, {record(13)}));
  EXPECT_THAT(released(held, 10), IsEmpty());
  EXPECT_THAT(released(held, 11), IsEmpty());
  EXPECT_THAT(released(held, 12), ElementsAre(1));
  EXPECT_FALSE(held.empty());
  EXPECT_THAT(released(held, 13), ElementsAre(2));
  EXPECT_TRUE(held.empty());
  EXPECT_THAT(released(held, 14), IsEmpty());
}

TEST(HeldEffectsTest, WithoutRecordsDoNotOvertake) {
  HeldEffects held;
  hold(held, effects(1, {record(5)}));
  hold(held, effects(2, {}));
  hold(held, effects(3, {record(6)}));
  hold(held, effects(4, {}));
  EXPECT_THAT(released(held, 4), IsEmpty());
  EXPECT_THAT(released(held, 5), ElementsAre(1, 2));
  EXPECT_THAT(released(held, 6), ElementsAre(3, 4));
}

TEST(HeldEffectsTest, AreFullByRecordsUntilHalfOfThemHasLeft) {
  HeldEffects held{{.records_max = 4, .bytes_max = base::mib}};
  for (std::uint64_t number = 1; number <= 4; ++number) hold(held, effects(number, {record(number)}));
  EXPECT_FALSE(held.is_full());
  hold(held, effects(5, {record(5)}));
  EXPECT_TRUE(held.is_full());
  released(held, 2);
  EXPECT_TRUE(held.is_full()) << "three are left";
  released(held, 3);
  EXPECT_FALSE(held.is_full());
}

TEST(HeldEffectsTest, AreFullByBytesOfOperationsResultsAndModules) {
  const auto full_with = [](core::Fact fact) {
    HeldEffects held{{.records_max = 100, .bytes_max = 64 * base::kib}};
    hold(held, effects(1, {{1, std::move(fact)}}));
    const bool was_full = held.is_full();
    released(held, 1);
    EXPECT_FALSE(held.is_full());
    return was_full;
  };
  const base::SharedBytes large{base::ByteVector(100 * base::kib)};
  EXPECT_TRUE(full_with(record(1, 100 * base::kib).fact));
  EXPECT_TRUE(full_with(core::TaskSettled{{}, {}, large}));
  EXPECT_TRUE(full_with(core::ModuleStored{{}, large}));
  EXPECT_FALSE(full_with(core::TaskForgotten{}));
}

TEST(TakeWhatNeedNotWait, TakesSignsOfLifeAndLeavesWhatARestartMightForget) {
  const core::ConnectionId client{1};
  core::Effects all;
  all.to_clients = {{client, wire::TaskAccepted{}},
                    {client, wire::Pong{7}},
                    {client, wire::TaskFinished{}},
                    {client, wire::ClusterState{}},
                    {client, wire::Welcome{}}};
  const std::vector<core::SendToClient> taken{{client, wire::Pong{7}}, {client, wire::ClusterState{}}};
  EXPECT_EQ(take_what_need_not_wait(all), taken);
  const std::vector<core::SendToClient> left{
      {client, wire::TaskAccepted{}}, {client, wire::TaskFinished{}}, {client, wire::Welcome{}}};
  EXPECT_EQ(all.to_clients, left);
}

}  // namespace
}  // namespace gangway::gateway
