#include "client/requests.hpp"

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gmock/gmock.h>

#include "base/limits.hpp"

namespace gangway::client {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

/// The requests of a session and what they have sent.
class RequestsTest : public testing::Test {
 protected:
  void open(std::uint32_t tasks_credit, std::uint64_t bytes_credit = 1'000'000) {
    requests.open({SessionId{1}, "test", tasks_credit, bytes_credit, {{EngineId{0}, 1, "node0", 10}}});
  }

  std::shared_ptr<detail::PendingTask> add(std::size_t bytes, std::vector<EngineId> engines = {},
                                           std::shared_ptr<Module> module = nullptr) {
    Submission submission;
    submission.engines = std::move(engines);
    submission.label = "f(int)";
    submission.operation = base::SharedBytes{base::ByteVector(bytes)};
    submission.module = std::move(module);
    auto task = std::make_shared<detail::PendingTask>("f(int)");
    submission.task = task;
    task->add_parts(submission.parts(), 1);
    task->seal();
    requests.add(std::move(submission));
    return task;
  }

  std::shared_ptr<detail::PendingTask> add_key(const std::string& key) {
    auto task = std::make_shared<detail::PendingTask>("f(int)");
    task->add_parts(1, 1);
    task->seal();
    Submission submission;
    submission.task = task;
    submission.key = key;
    requests.add(std::move(submission));
    return task;
  }

  static std::shared_ptr<Module> module(std::uint8_t first_byte) {
    auto made = std::make_shared<Module>();
    made->hash[0] = first_byte;
    made->path = "libuser.so";
    made->content = base::SharedBytes::copy_of(base::bytes_of("code"));
    return made;
  }

  template <class Message>
  std::vector<Message> sent() const {
    std::vector<Message> found;
    for (const wire::ClientMessage& message : messages) {
      if (const auto* wanted = std::get_if<Message>(&message)) {
        found.push_back(*wanted);
      }
    }
    return found;
  }

  void finish(wire::RequestId request, std::uint32_t part = 0, const base::SharedBytes& result = {}) {
    ASSERT_TRUE(requests.handle(wire::TaskFinished{request, part, TaskId{100 + part}, {}, result}).ok());
  }

  std::vector<wire::ClientMessage> messages;
  Requests requests{[this](const wire::ClientMessage& message) { messages.push_back(message); }};
};

TEST_F(RequestsTest, nothing_leaves_before_the_session_is_open) {
  add(10);
  EXPECT_THAT(messages, SizeIs(0));
  open(5);
  EXPECT_THAT(sent<wire::SubmitTask>(), SizeIs(1));
}

TEST_F(RequestsTest, never_has_more_tasks_under_way_than_were_granted) {
  open(3);
  for (int i = 0; i < 5; ++i) {
    add(10);
  }
  EXPECT_THAT(sent<wire::SubmitTask>(), SizeIs(3));
  EXPECT_EQ(requests.waiting(), 2U);
  EXPECT_EQ(requests.waiting_bytes(), 32U) << "the operations and the labels, f(int)";
}

TEST_F(RequestsTest, credit_returns_with_the_acknowledgement_and_not_before) {
  open(2);
  add(10);
  add(10);
  add(10);
  finish(sent<wire::SubmitTask>()[0].request);
  EXPECT_THAT(sent<wire::SubmitTask>(), SizeIs(2));
  requests.end_turn();
  EXPECT_THAT(sent<wire::SubmitTask>(), SizeIs(3));
  ASSERT_THAT(sent<wire::Acknowledge>(), SizeIs(1));
  EXPECT_THAT(sent<wire::Acknowledge>()[0].tasks, ElementsAre(TaskId{100}));
  EXPECT_TRUE(std::holds_alternative<wire::SubmitTask>(messages.back())) << "the acknowledgement goes first";
}

TEST_F(RequestsTest, acknowledgements_leave_with_the_next_submission) {
  open(10);
  add(1);
  add(1);
  for (const wire::SubmitTask& task : sent<wire::SubmitTask>()) {
    finish(task.request);
  }
  requests.end_turn();
  EXPECT_THAT(sent<wire::Acknowledge>(), IsEmpty());
  EXPECT_TRUE(requests.owes_acknowledgements());
  add(1);
  ASSERT_THAT(sent<wire::Acknowledge>(), SizeIs(1));
  EXPECT_THAT(sent<wire::Acknowledge>()[0].tasks, SizeIs(2));
  EXPECT_TRUE(std::holds_alternative<wire::SubmitTask>(messages.back()));
  EXPECT_FALSE(requests.owes_acknowledgements());
}

TEST_F(RequestsTest, many_acknowledgements_leave_in_one_message_at_the_end_of_a_turn) {
  open(1000);
  for (int i = 0; i < 300; ++i) {
    add(1);
  }
  for (const wire::SubmitTask& task : sent<wire::SubmitTask>()) {
    finish(task.request);
  }
  requests.end_turn();
  ASSERT_THAT(sent<wire::Acknowledge>(), SizeIs(1));
  EXPECT_THAT(sent<wire::Acknowledge>()[0].tasks, SizeIs(300));
}

TEST_F(RequestsTest, large_results_are_acknowledged_at_the_end_of_a_turn) {
  open(10);
  add(1);
  finish(sent<wire::SubmitTask>()[0].request, 0, base::SharedBytes{base::ByteVector(2 * base::mib)});
  requests.end_turn();
  EXPECT_THAT(sent<wire::Acknowledge>(), SizeIs(1));
}

TEST_F(RequestsTest, bytes_are_credit_too_and_return_with_the_last_part) {
  open(100, 30);
  add(20, {EngineId{0}, EngineId{1}});
  add(20);
  EXPECT_THAT(sent<wire::SubmitTask>(), SizeIs(1));
  const wire::RequestId first = sent<wire::SubmitTask>()[0].request;
  finish(first, 1);
  requests.end_turn();
  EXPECT_THAT(sent<wire::SubmitTask>(), SizeIs(1));
  finish(first, 0);
  requests.end_turn();
  EXPECT_THAT(sent<wire::SubmitTask>(), SizeIs(2));
}

TEST_F(RequestsTest, each_part_counts_as_a_task) {
  open(3);
  add(1, {EngineId{0}, EngineId{1}});
  add(1, {EngineId{0}, EngineId{1}});
  EXPECT_THAT(sent<wire::SubmitTask>(), SizeIs(1));
  finish(sent<wire::SubmitTask>()[0].request, 0);
  requests.end_turn();
  EXPECT_THAT(sent<wire::SubmitTask>(), SizeIs(2));
}

TEST_F(RequestsTest, a_small_request_does_not_overtake_a_large_one) {
  open(10, 100);
  add(80);
  add(80);
  add(1);
  EXPECT_THAT(sent<wire::SubmitTask>(), SizeIs(1));
}

TEST_F(RequestsTest, what_exceeds_all_credit_fails_and_holds_nothing_up) {
  open(10, 100);
  const auto too_large = add(101);
  const auto fits = add(10);
  ASSERT_TRUE(too_large->ready());
  EXPECT_THAT(too_large->failure(0)->what(), HasSubstr("107 bytes"));
  EXPECT_THAT(sent<wire::SubmitTask>(), SizeIs(1));
  EXPECT_FALSE(fits->ready());
}

TEST_F(RequestsTest, a_module_is_offered_once_and_its_tasks_wait_for_it) {
  open(10);
  const auto code = module(1);
  add(1, {}, code);
  add(1, {}, code);
  ASSERT_THAT(sent<wire::OfferModule>(), SizeIs(1));
  EXPECT_EQ(sent<wire::OfferModule>()[0].size_bytes, 4U);
  EXPECT_THAT(sent<wire::SubmitTask>(), SizeIs(0));
  ASSERT_TRUE(requests.handle(wire::ModuleAnswered{sent<wire::OfferModule>()[0].request, true}).ok());
  EXPECT_THAT(sent<wire::SubmitTask>(), SizeIs(2));
  EXPECT_THAT(sent<wire::UploadModule>(), SizeIs(0));
  EXPECT_FALSE(code->content.empty()) << "the gateway may forget it";
}

TEST_F(RequestsTest, an_unknown_module_is_uploaded_once) {
  open(10);
  const auto code = module(1);
  add(1, {}, code);
  ASSERT_TRUE(requests.handle(wire::ModuleAnswered{sent<wire::OfferModule>()[0].request, false}).ok());
  add(1, {}, code);
  ASSERT_THAT(sent<wire::UploadModule>(), SizeIs(1));
  EXPECT_EQ(sent<wire::UploadModule>()[0].content.size(), 4U);
  EXPECT_THAT(sent<wire::SubmitTask>(), SizeIs(0));
  ASSERT_TRUE(requests.handle(wire::ModuleAnswered{sent<wire::UploadModule>()[0].request, true}).ok());
  EXPECT_THAT(sent<wire::SubmitTask>(), SizeIs(2));
}

TEST_F(RequestsTest, an_upload_that_found_no_room_is_offered_again) {
  open(10);
  add(1, {}, module(1));
  ASSERT_TRUE(requests.handle(wire::ModuleAnswered{sent<wire::OfferModule>()[0].request, false}).ok());
  ASSERT_TRUE(requests.handle(wire::ModuleAnswered{sent<wire::UploadModule>()[0].request, false}).ok());
  ASSERT_THAT(sent<wire::OfferModule>(), SizeIs(2));
  ASSERT_TRUE(requests.handle(wire::ModuleAnswered{sent<wire::OfferModule>()[1].request, false}).ok());
  ASSERT_THAT(sent<wire::UploadModule>(), SizeIs(2));
  ASSERT_TRUE(requests.handle(wire::ModuleAnswered{sent<wire::UploadModule>()[1].request, true}).ok());
  EXPECT_THAT(sent<wire::SubmitTask>(), SizeIs(1));
}

TEST_F(RequestsTest, returned_tasks_are_submitted_again_in_their_order_behind_their_module) {
  open(4);
  const auto code = module(1);
  add(1, {}, code);
  ASSERT_TRUE(requests.handle(wire::ModuleAnswered{sent<wire::OfferModule>()[0].request, true}).ok());
  std::vector<std::shared_ptr<detail::PendingTask>> tasks;
  for (const std::size_t bytes : {2U, 3U, 4U, 5U}) tasks.push_back(add(bytes, {}, bytes == 3 ? nullptr : code));
  const auto before = sent<wire::SubmitTask>();
  ASSERT_THAT(before, SizeIs(4)) << "the last one waits for credit";
  EXPECT_EQ(before[0].module, code->hash);
  EXPECT_EQ(before[2].module, wire::ModuleHash{});
  ASSERT_TRUE(requests.handle(wire::TaskAccepted{before[0].request, TaskId{1}, 1}).ok());
  for (std::size_t i = 1; i < 4; ++i) ASSERT_TRUE(requests.handle(wire::TaskReturned{before[i].request}).ok());
  ASSERT_THAT(sent<wire::OfferModule>(), SizeIs(2)) << "once, whatever comes back";
  EXPECT_THAT(sent<wire::SubmitTask>(), SizeIs(4));
  EXPECT_EQ(requests.waiting(), 4U);
  EXPECT_EQ(requests.waiting_bytes(), 4 * (before[0].label.size()) + 2 + 3 + 4 + 5);
  ASSERT_TRUE(requests.handle(wire::ModuleAnswered{sent<wire::OfferModule>()[1].request, false}).ok());
  ASSERT_THAT(sent<wire::UploadModule>(), SizeIs(1));
  EXPECT_EQ(sent<wire::UploadModule>()[0].content.size(), 4U);
  ASSERT_TRUE(requests.handle(wire::ModuleAnswered{sent<wire::UploadModule>()[0].request, true}).ok());
  finish(before[0].request);
  requests.acknowledge();
  const auto after = sent<wire::SubmitTask>();
  ASSERT_THAT(after, SizeIs(8));
  for (std::size_t i = 4; i < 8; ++i) EXPECT_EQ(after[i].operation.size(), i - 2) << "in the order of submission";
  for (std::size_t i = 4; i < 8; ++i) finish(after[i].request);
  for (const auto& task : tasks) EXPECT_TRUE(task->ready());
}

TEST_F(RequestsTest, a_refused_module_fails_its_tasks_and_no_others) {
  open(10);
  const auto needs_it = add(1, {}, module(1));
  const auto other = add(1, {}, module(2));
  ASSERT_TRUE(requests.handle(wire::Refused{sent<wire::OfferModule>()[0].request, "no room"}).ok());
  ASSERT_TRUE(needs_it->ready());
  EXPECT_THAT(needs_it->failure(0)->what(), HasSubstr("did not take the module libuser.so: no room"));
  ASSERT_THAT(sent<wire::OfferModule>(), SizeIs(2));
  ASSERT_TRUE(requests.handle(wire::ModuleAnswered{sent<wire::OfferModule>()[1].request, true}).ok());
  EXPECT_THAT(sent<wire::SubmitTask>(), SizeIs(1));
  EXPECT_FALSE(other->ready());
}

TEST_F(RequestsTest, a_refusal_is_an_error_of_all_parts_and_returns_the_credit) {
  open(2);
  const auto refused = add(1, {EngineId{7}, EngineId{8}});
  add(1);
  ASSERT_TRUE(requests.handle(wire::Refused{sent<wire::SubmitTask>()[0].request, "there is no engine 7"}).ok());
  ASSERT_TRUE(refused->ready());
  EXPECT_EQ(refused->failure(1)->kind(), FailureKind::refused);
  EXPECT_STREQ(refused->failure(0)->what(), "refused: there is no engine 7 (f(int))");
  EXPECT_THAT(sent<wire::SubmitTask>(), SizeIs(2));
}

TEST_F(RequestsTest, questions_are_asked_again_when_the_connection_ended) {
  Inquiry inquiry{wire::FetchResult{{}, TaskId{7}}, {}};
  auto answer = inquiry.answer.get_future();
  requests.ask(std::move(inquiry));
  EXPECT_THAT(messages, IsEmpty());
  open(1);
  requests.disconnected();
  open(1);
  const auto asked = sent<wire::FetchResult>();
  ASSERT_THAT(asked, SizeIs(2));
  EXPECT_EQ(asked[1].task, TaskId{7});
  EXPECT_LT(asked[0].request, asked[1].request);
  wire::ResultFetched fetched;
  fetched.request = asked[0].request;
  fetched.signature = "s";
  EXPECT_FALSE(requests.handle(fetched).ok());
  fetched.request = asked[1].request;
  ASSERT_TRUE(requests.handle(fetched).ok());
  EXPECT_EQ(std::get<wire::ResultFetched>(answer.get()).signature, "s");
}

TEST_F(RequestsTest, a_question_that_is_refused_is_an_error) {
  open(1);
  Inquiry inquiry{wire::QueryTasks{}, {}};
  auto answer = inquiry.answer.get_future();
  requests.ask(std::move(inquiry));
  ASSERT_TRUE(requests.handle(wire::Refused{sent<wire::QueryTasks>()[0].request, "not for you"}).ok());
  EXPECT_THROW(answer.get(), Error);
}

TEST_F(RequestsTest, a_module_that_nobody_has_any_more_fails_what_needs_it_and_nothing_else) {
  open(10);
  const auto gone = module(1);
  gone->content = {};
  const auto again = add(1, {}, gone);
  const auto other = add(1);
  ASSERT_TRUE(requests.handle(wire::ModuleAnswered{sent<wire::OfferModule>()[0].request, false}).ok());
  ASSERT_TRUE(again->ready());
  EXPECT_THAT(again->failure(0)->what(), HasSubstr("does not have the module libuser.so any more"));
  EXPECT_THAT(sent<wire::SubmitTask>(), SizeIs(1));
  EXPECT_FALSE(other->ready());
  add(1, {}, module(1));
  EXPECT_THAT(sent<wire::OfferModule>(), SizeIs(2)) << "who has it can bring it";
}

TEST_F(RequestsTest, answers_that_nobody_waits_for_break_the_protocol) {
  open(10);
  add(1);
  const wire::RequestId request = sent<wire::SubmitTask>()[0].request;
  EXPECT_FALSE(requests.handle(wire::TaskFinished{wire::RequestId{99}, 0, TaskId{1}, {}, {}}).ok());
  EXPECT_FALSE(requests.handle(wire::TaskFinished{request, 1, TaskId{1}, {}, {}}).ok());
  EXPECT_FALSE(requests.handle(wire::TaskAccepted{request, TaskId{1}, 2}).ok());
  EXPECT_FALSE(requests.handle(wire::TaskReturned{wire::RequestId{99}}).ok());
  ASSERT_TRUE(requests.handle(wire::TaskAccepted{request, TaskId{1}, 1}).ok());
  EXPECT_FALSE(requests.handle(wire::TaskReturned{request}).ok()) << "it was accepted";
  EXPECT_FALSE(requests.handle(wire::ModuleAnswered{request, true}).ok());
  EXPECT_FALSE(requests.handle(wire::ClusterState{request, {}, 0, 0, 0, 0}).ok());
  EXPECT_FALSE(requests.handle(wire::Refused{wire::RequestId{99}, "?"}).ok());
  finish(request);
  EXPECT_FALSE(requests.handle(wire::TaskFinished{request, 0, TaskId{1}, {}, {}}).ok());
}

TEST_F(RequestsTest, a_part_that_finishes_twice_breaks_the_protocol) {
  open(10);
  add(1, {EngineId{0}, EngineId{1}});
  const wire::RequestId request = sent<wire::SubmitTask>()[0].request;
  finish(request, 0);
  EXPECT_FALSE(requests.handle(wire::TaskFinished{request, 0, TaskId{1}, {}, {}}).ok());
}

TEST_F(RequestsTest, the_end_of_the_connection_fails_all_that_is_not_finished) {
  open(1);
  const auto under_way = add(1);
  const auto waiting = add(1);
  requests.fail_all("the gateway is gone");
  for (const auto& task : {under_way, waiting}) {
    ASSERT_TRUE(task->ready());
    EXPECT_THROW((void)task->failure(0), ConnectionError);
  }
  EXPECT_EQ(requests.waiting(), 0U);
}

TEST_F(RequestsTest, a_key_leaves_again_only_when_its_first_answer_has_come) {
  open(10);
  add_key("k");
  const auto second = add_key("k");
  ASSERT_THAT(sent<wire::SubmitTask>(), SizeIs(1));
  const wire::RequestId first = sent<wire::SubmitTask>()[0].request;
  ASSERT_TRUE(requests.handle(wire::TaskAccepted{first, TaskId{7}, 1}));
  ASSERT_TRUE(requests.handle(wire::TaskFinished{first, 0, TaskId{7}, {}, base::SharedBytes{}}));
  requests.end_turn();
  EXPECT_THAT(sent<wire::SubmitTask>(), SizeIs(2)) << "now the gateway has its answer for whoever asks";
  EXPECT_FALSE(second->ready());
}

TEST_F(RequestsTest, the_answer_to_the_process_before_may_come_after_its_task_was_taken_over) {
  requests.open({SessionId{1}, "test", 10, 1'000'000, {}, true, 2});
  const wire::RequestId of_another{1};
  ASSERT_TRUE(requests.handle(wire::TaskAccepted{of_another, TaskId{7}, 1, 1, 20}));
  ASSERT_TRUE(requests.handle(wire::SessionResumed{}));
  const auto task = add_key("k");
  const wire::RequestId mine = sent<wire::SubmitTask>().at(0).request;
  ASSERT_TRUE(requests.handle(wire::TaskAccepted{mine, TaskId{7}, 1}));
  EXPECT_TRUE(requests.handle(wire::TaskFinished{of_another, 0, TaskId{7}, {}, base::SharedBytes{}}));
  EXPECT_FALSE(task->ready());
  EXPECT_TRUE(requests.handle(wire::TaskFinished{mine, 0, TaskId{7}, {}, base::SharedBytes{}}));
  EXPECT_TRUE(task->ready());
}

TEST_F(RequestsTest, two_processes_of_a_session_use_no_number_twice) {
  requests.open({SessionId{1}, "test", 10, 1'000'000, {}, false, 3});
  add(10);
  EXPECT_EQ(sent<wire::SubmitTask>().at(0).request.value() >> 32U, 3U) << "the number of the opening is in it";
}

}  // namespace
}  // namespace gangway::client
