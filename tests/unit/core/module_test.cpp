// Modules are offered, uploaded once, and given to every engine.
#include <gmock/gmock.h>

#include "controller_fixture.hpp"

namespace gangway::core {
namespace {

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

TEST_F(Modules, TheirNumberIsBounded) {
  limits.modules_max = 1;
  const ConnectionId id = client();
  uploads(id, 1, "one");
  says(id, wire::OfferModule{next_request(id), hash(2), 3});
  uploads(id, 2, "two");
  EXPECT_THAT(heard<wire::ModuleAnswered>(id), SizeIs(1));
  const auto refused = heard<wire::Refused>(id);
  ASSERT_THAT(refused, SizeIs(2));
  EXPECT_THAT(refused[0].reason, HasSubstr("already keeps 1 modules"));
}

TEST_F(Modules, TheirSizeIsBounded) {
  limits.modules_bytes_max = 10;
  joins(0);
  const ConnectionId id = client();
  uploads(id, 1, "123456");
  uploads(id, 2, "12345");
  says(id, wire::OfferModule{next_request(id), hash(3), ~std::uint64_t{0}});
  const auto refused = heard<wire::Refused>(id);
  ASSERT_THAT(refused, SizeIs(2));
  EXPECT_THAT(refused[0].reason, HasSubstr("a module of 5 bytes does not fit"));
  EXPECT_THAT(modules(0), ElementsAre("123456"));
}

}  // namespace
}  // namespace gangway::core
