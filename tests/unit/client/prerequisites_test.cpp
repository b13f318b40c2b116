// What leaves of a task that is to follow others: what has ended in this process is judged here.
#include "client/prerequisites.hpp"

#include <memory>
#include <vector>

#include <gmock/gmock.h>

#include "client/pending_task.hpp"

namespace gangway::client {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using wire::Condition;

class PrerequisitesTest : public testing::Test {
 protected:
  /// A task of two parts, submitted with request 7.
  PrerequisitesTest() {
    task->add_parts(2, 1);
    task->seal();
    task->submitted(0, 2, wire::RequestId{7});
  }

  void succeeds(std::uint32_t part) {
    task->finished(part, {wire::RequestId{7}, part, TaskId{10 + part}, {}, base::SharedBytes{}}, nullptr);
  }
  void fails(std::uint32_t part) {
    task->finished(part, {wire::RequestId{7}, part, TaskId{10 + part}, {}, wire::Failure{}}, nullptr);
  }
  OpenPrerequisites open(Condition condition) const { return open_prerequisites({{condition, task}}); }

  std::shared_ptr<detail::PendingTask> task = std::make_shared<detail::PendingTask>("f(int)");
};

TEST_F(PrerequisitesTest, are_named_by_their_request_until_the_id_is_known) {
  EXPECT_THAT(open(Condition::succeeded).after,
              ElementsAre(wire::Prerequisite{Condition::succeeded,
                                             {{{}, wire::RequestId{7}, 0}, {{}, wire::RequestId{7}, 1}}}));
  task->accepted(0, TaskId{10});
  EXPECT_EQ(open(Condition::succeeded).after.front().parts.front().task, TaskId{10});
}

TEST_F(PrerequisitesTest, leave_out_what_has_succeeded) {
  succeeds(0);
  EXPECT_THAT(open(Condition::succeeded).after.front().parts, SizeIs(1));
  succeeds(1);
  EXPECT_THAT(open(Condition::succeeded).after, IsEmpty());
  EXPECT_THAT(open(Condition::ended).after, IsEmpty());
}

TEST_F(PrerequisitesTest, that_have_failed_are_missed_at_once_and_named) {
  fails(1);
  EXPECT_EQ(open(Condition::succeeded).missed, "it was to follow f(int), which failed");
  task->accepted(0, TaskId{10});
  EXPECT_THAT(open(Condition::succeeded).missed, HasSubstr("task 10 (f(int))"));
}

TEST_F(PrerequisitesTest, that_must_fail_need_one_failure_of_all) {
  fails(0);
  EXPECT_EQ(open(Condition::failed).after.front().condition, Condition::ended) << "the other may do as it likes";
  succeeds(1);
  EXPECT_THAT(open(Condition::failed).after, IsEmpty());
  EXPECT_THAT(open(Condition::failed).missed, IsEmpty());
}

TEST_F(PrerequisitesTest, that_must_fail_are_missed_when_all_have_succeeded) {
  succeeds(0);
  EXPECT_EQ(open(Condition::failed).after.front().condition, Condition::failed);
  succeeds(1);
  EXPECT_THAT(open(Condition::failed).missed, HasSubstr("only if that failed"));
}

TEST_F(PrerequisitesTest, have_other_numbers_when_they_were_submitted_again) {
  task->accepted(0, TaskId{10});
  task->submitted(0, 2, wire::RequestId{9});
  EXPECT_EQ(open(Condition::ended).after.front().parts.front(), (wire::PartRef{{}, wire::RequestId{9}, 0}));
}

}  // namespace
}  // namespace gangway::client
