// How records become transactions.
#include <cstdint>
#include <memory>
#include <vector>

#include "base/limits.hpp"
#include "unit/journal/journal_fixture.hpp"

namespace gangway::journal {
namespace {

using testing::ElementsAre;

using JournalWriteTest = JournalFixture;

TEST_F(JournalWriteTest, LargePayloadsAreWrittenInSeveralSoThatTheFirstFitWhenAllDoNot) {
  std::vector<std::uint64_t> durable;
  std::unique_ptr<Journal> journal;
  journal = Journal::open({.file = file(), .moved = [&] { durable.push_back(journal->durable_number()); }}).value();
  std::vector<core::Record> records{{1, core::SessionOpened{SessionId{1}}}};
  for (std::uint64_t task = 1; task <= 5; ++task) records.push_back({task + 1, accepted(task, {}, 10 * base::mib)});
  journal->append(records);
  ASSERT_TRUE(journal->close().ok());
  EXPECT_THAT(durable, ElementsAre(3, 5, 6));
}

}  // namespace
}  // namespace gangway::journal
