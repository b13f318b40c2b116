// Code from the command line: libraries that engines start with, `gangway build`, and two builds of one program.
#include <filesystem>
#include <string>

#include <gmock/gmock.h>

#include <gangway/gangway.hpp>

#include "e2e/delivery/solver.hpp"
#include "e2e/support/command.hpp"
#include "e2e/support/home.hpp"

namespace built {
int answer(int x);
}

namespace gangway::e2e {
namespace {

using testing::AllOf;
using testing::Each;
using testing::HasSubstr;
using testing::StartsWith;

class DeliveryStartTest : public testing::Test {
 protected:
  void TearDown() override { static_cast<void>(gangway({"stop"})); }
};

TEST_F(DeliveryStartTest, EnginesStartWithTheLibrariesTheyAreGiven) {
  const Outcome start =
      gangway({"start", "-n", "2", "--module", GANGWAY_TEST_SOLVER_1, "--module", GANGWAY_TEST_SOLVER_2});
  ASSERT_EQ(start.status, 0) << start.error;
  const Client client{"default"};
  EXPECT_THAT(client.all().apply(fn<solver::version>).get(), Each(2)) << "the last counts";

  Profile profile = Profile::local(1);
  profile.modules = {GANGWAY_TEST_SOLVER_1};
  Cluster cluster{profile};
  EXPECT_EQ(cluster.connect().balanced().apply(fn<solver::residual>, 2.0, 2).get(), 4.0);
}

TEST_F(DeliveryStartTest, AClusterDoesNotStartWithoutALibraryItIsGiven) {
  const Outcome missing = gangway({"start", "-n", "1", "--module", "/nowhere/missing.so"});
  EXPECT_EQ(missing.status, 1);
  EXPECT_THAT(missing.error, StartsWith("gangway: cannot read the module /nowhere/missing.so: No such file"))
      << "and not what all engines say";
  const Outcome alone = gangway({"start", "-n", "1", "--module", GANGWAY_TEST_SOLVER_ALONE});
  EXPECT_EQ(alone.status, 1);
  EXPECT_THAT(alone.error, HasSubstr("libdelivery_dependency.so"));
}

TEST_F(DeliveryStartTest, TheCommandBuildsForAllClients) {
  ASSERT_EQ(gangway({"start", "-n", "1"}).status, 0);
  const Outcome built = gangway({"build", GANGWAY_TEST_SOURCES, "--flag=-DOFFSET=1", "--flag=-O0"});
  EXPECT_EQ(built.status, 0) << built.error;
  EXPECT_THAT(built.out, HasSubstr("loaded it at 1 engines"));
  EXPECT_EQ(Client{"default"}.balanced().apply(fn<::built::answer>, 4).get(), 3);

  const Outcome failed = gangway({"build", GANGWAY_TEST_SOURCES, "--flag=-O0"});
  EXPECT_EQ(failed.status, 1);
  EXPECT_THAT(failed.error, AllOf(HasSubstr("answer.cpp"), HasSubstr("OFFSET")));
  EXPECT_EQ(gangway({"build"}).status, 2);
  EXPECT_EQ(gangway({"build", ".", "--cluster", "nowhere"}).status, 3);
}

TEST_F(DeliveryStartTest, AProgramThatIsNoModuleCallsLibrariesByName) {
  ASSERT_EQ(gangway({"start", "-n", "1", "--module", GANGWAY_TEST_SOLVER_2}).status, 0);
  EXPECT_THAT(run({GANGWAY_TEST_PLAIN, "default"}).out,
              AllOf(HasSubstr("1 2\n"), HasSubstr("is in the executable"), HasSubstr("gangway_add_program()")));
}

TEST_F(DeliveryStartTest, TwoBuildsOfAProgramLiveSideBySideInOneCluster) {
  ASSERT_EQ(gangway({"start", "-n", "2"}).status, 0);
  EXPECT_EQ(run({GANGWAY_TEST_PROGRAM_1, "default"}).out, "1 1 11 21 ");
  EXPECT_EQ(run({GANGWAY_TEST_PROGRAM_2, "default"}).out, "2 2 12 22 ");
  EXPECT_EQ(run({GANGWAY_TEST_PROGRAM_1, "default"}).out, "1 1 11 21 ");
}

}  // namespace
}  // namespace gangway::e2e
