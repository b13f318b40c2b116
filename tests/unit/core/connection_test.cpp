// Connections, Hello, roles, request numbers, silence, the end of the cluster.
#include <gmock/gmock.h>

#include <string>

#include "controller_fixture.hpp"

namespace gangway::core {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

class Connections : public ControllerTest {};

TEST_F(Connections, HelloIsWelcomedWithCreditAndEngines) {
  limits.session_tasks_max = 7;
  limits.session_bytes_max = 900;
  joins(0);
  joins(3);
  const ConnectionId id = client();
  const auto welcomes = heard<wire::Welcome>(id);
  ASSERT_THAT(welcomes, SizeIs(1));
  EXPECT_EQ(welcomes[0].cluster, "test");
  EXPECT_EQ(welcomes[0].tasks_credit, 7U);
  EXPECT_EQ(welcomes[0].bytes_credit, 900U);
  EXPECT_EQ(welcomes[0].engines, (std::vector{info(0), info(3)}));
}

TEST_F(Connections, SessionsHaveDifferentIdsAlsoInDifferentGateways) {
  const ConnectionId a = client();
  const ConnectionId b = client();
  EXPECT_NE(heard<wire::Welcome>(a)[0].session, heard<wire::Welcome>(b)[0].session);

  Controller other{Identity{"test", 1}, limits};
  Effects theirs;
  other.handle(ConnectionOpened{ConnectionId{1}, Role::submit}, now, theirs);
  other.handle(ClientSpoke{ConnectionId{1}, wire::Hello{}}, now, theirs);
  EXPECT_NE(std::get<wire::Welcome>(theirs.to_clients[0].message).session, heard<wire::Welcome>(a)[0].session);
}

TEST_F(Connections, AnotherVersionIsToldBothVersions) {
  const ConnectionId id = connected();
  says(id, wire::Hello{wire::protocol_version + 1, "test"});
  EXPECT_THAT(goodbye(id),
              HasSubstr("version " + std::to_string(wire::protocol_version + 1) +
                        " of the protocol, this gateway version " + std::to_string(wire::protocol_version)));
}

TEST_F(Connections, TheFirstMessageMustBeHello) {
  const ConnectionId id = connected();
  says(id, wire::Ping{1});
  EXPECT_THAT(goodbye(id), HasSubstr("first message must be Hello"));
  EXPECT_EQ(controller().status().breaches, 1U);
}

TEST_F(Connections, HelloTwiceIsABreach) {
  const ConnectionId id = client();
  says(id, wire::Hello{});
  EXPECT_THAT(goodbye(id), HasSubstr("Hello was said twice"));
}

TEST_F(Connections, WhoDoesNotSayHelloIsDismissedInTime) {
  const ConnectionId id = connected();
  EXPECT_EQ(controller().next_deadline(), now + limits.hello_timeout);
  passes(limits.hello_timeout - base::milliseconds(1));
  EXPECT_EQ(goodbye(id), "");
  passes(base::milliseconds(1));
  EXPECT_THAT(goodbye(id), HasSubstr("no Hello within 10 s"));
}

TEST_F(Connections, AClientWhoseBytesMoveIsNotSilent) {
  const ConnectionId slow = client();
  for (int i = 0; i < 4; ++i) {
    passes(base::seconds(40));
    if (goodbye(slow).empty()) happens(ClientStirred{slow});
  }
  EXPECT_EQ(goodbye(slow), "");
}

TEST_F(Connections, ASilentClientIsGoneAndAPingingOneIsNot) {
  const ConnectionId silent = client();
  const ConnectionId pinging = client();
  for (int i = 0; i < 3; ++i) {
    passes(base::seconds(20));
    if (goodbye(pinging).empty()) says(pinging, wire::Ping{5});
  }
  passes(base::seconds(1));
  EXPECT_THAT(goodbye(silent), HasSubstr("nothing was heard from this client for 60 s"));
  EXPECT_EQ(goodbye(pinging), "");
  EXPECT_EQ(heard<wire::Pong>(pinging), std::vector(3, wire::Pong{5}));
}

TEST_F(Connections, RequestNumbersMustRise) {
  const ConnectionId id = client();
  says(id, wire::QueryCluster{wire::RequestId{5}});
  says(id, wire::QueryCluster{wire::RequestId{8}});
  EXPECT_EQ(goodbye(id), "");
  says(id, wire::QueryCluster{wire::RequestId{8}});
  EXPECT_THAT(goodbye(id), HasSubstr("request 8 follows request 8"));
}

TEST_F(Connections, AnObserverMayLookButNotSubmit) {
  joins(0);
  const ConnectionId id = client(Role::observe);
  says(id, wire::QueryCluster{next_request(id)});
  EXPECT_THAT(heard<wire::ClusterState>(id), SizeIs(1));
  EXPECT_EQ(submits(id), TaskId{});
  says(id, wire::OfferModule{next_request(id), {}, 10});
  says(id, wire::UploadModule{next_request(id), {}, bytes("so")});
  says(id, wire::Shutdown{next_request(id)});
  const auto refused = heard<wire::Refused>(id);
  ASSERT_THAT(refused, SizeIs(4));
  EXPECT_THAT(refused[0].reason, HasSubstr("client_observe may not submit tasks; client_submit may"));
  EXPECT_THAT(refused[3].reason, HasSubstr("may not stop the cluster; client_administer may"));
  EXPECT_EQ(goodbye(id), "");
}

TEST_F(Connections, ThereAreAtMostSoMany) {
  limits.sessions_max = 2;
  client();
  const ConnectionId second = client();
  EXPECT_THAT(goodbye(client()), HasSubstr("at most 2 clients"));
  happens(ConnectionClosed{second});
  EXPECT_EQ(goodbye(client()), "");
}

TEST_F(Connections, WhatAClosedConnectionStillSaysIsIgnored) {
  const ConnectionId id = connected();
  says(id, wire::Ping{1});
  ASSERT_TRUE(closed(id));
  says(id, wire::Hello{});
  EXPECT_TRUE(effects().empty());
  happens(ConnectionClosed{id});
  EXPECT_TRUE(effects().empty());
}

TEST_F(Connections, TheSetOfEnginesIsPushed) {
  const ConnectionId id = client();
  joins(1);
  joins(0);
  is_lost(1);
  const auto pushed = heard<wire::EnginesChanged>(id);
  ASSERT_THAT(pushed, SizeIs(3));
  EXPECT_EQ(pushed[1].engines, (std::vector{info(0), info(1)}));
  EXPECT_EQ(pushed[2].engines, std::vector{info(0)});
}

TEST_F(Connections, StatusCountsWhatIsThere) {
  joins(0);
  const ConnectionId id = client();
  submits(id, {0});
  submits(id);
  finishes(0);
  submits(id, {0});
  says(id, wire::QueryCluster{next_request(id)});
  const auto states = heard<wire::ClusterState>(id);
  ASSERT_THAT(states, SizeIs(1));
  EXPECT_EQ(states[0].sessions, 1U);
  EXPECT_EQ(states[0].tasks_finished, 1U);
  EXPECT_EQ(states[0].tasks_waiting + states[0].tasks_running, 2U);
  ASSERT_THAT(states[0].engines, SizeIs(1));
  EXPECT_EQ(states[0].engines[0].tasks_finished, 1U);
}

TEST_F(Connections, ShutdownSaysGoodbyeToAllAndSendsEnginesAway) {
  joins(0);
  joins(1);
  const ConnectionId worker = client();
  const ConnectionId stranger = connected();
  const ConnectionId administrator = client(Role::administer);
  submits(worker, {0, 1});
  says(administrator, wire::Shutdown{next_request(administrator)});
  for (const ConnectionId id : {worker, stranger, administrator}) {
    EXPECT_EQ(goodbye(id), "the cluster is being stopped");
  }
  EXPECT_TRUE(told_to_leave(0) && told_to_leave(1));
  EXPECT_TRUE(controller().stopping());
  EXPECT_EQ(goodbye(connected()), "the cluster is being stopped");

  engine_says(0, wire::EngineLeaving{});
  EXPECT_FALSE(controller().stopped());
  is_lost(1);
  EXPECT_TRUE(controller().stopped());
}

TEST_F(Connections, AnEngineThatJoinsWhileStoppingIsSentAway) {
  const ConnectionId administrator = client(Role::administer);
  says(administrator, wire::Shutdown{next_request(administrator)});
  EXPECT_TRUE(controller().stopped());
  joins(0);
  EXPECT_TRUE(told_to_leave(0));
  EXPECT_FALSE(controller().stopped());
}

}  // namespace
}  // namespace gangway::core
