#include "gateway/stored_answers.hpp"

#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include <gmock/gmock.h>

namespace gangway::gateway {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

/// Stored answers with clients and a store that are the test's.
class StoredAnswersTest : public testing::Test {
 protected:
  static constexpr std::size_t answer_bytes = 2 * base::mib;

  void owe(std::uint64_t connection, std::uint64_t task) {
    answers.add({core::ConnectionId{connection}, wire::RequestId{task + 100}, 7, TaskId{task}});
    kept.insert(TaskId{task});
  }

  [[nodiscard]] std::vector<std::uint64_t> tasks_sent() const {
    std::vector<std::uint64_t> tasks;
    for (const wire::TaskFinished& message : sent) tasks.push_back(message.task.value());
    return tasks;
  }

  std::map<core::ConnectionId, std::size_t> queued{{core::ConnectionId{1}, 0}, {core::ConnectionId{2}, 0}};
  std::set<TaskId> kept;
  std::vector<wire::TaskFinished> sent;
  std::vector<std::string> given_up;
  bool is_readable = true;
  StoredAnswers answers{{
      [this](core::ConnectionId connection) -> std::optional<std::size_t> {
        const auto found = queued.find(connection);
        return found == queued.end() ? std::nullopt : std::optional{found->second};
      },
      [this](TaskId task) -> std::optional<core::TaskSettled> {
        if (!is_readable) throw std::runtime_error{"the disk is gone"};
        if (!kept.contains(task)) return std::nullopt;
        return core::TaskSettled{task, {}, base::SharedBytes{base::ByteVector(answer_bytes)}};
      },
      [this](core::ConnectionId connection, wire::GatewayMessage message) {
        queued.at(connection) += answer_bytes;
        sent.push_back(std::get<wire::TaskFinished>(std::move(message)));
      },
      [this](core::ConnectionId, const std::string& reason) { given_up.push_back(reason); },
  }};
};

TEST_F(StoredAnswersTest, AreSentInTheirOrderAsThereIsRoom) {
  for (std::uint64_t task = 1; task <= 5; ++task) owe(1, task);
  EXPECT_TRUE(answers.send_some());
  EXPECT_THAT(tasks_sent(), ElementsAre(1, 2)) << "4 MiB wait";
  EXPECT_FALSE(answers.send_some());
  queued.at(core::ConnectionId{1}) = 0;
  EXPECT_TRUE(answers.send_some());
  queued.at(core::ConnectionId{1}) = 0;
  EXPECT_TRUE(answers.send_some());
  EXPECT_THAT(tasks_sent(), ElementsAre(1, 2, 3, 4, 5));
  EXPECT_TRUE(answers.empty());
  EXPECT_EQ(sent.front().request, wire::RequestId{101});
  EXPECT_EQ(sent.front().part, 7U);
}

TEST_F(StoredAnswersTest, OfOneConnectionDoNotWaitForAnother) {
  queued.at(core::ConnectionId{1}) = 100 * base::mib;
  owe(1, 1);
  owe(2, 2);
  EXPECT_TRUE(answers.send_some());
  EXPECT_THAT(tasks_sent(), ElementsAre(2));
}

TEST_F(StoredAnswersTest, AreReadAFewInARow) {
  for (std::uint64_t task = 1; task <= 100; ++task) owe(1, task);
  kept.clear();  // acknowledged meanwhile: they take no room
  EXPECT_TRUE(answers.send_some());
  EXPECT_FALSE(answers.empty());
  EXPECT_THAT(sent, IsEmpty());
  while (answers.send_some()) continue;
  EXPECT_TRUE(answers.empty());
}

TEST_F(StoredAnswersTest, AreDroppedWithTheirConnection) {
  owe(1, 1);
  owe(2, 2);
  queued.erase(core::ConnectionId{1});
  answers.drop(core::ConnectionId{2});
  EXPECT_FALSE(answers.send_some());
  EXPECT_TRUE(answers.empty());
  EXPECT_THAT(sent, IsEmpty());
}

TEST_F(StoredAnswersTest, ThatCannotBeReadEndTheConnection) {
  owe(1, 1);
  owe(1, 2);
  is_readable = false;
  EXPECT_TRUE(answers.send_some());
  EXPECT_THAT(given_up, ElementsAre("an answer could not be read from the journal: the disk is gone"));
  EXPECT_TRUE(answers.empty());
}

}  // namespace
}  // namespace gangway::gateway
