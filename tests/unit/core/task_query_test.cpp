// Questions about tasks that the store answers.
#include <gmock/gmock.h>

#include "unit/core/controller_fixture.hpp"

namespace gangway::core {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

using TaskQueries = ControllerTest;

TEST_F(TaskQueries, ArePassedOnToTheStore) {
  const ConnectionId observer = client(Role::observe);
  const wire::QueryTasks query{next_request(observer), {}};
  says(observer, query);
  EXPECT_EQ(effects().questions, (std::vector<AskStore>{{observer, query}}));
  EXPECT_THAT(effects().journal, IsEmpty());
}

TEST_F(TaskQueries, ThatGiveOrRemoveWhatWasComputedAreNotForObservers) {
  const ConnectionId submitter = client();
  submits(submitter);
  const ConnectionId observer = client(Role::observe);
  says(observer, wire::FetchResult{next_request(observer), TaskId{1}});
  says(observer, wire::FetchOperation{next_request(observer), TaskId{1}});
  says(observer, wire::ForgetTasks{next_request(observer), {TaskId{1}}, false});
  EXPECT_THAT(effects().questions, IsEmpty());
  EXPECT_THAT(effects().journal, IsEmpty());
  EXPECT_THAT(heard<wire::Refused>(observer), SizeIs(3));
  says(submitter, wire::FetchResult{next_request(submitter), TaskId{1}});
  EXPECT_THAT(effects().questions, SizeIs(1));
  says(submitter, wire::FetchOperation{next_request(submitter), TaskId{1}});
  EXPECT_THAT(effects().questions, SizeIs(1));
}

TEST_F(TaskQueries, AboutTasksThatNeverWereAreRefused) {
  const ConnectionId id = client();
  submits(id);
  for (const std::uint64_t task : {0, 2}) {
    says(id, wire::FetchResult{next_request(id), TaskId{task}});
    EXPECT_THAT(effects().questions, IsEmpty());
    EXPECT_THAT(heard<wire::Refused>(id).back().reason, HasSubstr("there never was a task " + std::to_string(task)));
  }
}

TEST_F(TaskQueries, ThatForgetAreARecordForTheStore) {
  const ConnectionId id = client();
  const wire::RequestId request = next_request(id);
  says(id, wire::ForgetTasks{request, {TaskId{1}, TaskId{2}}, false});
  ASSERT_THAT(effects().journal, SizeIs(1));
  EXPECT_EQ(effects().journal[0].fact, (Fact{HistoryErased{{TaskId{1}, TaskId{2}}, false}}));
  EXPECT_EQ(heard<wire::TasksForgotten>(id).at(0).request, request);
}

TEST_F(TaskQueries, OfTooManyIdsAreRefused) {
  const ConnectionId id = client();
  const std::vector<TaskId> many(wire::filter_tasks_max + 1, TaskId{1});
  says(id, wire::ForgetTasks{next_request(id), many, false});
  wire::TaskFilter filter;
  filter.tasks = many;
  says(id, wire::QueryTasks{next_request(id), filter});
  EXPECT_THAT(effects().journal, IsEmpty());
  EXPECT_THAT(effects().questions, IsEmpty());
  EXPECT_THAT(heard<wire::Refused>(id), SizeIs(2));
}

}  // namespace
}  // namespace gangway::core
