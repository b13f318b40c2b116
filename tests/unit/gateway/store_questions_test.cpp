#include "gateway/store_questions.hpp"

#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gmock/gmock.h>

#include "wire/codec.hpp"

namespace gangway::gateway {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

/// Of a store that cannot be read.
class BrokenStore final : public core::Store {
 public:
  void append(std::vector<core::Record>) override {}
  [[nodiscard]] std::uint64_t durable_number() const override { return 0; }
  void replay(const std::function<void(const core::Record&)>&) const override {}
  [[nodiscard]] std::optional<core::KeptTask> find_kept(SessionId, const std::string&) const override { return {}; }
  [[nodiscard]] std::vector<core::TaskAccepted> parked(const core::ReadParked&) const override { return {}; }
  [[nodiscard]] std::optional<TaskId> find_parked(SessionId, const wire::PartRef&) const override { return {}; }
  [[nodiscard]] std::optional<core::TaskSettled> answer(TaskId) const override { return {}; }
  [[nodiscard]] std::optional<base::SharedBytes> environment(const std::string&) const override { return {}; }
  [[nodiscard]] core::TaskPage tasks(const wire::TaskFilter&) const override {
    throw std::runtime_error{"the disk is gone"};
  }
  [[nodiscard]] std::optional<wire::Outcome> outcome(TaskId) const override { return {}; }
  [[nodiscard]] std::optional<core::StoredOperation> operation(TaskId) const override { return {}; }
};

class StoreQuestionsTest : public testing::Test {
 protected:
  static constexpr core::ConnectionId one{1};

  void SetUp() override {
    core::TaskAccepted accepted;
    accepted.session = SessionId{1};
    accepted.first_task = TaskId{1};
    accepted.label = "cost";
    accepted.operation = base::SharedBytes{wire::encode_operation(wire::Call{{{}, 0, "cost", "signature"}, {}}, 4)};
    core::TaskAccepted waiting = accepted;
    waiting.first_task = TaskId{2};
    core::TaskSettled settled;
    settled.task = TaskId{1};
    settled.outcome = base::SharedBytes::copy_of(base::bytes_of("result"));
    const std::vector<core::Record> records{
        {1, core::SessionOpened{SessionId{1}}}, {2, accepted}, {3, waiting}, {4, settled}};
    store.append(records);
  }
  void ask(wire::ClientMessage question) { questions.add({one, std::move(question)}); }
  template <class Message>
  [[nodiscard]] Message answer(wire::ClientMessage question) {
    ask(std::move(question));
    EXPECT_TRUE(questions.answer_some());
    return std::get<Message>(sent.back());
  }

  core::MemoryStore store;
  std::map<core::ConnectionId, std::size_t> queued{{one, 0}};
  std::vector<wire::GatewayMessage> sent;
  QuestionPorts ports{
      [this](core::ConnectionId connection) -> std::optional<std::size_t> {
        const auto found = queued.find(connection);
        return found == queued.end() ? std::nullopt : std::optional{found->second};
      },
      [this](core::ConnectionId, wire::GatewayMessage message) { sent.push_back(std::move(message)); }};
  StoreQuestions questions{store, ports};
};

TEST_F(StoreQuestionsTest, AreAnsweredFromTheStore) {
  const auto listed = answer<wire::TasksListed>(wire::QueryTasks{wire::RequestId{1}, {}});
  EXPECT_EQ(listed.request, wire::RequestId{1});
  EXPECT_THAT(listed.rows, SizeIs(2));
  const auto fetched = answer<wire::ResultFetched>(wire::FetchResult{wire::RequestId{2}, TaskId{1}});
  EXPECT_EQ(fetched.row.state, wire::TaskState::succeeded);
  EXPECT_EQ(fetched.signature, "signature");
  EXPECT_EQ(std::get<base::SharedBytes>(fetched.outcome).size(), 6U);
  const auto unfinished = answer<wire::ResultFetched>(wire::FetchResult{wire::RequestId{3}, TaskId{2}});
  EXPECT_EQ(unfinished.row.state, wire::TaskState::waiting);
  const auto operation = answer<wire::OperationFetched>(wire::FetchOperation{wire::RequestId{4}, TaskId{2}});
  EXPECT_EQ(operation.label, "cost");
  EXPECT_THAT(operation.engines, IsEmpty());
}

TEST_F(StoreQuestionsTest, AboutWhatIsNotKeptAreRefusedWithTheReason) {
  const auto refused = answer<wire::Refused>(wire::FetchResult{wire::RequestId{1}, TaskId{7}});
  EXPECT_EQ(refused.request, wire::RequestId{1});
  EXPECT_THAT(refused.reason,
              AllOf(HasSubstr("the result of task 7 is not kept any more"), HasSubstr("history_age")));
  EXPECT_THAT(answer<wire::Refused>(wire::FetchOperation{wire::RequestId{2}, TaskId{7}}).reason,
              HasSubstr("what was submitted as task 7"));
}

TEST_F(StoreQuestionsTest, OfOneConnectionAreAnsweredOneAtATimeAsThereIsRoom) {
  ask(wire::QueryTasks{wire::RequestId{1}, {}});
  ask(wire::QueryTasks{wire::RequestId{2}, {}});
  queued[one] = StoreQuestions::queued_bytes_max;
  EXPECT_FALSE(questions.answer_some());
  queued[one] = 0;
  EXPECT_TRUE(questions.answer_some());
  EXPECT_THAT(sent, SizeIs(1));
  queued.erase(one);
  EXPECT_FALSE(questions.answer_some());
  queued[one] = 0;
  EXPECT_FALSE(questions.answer_some()) << "they went with their connection";
}

TEST_F(StoreQuestionsTest, AreRefusedWhenThereAreTooMany) {
  for (std::size_t i = 0; i < StoreQuestions::questions_max; ++i) ask(wire::QueryTasks{wire::RequestId{i + 1}, {}});
  EXPECT_THAT(sent, IsEmpty());
  ask(wire::QueryTasks{wire::RequestId{1000}, {}});
  ASSERT_THAT(sent, SizeIs(1));
  EXPECT_EQ(std::get<wire::Refused>(sent[0]).request, wire::RequestId{1000});
}

TEST_F(StoreQuestionsTest, ThatCannotBeReadAreRefused) {
  const BrokenStore broken;
  StoreQuestions asked{broken, ports};
  asked.add({one, wire::QueryTasks{wire::RequestId{1}, {}}});
  EXPECT_TRUE(asked.answer_some());
  EXPECT_THAT(std::get<wire::Refused>(sent.back()).reason, HasSubstr("the disk is gone"));
}

}  // namespace
}  // namespace gangway::gateway
