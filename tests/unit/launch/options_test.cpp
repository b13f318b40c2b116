#include "launch/supervisor_options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "temporary_directory.hpp"

namespace gangway::launch {
namespace {

using testing::HasSubstr;

TEST(SupervisorOptions, ComeBackAsTheyWereWritten) {
  SupervisorOptions options;
  options.home = "/a home";
  options.profile = Profile::local(7);
  options.profile.name = "one";
  options.profile.bind_address = "::1";
  options.profile.ports = {7000, 7010};
  options.profile.arena_bytes = 1ULL << 40;
  options.profile.start_timeout = std::chrono::milliseconds{1234};
  options.profile.stall_timeout = std::chrono::milliseconds{4321};
  options.profile.hosts = {{"node1", 3}, {"node2", 4}};
  options.profile.transport = Transport::native;
  options.profile.agent = "ssh -q";
  options.profile.durability = Durability::disk;
  options.profile.environment_bytes_max = 123'456'789'012;
  options.profile.keeping = {std::chrono::hours{5}, 17, 1'234'567, std::chrono::seconds{3},
                             std::chrono::hours{24'000}};
  options.profile.restarts = 3;
  options.profile.modules = {"/opt/a.so", "/opt/b.so"};
  options.report_fd = 3;
  options.profile.orphan_timeout = std::chrono::milliseconds{5432};
  options.owner = {4711, 123'456'789'012};
  options.beginning = Beginning::adopt;

  const std::vector<std::string> arguments = to_arguments(options);
  std::vector<const char*> pointers{"gangway-supervisor"};
  for (const std::string& argument : arguments) pointers.push_back(argument.c_str());
  const auto parsed = parse_supervisor_options(static_cast<int>(pointers.size()), pointers.data());

  ASSERT_TRUE(parsed.ok()) << parsed.fault().text;
  EXPECT_EQ(parsed.value().home, options.home);
  EXPECT_EQ(parsed.value().profile, options.profile);
  EXPECT_EQ(parsed.value().report_fd, options.report_fd);
  EXPECT_EQ(parsed.value().owner, options.owner);
  EXPECT_EQ(parsed.value().beginning, options.beginning);
}

TEST(ResolvedProfile, DealsTheEnginesToTheHosts) {
  Profile profile = Profile::local(5);
  profile.hosts = {{"a", 0}, {"b", 0}};
  EXPECT_EQ(resolve(profile).value().hosts, (std::vector<Host>{{"a", 3}, {"b", 2}}));
  profile.hosts = {{"a", 4}, {"b", 1}};
  EXPECT_EQ(resolve(profile).value().hosts, profile.hosts);
}

TEST(ResolvedProfile, RefusesHostsThatCannotBe) {
  const auto fault_with = [](std::vector<Host> hosts) {
    Profile profile = Profile::local(2);
    profile.hosts = std::move(hosts);
    const auto resolved = resolve(profile);
    return resolved ? std::string{"no fault"} : resolved.fault().text;
  };
  EXPECT_EQ(fault_with({{"a", 1}, {"b", 2}}),
            "the hosts are given 3 engines, the cluster 2; leave out the numbers behind the hosts, or make them fit");
  EXPECT_EQ(fault_with({{"a", 0}, {"b", 0}, {"c", 0}}), "2 engines cannot be dealt to 3 hosts; name fewer hosts");
  EXPECT_THAT(fault_with({{"a", 1}, {"a", 1}}), HasSubstr("the list of hosts names the host a twice"));
  EXPECT_THAT(fault_with({{"-oProxyCommand=x", 2}}), HasSubstr("the list of hosts takes hosts such as"));
}

TEST(ResolvedProfile, RefusesModulesThatAreNotThere) {
  const TemporaryDirectory directory;
  const std::string path = (directory.path() / "module.so").string();
  Profile profile = Profile::local(1);
  profile.modules = {path};
  const auto fault = [&] {
    const auto resolved = resolve(profile);
    return resolved ? std::string{"no fault"} : resolved.fault().text;
  };
  EXPECT_EQ(fault(), "cannot read the module " + path +
                         ": No such file or directory; give the path of a library that this host has");
  std::ofstream{path} << "hello\n";
  EXPECT_EQ(fault(), "the module " + path + " is no shared library; gangway_add_library() in CMake builds one");
  std::ofstream{path} << "\x7f"
                      << "ELF";
  EXPECT_EQ(fault(), "no fault");
  profile.modules = {directory.path().string()};
  EXPECT_THAT(fault(), HasSubstr("cannot read the module " + directory.path().string()));

  profile.modules = {"nowhere.so"};
  EXPECT_THAT(fault(), HasSubstr("module " + (std::filesystem::current_path() / "nowhere.so").string()));
  profile.hosts = {{"192.0.2.1", 1}};
  EXPECT_EQ(fault(), "no fault") << "what other hosts have is not seen here";
  profile.hosts = {{"localhost", 1}};
  EXPECT_THAT(fault(), HasSubstr("nowhere.so"));
}

TEST(SupervisorOptions, AreNotForHands) {
  const char* const arguments[] = {"gangway-supervisor"};
  EXPECT_THAT(parse_supervisor_options(1, arguments).fault().text, HasSubstr("started by `gangway start`"));
}

TEST(ResolvedProfile, HasANameAndAnArena) {
  const auto first = resolve(Profile::local(4));
  const auto second = resolve(Profile::local(4));
  ASSERT_TRUE(first.ok());
  ASSERT_TRUE(second.ok());
  EXPECT_NE(first.value().name, second.value().name);
  EXPECT_GE(first.value().arena_bytes, 16ULL << 20);
  EXPECT_LE(first.value().arena_bytes, 64ULL << 30);
}

TEST(ResolvedProfile, RefusesWhatNoClusterCanBe) {
  Profile profile = Profile::local(0);
  EXPECT_THAT(resolve(profile).fault().text, HasSubstr("engines"));
  profile = Profile::local(1);
  profile.name = "../x";
  EXPECT_THAT(resolve(profile).fault().text, HasSubstr("name"));
  profile = Profile::local(1);
  profile.gateways = 2;
  EXPECT_THAT(resolve(profile).fault().text, HasSubstr("one gateway"));
  profile = Profile::local(1);
  profile.arena_bytes = 4096;
  EXPECT_THAT(resolve(profile).fault().text, HasSubstr("arena"));
  profile.arena_bytes = (32ULL << 40) + 4096;
  EXPECT_THAT(resolve(profile).fault().text, HasSubstr("an arena of at most 32 TiB"));
  profile = Profile::local(1);
  profile.start_timeout = std::chrono::milliseconds{0};
  EXPECT_THAT(resolve(profile).fault().text, HasSubstr("time"));
  profile = Profile::local(1);
  profile.stall_timeout = std::chrono::milliseconds{999};
  EXPECT_THAT(resolve(profile).fault().text, HasSubstr("a second at least"));
}

}  // namespace
}  // namespace gangway::launch
