#include <gangway/client.hpp>

#include <cstdlib>
#include <fstream>
#include <optional>
#include <string>

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "fake_gateway.hpp"
#include "local_client.hpp"

namespace gangway::client {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string text_of(const auto& action) {
  try {
    action();
    return "no error";
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(ClientTest, knows_its_cluster_and_engines) {
  FakeGateway gateway;
  const Client client = client_of(gateway);
  EXPECT_EQ(client.cluster(), "fake");
  ASSERT_EQ(client.engines().size(), 2U);
  EXPECT_EQ(client.engines()[1], (EngineInfo{EngineId{1}, "host1", 101}));
  EXPECT_EQ(client.all().size(), 2U);
  EXPECT_EQ(client.engine(EngineId{1}).id(), EngineId{1});
}

TEST(ClientTest, a_connection_file_that_others_may_read_is_refused) {
  const TemporaryDirectory directory;
  const std::string file = (directory.path() / "connection.json").string();
  std::ofstream{file} << "{}";
  ASSERT_EQ(::chmod(file.c_str(), 0644), 0);
  EXPECT_THAT(text_of([&] { Client{file}; }), HasSubstr("chmod 600 " + file));
}

TEST(ClientTest, a_name_is_looked_for_among_this_accounts_clusters) {
  const TemporaryDirectory home;
  const char* const before = std::getenv("GANGWAY_HOME");
  const std::optional<std::string> kept = before == nullptr ? std::nullopt : std::optional<std::string>{before};
  ::setenv("GANGWAY_HOME", home.path().c_str(), 1);
  EXPECT_THAT(text_of([] { Client{"nowhere"}; }),
              AllOf(HasSubstr("no cluster 'nowhere'"), HasSubstr(home.path().string()), HasSubstr("gangway list")));
  EXPECT_NE(text_of([] { Client{"not a name!"}; }), "no error");

  FakeGateway gateway;
  const std::filesystem::path directory = home.path() / "clusters" / "big";
  std::filesystem::create_directories(directory);
  ASSERT_TRUE(launch::write_connection(directory / "connection.json", gateway.where()).ok());
  EXPECT_EQ(text_of([] { Client{"big"}; }), "no error");
  if (kept) {
    ::setenv("GANGWAY_HOME", kept->c_str(), 1);
  } else {
    ::unsetenv("GANGWAY_HOME");
  }
}

TEST(ClientTest, views_of_engines_that_do_not_exist_are_refused) {
  FakeGateway gateway;
  const Client client = client_of(gateway);
  EXPECT_THAT(text_of([&] { (void)client.engine(EngineId{9}); }),
              AllOf(HasSubstr("has no engine 9"), HasSubstr("it has 0, 1")));
  EXPECT_THAT(text_of([&] { (void)client.engines({EngineId{0}, EngineId{9}}); }), HasSubstr("has no engine 9"));
  EXPECT_THAT(text_of([&] { (void)client.engines({EngineId{1}, EngineId{1}}); }), HasSubstr("twice"));
  EXPECT_THAT(text_of([&] { (void)client.engines(std::vector<EngineId>{}); }), HasSubstr("at least one"));

  FakeBehaviour none;
  none.engines = 0;
  FakeGateway empty{none};
  const Client lonely = client_of(empty);
  EXPECT_THAT(text_of([&] { (void)lonely.all(); }), HasSubstr("has no engines"));
}

TEST(ClientTest, tells_the_state_of_the_cluster) {
  FakeGateway gateway;
  const ClusterStatus status = client_of(gateway).status();
  EXPECT_EQ(status.cluster, "fake");
  EXPECT_EQ(status.sessions, 1U);
  EXPECT_EQ(status.tasks_waiting, 2U);
  EXPECT_EQ(status.tasks_running, 3U);
  EXPECT_EQ(status.tasks_finished, 4U);
}

TEST(ClientTest, futures_and_views_outlive_it_and_fail) {
  FakeBehaviour behaviour;
  behaviour.holds_tasks = true;
  FakeGateway gateway{behaviour};
  std::optional<Client> client = client_of(gateway);
  const DirectView all = client->all();
  const Future<void> future = all.push("a", 5);
  client.reset();
  EXPECT_TRUE(future.ready());
  EXPECT_THROW(future.get(), ConnectionError);
  EXPECT_THROW(all.push("a", 6), ConnectionError);
}

TEST(ClientTest, moves) {
  FakeGateway first;
  FakeGateway second;
  Client client = client_of(first);
  Client moved = std::move(client);
  EXPECT_EQ(moved.engines().size(), 2U);
  moved = client_of(second);
  EXPECT_EQ(moved.engines().size(), 2U);
}

}  // namespace
}  // namespace gangway::client
