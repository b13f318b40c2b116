// Modules are offered, uploaded once, given to every engine, and forgotten again.
#include <gmock/gmock.h>

#include "controller_fixture.hpp"

namespace gangway::core {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class Modules : public ControllerTest {
 protected:
  static wire::ModuleHash hash(std::uint8_t number) {
    wire::ModuleHash hash{};
    hash[0] = number;
    return hash;
  }
  void uploads(ConnectionId id, std::uint8_t number, std::string_view content) {
    says(id, wire::UploadModule{next_request(id), hash(number), bytes(content)});
  }
  /// Submits a task that needs the module; returns its id, 0 if it was not accepted.
  TaskId calls(ConnectionId id, std::uint8_t number, std::vector<EngineId> engines = {}) {
    says(id, wire::SubmitTask{next_request(id), std::move(engines), "f", {}, bytes("work"), hash(number)});
    for (const SendToClient& send : effects().to_clients) {
      if (const auto* accepted = std::get_if<wire::TaskAccepted>(&send.message)) return accepted->first_task;
    }
    return {};
  }
  /// The modules that the engines are told to forget now.
  std::vector<int> forgotten() {
    std::vector<int> numbers;
    for (const SendToEngines& send : effects().to_engines) {
      if (const auto* forget = std::get_if<wire::ForgetModule>(&send.message)) numbers.push_back(forget->hash[0]);
    }
    return numbers;
  }
};

TEST_F(Modules, AnUnknownOneIsAskedForAndThenGoesToEveryEngine) {
  joins(0);
  joins(1);
  const ConnectionId id = client();
  says(id, wire::OfferModule{next_request(id), hash(1), 4});
  uploads(id, 1, "code");
  EXPECT_THAT(heard<wire::ModuleAnswered>(id), ElementsAre(wire::ModuleAnswered{wire::RequestId{1}, false},
                                                           wire::ModuleAnswered{wire::RequestId{2}, true}));
  EXPECT_THAT(modules(0), ElementsAre("code"));
  EXPECT_THAT(modules(1), ElementsAre("code"));
  ASSERT_THAT(effects().to_engines, SizeIs(1)) << "one buffer for all engines";
  EXPECT_THAT(effects().journal, SizeIs(1));
}

TEST_F(Modules, AKnownOneIsNotAskedForNorSentAgain) {
  joins(0);
  const ConnectionId first = client();
  uploads(first, 1, "code");
  const ConnectionId second = client();
  says(second, wire::OfferModule{next_request(second), hash(1), 4});
  uploads(second, 1, "code");
  EXPECT_THAT(heard<wire::ModuleAnswered>(second), ElementsAre(wire::ModuleAnswered{wire::RequestId{1}, true},
                                                               wire::ModuleAnswered{wire::RequestId{2}, true}));
  EXPECT_THAT(modules(0), ElementsAre("code"));
}

TEST_F(Modules, AnEngineThatJoinsLaterGetsThemBeforeItsFirstTask) {
  const ConnectionId id = client();
  uploads(id, 1, "code");
  submits(id);
  joins(0);
  ASSERT_THAT(effects().to_engines, SizeIs(2));
  EXPECT_TRUE(std::holds_alternative<wire::StoreModule>(effects().to_engines[0].message));
  EXPECT_TRUE(std::holds_alternative<wire::RunTask>(effects().to_engines[1].message));
}

TEST_F(Modules, ALibraryThatAnEngineHasLoadedIsToldToThoseThatJoinLater) {
  joins(0);
  joins(1);
  const ConnectionId id = client();
  uploads(id, 1, "one");
  uploads(id, 2, "two");
  for (const std::uint32_t engine : {0U, 1U}) {
    engine_says(engine, wire::LibraryLoaded{hash(1)});
    engine_says(engine, wire::LibraryLoaded{hash(2)});
  }
  engine_says(0, wire::LibraryLoaded{hash(1)});
  engine_says(0, wire::LibraryLoaded{hash(9)});
  joins(2);
  std::vector<wire::ModuleHash> libraries;
  for (const SendToEngines& send : effects().to_engines) {
    if (const auto* use = std::get_if<wire::UseLibrary>(&send.message)) libraries.push_back(use->hash);
  }
  EXPECT_THAT(libraries, ElementsAre(hash(2), hash(1))) << "in the order of loading, a module that is nowhere not";
}

TEST_F(Modules, TheLeastRecentlyUsedIsForgotten) {
  limits.modules_max = 2;
  joins(0);
  joins(1);
  const ConnectionId id = client();
  uploads(id, 1, "one");
  uploads(id, 2, "two");
  calls(id, 1);
  finishes(0);
  uploads(id, 3, "three");
  EXPECT_THAT(forgotten(), ElementsAre(2));
  ASSERT_THAT(effects().to_engines, SizeIs(2));
  EXPECT_THAT(effects().to_engines[0].engines, ElementsAre(EngineId{0}, EngineId{1}));
  uploads(id, 4, "four");
  EXPECT_THAT(forgotten(), ElementsAre(1)) << "an upload is a use";
  joins(2);
  EXPECT_THAT(modules(2), ElementsAre("three", "four"));
}

TEST_F(Modules, ATaskWhoseModuleIsForgottenIsReturnedWithThoseBehindIt) {
  limits.modules_max = 1;
  joins(0);
  const ConnectionId id = client();
  const ConnectionId other = client();
  uploads(id, 1, "one");
  uploads(other, 2, "two");
  EXPECT_EQ(calls(id, 1, {EngineId{0}}), TaskId{});
  const wire::RequestId first{2};
  EXPECT_EQ(submits(id, {0}), TaskId{}) << "it would overtake the one before it";
  says(id, wire::OfferModule{next_request(id), hash(3), 3});
  EXPECT_EQ(calls(id, 2, {EngineId{0}}), TaskId{}) << "not the module that is missing";
  EXPECT_NE(calls(other, 2, {EngineId{0}}), TaskId{}) << "others are not held up";
  EXPECT_THAT(heard<wire::TaskReturned>(id),
              ElementsAre(wire::TaskReturned{first}, wire::TaskReturned{wire::RequestId{first.value() + 1}},
                          wire::TaskReturned{wire::RequestId{first.value() + 3}}));
  finishes(0);
  uploads(id, 1, "one");
  EXPECT_EQ(calls(id, 1, {EngineId{0}}), TaskId{}) << "it has not been offered";
  says(id, wire::OfferModule{next_request(id), hash(1), 3});
  EXPECT_NE(calls(id, 1, {EngineId{0}}), TaskId{});
  EXPECT_NE(submits(id, {0}), TaskId{});
}

TEST_F(Modules, OneThatATaskNeedsStaysAndOffersWaitForItsEnd) {
  limits.modules_max = 1;
  const ConnectionId id = client();
  const ConnectionId other = client();
  uploads(id, 1, "one");
  calls(id, 1);  // waits for an engine
  says(other, wire::OfferModule{next_request(other), hash(2), 3});
  EXPECT_THAT(heard<wire::ModuleAnswered>(other), IsEmpty());
  joins(0);  // and runs
  uploads(other, 3, "six");
  EXPECT_THAT(heard<wire::ModuleAnswered>(other), ElementsAre(wire::ModuleAnswered{wire::RequestId{2}, false}))
      << "an upload is not kept until there is room";
  finishes(0);
  EXPECT_THAT(heard<wire::ModuleAnswered>(other), ElementsAre(wire::ModuleAnswered{wire::RequestId{2}, false},
                                                              wire::ModuleAnswered{wire::RequestId{1}, false}));
  uploads(other, 2, "two");
  EXPECT_THAT(forgotten(), ElementsAre(1));
}

TEST_F(Modules, OneStaysWhileAnEngineHasATaskOfASessionThatHasEnded) {
  limits.modules_max = 1;
  joins(0);
  const ConnectionId id = client();
  const ConnectionId other = client();
  uploads(id, 1, "one");
  calls(id, 1, {EngineId{0}});
  happens(ConnectionClosed{id});
  says(other, wire::OfferModule{next_request(other), hash(2), 3});
  EXPECT_THAT(heard<wire::ModuleAnswered>(other), IsEmpty());
  finishes(0);
  EXPECT_THAT(heard<wire::ModuleAnswered>(other), SizeIs(1));
}

TEST_F(Modules, AnOfferThatWaitsIsNotOvertakenAndGoesWithItsClient) {
  limits.modules_bytes_max = 10;
  joins(0);
  const ConnectionId id = client();
  const ConnectionId large = client();
  const ConnectionId small = client();
  uploads(id, 1, "123456");
  calls(id, 1);
  says(large, wire::OfferModule{next_request(large), hash(2), 8});
  says(small, wire::OfferModule{next_request(small), hash(3), 2});
  says(small, wire::OfferModule{next_request(small), hash(1), 6});
  EXPECT_THAT(heard<wire::ModuleAnswered>(small), ElementsAre(wire::ModuleAnswered{wire::RequestId{2}, true}))
      << "one that is known needs no room";
  happens(ConnectionClosed{large});
  EXPECT_THAT(heard<wire::ModuleAnswered>(small), SizeIs(2));
}

TEST_F(Modules, OffersThatWaitAreBounded) {
  limits.modules_max = 1;
  const ConnectionId id = client();
  uploads(id, 1, "one");
  calls(id, 1);
  for (std::uint8_t number = 2; number < 19; ++number) {
    says(id, wire::OfferModule{next_request(id), hash(number), 3});
  }
  ASSERT_THAT(heard<wire::Refused>(id), SizeIs(1));
  EXPECT_THAT(heard<wire::Refused>(id)[0].reason, HasSubstr("wait for room"));
}

TEST_F(Modules, LibrariesStayAndWhenTheyTakeAllTheRoomThatIsSaid) {
  limits.modules_max = 2;
  joins(0);
  const ConnectionId id = client();
  uploads(id, 1, "one");
  uploads(id, 2, "two");
  engine_says(0, wire::LibraryLoaded{hash(1)});
  uploads(id, 3, "three");
  EXPECT_THAT(forgotten(), ElementsAre(2));
  calls(id, 3);
  says(id, wire::OfferModule{next_request(id), hash(4), 4});
  EXPECT_THAT(heard<wire::Refused>(id), IsEmpty());
  engine_says(0, wire::LibraryLoaded{hash(3)});
  uploads(id, 5, "five");
  const auto refused = heard<wire::Refused>(id);
  ASSERT_THAT(refused, SizeIs(2)) << "also the offer that waited";
  EXPECT_THAT(refused[0].reason, AllOf(HasSubstr("keeps 2 modules at most"), HasSubstr("so many libraries"),
                                       HasSubstr("stop the cluster and start it again")));
}

TEST_F(Modules, TheirSizeIsBounded) {
  limits.modules_bytes_max = 10;
  joins(0);
  const ConnectionId id = client();
  uploads(id, 1, "123456");
  uploads(id, 2, "12345");
  EXPECT_THAT(forgotten(), ElementsAre(1));
  engine_says(0, wire::LibraryLoaded{hash(2)});
  uploads(id, 3, "123456");
  says(id, wire::OfferModule{next_request(id), hash(4), ~std::uint64_t{0}});
  const auto refused = heard<wire::Refused>(id);
  ASSERT_THAT(refused, SizeIs(2));
  EXPECT_THAT(refused[0].reason, AllOf(HasSubstr("a module of 6 bytes does not fit"), HasSubstr("libraries take 5")));
  EXPECT_THAT(refused[1].reason, HasSubstr("strip the module"));
  EXPECT_THAT(modules(0), ElementsAre("123456", "12345"));
}

TEST_F(Modules, AfterARestartTheJournalsModulesAreKnownAndForgotten) {
  limits.modules_max = 2;
  const ConnectionId id = client();
  uploads(id, 1, "one");
  uploads(id, 2, "two");
  uploads(id, 3, "three");
  Controller restarted{Identity{"test", 0}, limits};
  store().replay([&](const Record& record) { restarted.apply(record); });
  EXPECT_EQ(restarted.durable_state().modules, controller().durable_state().modules);
}

}  // namespace
}  // namespace gangway::core
