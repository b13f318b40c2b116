#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <gangway/gangway.hpp>

#include "e2e/support/command.hpp"
#include "e2e/support/home.hpp"
#include "e2e/support/traces.hpp"

namespace gangway::e2e {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

/// Each test has a home of its own, in which a failed start must leave nothing but perhaps its log.
class BadStartTest : public testing::Test {
 protected:
  void TearDown() override {
    std::error_code none;
    for (const auto& entry : std::filesystem::directory_iterator{home.path() / "clusters", none}) {
      ADD_FAILURE() << "left behind: " << entry.path();
    }
    EXPECT_TRUE(eventually([this] { return processes_with({home.path().string() + "/"}).empty(); }));
  }

  /// That `gangway` with these arguments ends with status 1 and says one line on stderr; the line.
  static std::string complaint_of(const std::vector<std::string>& arguments, const Variables& variables = {}) {
    const Outcome outcome = gangway(arguments, variables);
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.out, IsEmpty());
    EXPECT_EQ(std::count(outcome.error.begin(), outcome.error.end(), '\n'), 1) << outcome.error;
    EXPECT_EQ(outcome.error.rfind("gangway: ", 0), 0U) << outcome.error;
    return outcome.error;
  }

  Home home;
};

TEST_F(BadStartTest, WithoutMpirunItSaysWhatToInstall) {
  const std::filesystem::path empty = home.path() / "empty";
  std::filesystem::create_directory(empty);
  EXPECT_THAT(complaint_of({"start"}, {{"PATH", empty.string()}}),
              AllOf(HasSubstr("mpirun"), HasSubstr("apt install")));
}

TEST_F(BadStartTest, WithAnMpirunOfAnotherKindItSaysWhichItWants) {
  const std::filesystem::path program = home.path() / "mpirun";
  std::ofstream{program} << "#!/bin/sh\necho 'HYDRA build details:'\n";
  ::chmod(program.c_str(), S_IRWXU);
  EXPECT_THAT(complaint_of({"start"}, {{"PATH", home.path().string() + ":/usr/bin:/bin"}}),
              AllOf(HasSubstr(program.string()), HasSubstr("Open MPI"), HasSubstr("apt install")));
}

TEST_F(BadStartTest, AnMpirunThatFailsIsQuoted) {
  const std::filesystem::path program = home.path() / "mpirun";
  std::ofstream{program} << "#!/bin/sh\n"
                            "[ \"$1\" = --version ] && { echo 'mpirun (Open MPI) 4.1.4'; exit 0; }\n"
                            "echo 'no slots for anybody'; exit 7\n";
  ::chmod(program.c_str(), S_IRWXU);
  EXPECT_THAT(complaint_of({"start"}, {{"PATH", home.path().string() + ":/usr/bin:/bin"}}),
              AllOf(HasSubstr("status 7"), HasSubstr("no slots for anybody"), HasSubstr("logs/default.log")));
}

TEST_F(BadStartTest, WithoutAFreePortItSaysWhichWereTried) {
  boost::asio::io_context io;
  boost::asio::ip::tcp::acceptor taken{io, {boost::asio::ip::address_v4::loopback(), 0}};
  const std::string port = std::to_string(taken.local_endpoint().port());
  EXPECT_THAT(complaint_of({"start", "--ports", port + "-" + port}),
              AllOf(HasSubstr(port), HasSubstr("127.0.0.1"), HasSubstr("another range")));
}

TEST_F(BadStartTest, AnAddressOfAnotherHostIsRefused) {
  EXPECT_THAT(complaint_of({"start", "--bind", "192.0.2.1"}), AllOf(HasSubstr("192.0.2.1"), HasSubstr("ip address")));
  EXPECT_THAT(complaint_of({"start", "--bind", "nonsense"}), HasSubstr("nonsense"));
}

// A file in the way of the directory stops root as well as a user.
TEST_F(BadStartTest, AnUnwritableHomeIsNamed) {
  const std::filesystem::path file = home.path() / "file";
  std::ofstream{file} << "in the way\n";
  EXPECT_THAT(complaint_of({"start"}, {{"GANGWAY_HOME", (file / "home").string()}}),
              AllOf(HasSubstr(file.string()), HasSubstr("GANGWAY_HOME")));
  EXPECT_THAT(complaint_of({"start"}, {{"GANGWAY_HOME", file.string()}}),
              AllOf(HasSubstr(file.string()), HasSubstr("GANGWAY_HOME")));
}

TEST_F(BadStartTest, AHomeThatOthersMayReadIsRefused) {
  std::filesystem::create_directories(home.path() / "clusters");
  ::chmod((home.path() / "clusters").c_str(), 0755);
  EXPECT_THAT(complaint_of({"start"}), AllOf(HasSubstr("clusters"), HasSubstr("chmod 700")));
}

TEST_F(BadStartTest, AClusterThatHasLostItsSupervisorIsInTheWayUntilItIsStopped) {
  ASSERT_EQ(gangway({"start", "-n", "1"}).status, 0);
  const Traces traces = Traces::of("default");
  kill_at_once(traces.supervisor);
  EXPECT_TRUE(eventually([] { return gangway({"list"}).out.find("dead") != std::string::npos; }));
  EXPECT_THAT(complaint_of({"start"}), AllOf(HasSubstr("is running already"), HasSubstr("gangway stop default")));
  EXPECT_EQ(gangway({"stop"}).status, 0);
  EXPECT_THAT(traces.remains(), IsEmpty());
  EXPECT_EQ(gangway({"start", "-n", "1"}).status, 0) << "the name is free again";
  EXPECT_EQ(gangway({"stop"}).status, 0);
}

TEST_F(BadStartTest, ADirectoryWithoutAStateIsExplained) {
  std::filesystem::create_directories(home.path() / "clusters" / "odd");
  ::chmod((home.path() / "clusters").c_str(), S_IRWXU);
  EXPECT_THAT(complaint_of({"stop", "odd"}), HasSubstr((home.path() / "clusters" / "odd").string()));
  EXPECT_THAT(complaint_of({"start", "odd"}), HasSubstr((home.path() / "clusters" / "odd").string()));
  EXPECT_EQ(gangway({"list"}).status, 0);
  std::filesystem::remove_all(home.path() / "clusters" / "odd");
}

TEST_F(BadStartTest, ANameInUseIsRefusedAndItsClusterRunsOn) {
  ASSERT_EQ(gangway({"start", "mine", "-n", "1"}).status, 0);
  EXPECT_THAT(complaint_of({"start", "mine"}), AllOf(HasSubstr("running already"), HasSubstr("gangway stop mine")));
  EXPECT_EQ(gangway({"engines", "mine"}).status, 0);
  Profile same = Profile::local(1);
  same.name = "mine";
  EXPECT_THROW(Cluster{same}, Error);
  EXPECT_EQ(gangway({"stop", "mine"}).status, 0);
}

TEST_F(BadStartTest, AConnectionFileThatOthersMayReadIsRefused) {
  ASSERT_EQ(gangway({"start", "-n", "1"}).status, 0);
  const std::filesystem::path file = home.path() / "clusters" / "default" / "connection.json";
  ::chmod(file.c_str(), 0644);
  EXPECT_THAT(complaint_of({"engines"}), AllOf(HasSubstr(file.string()), HasSubstr("chmod 600")));
  try {
    const Client client{file.string()};
    ADD_FAILURE() << "a client uses a key that others may read";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("chmod 600"));
  }
  ::chmod(file.c_str(), 0600);
  EXPECT_EQ(gangway({"engines"}).status, 0);
  EXPECT_EQ(gangway({"stop"}).status, 0);
}

TEST_F(BadStartTest, ImpossibleProfilesAreRefused) {
  EXPECT_THAT(complaint_of({"start", "-n", "0"}), HasSubstr("engines"));
  EXPECT_THAT(complaint_of({"start", "../elsewhere"}), HasSubstr("name"));
  EXPECT_EQ(gangway({"start", "--arena", "1K"}).status, 2);
  EXPECT_THAT(gangway({"start", "--arena", "1K"}).error, HasSubstr("from 16M"));
  EXPECT_THAT(complaint_of({"start", "--timeout", "0.001"}),
              AllOf(HasSubstr("not ready within"), HasSubstr("allow more")));
}

}  // namespace
}  // namespace gangway::e2e
