// What may stand in a profile, and what is said about all that may not.
#include <fstream>
#include <iterator>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "launch/profile_file.hpp"
#include "temporary_directory.hpp"

namespace gangway::launch {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;

class ProfileTest : public testing::Test {
 protected:
  [[nodiscard]] std::string file() const { return (directory_.path() / "big.ini").string(); }

  base::Result<Profile> load(const std::string& content) {
    std::ofstream{file()} << content;
    return load_profile(file());
  }

  // What is said about a profile, without the directory of its file.
  std::string fault_of(const std::string& content) {
    const base::Result<Profile> profile = load(content);
    if (profile) return "no fault";
    const std::string text = profile.fault().text;
    const std::string prefix = directory_.path().string() + "/";
    return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
  }

  TemporaryDirectory directory_;
};

TEST_F(ProfileTest, SaysWhatAClusterIsLike) {
  const base::Result<Profile> loaded = load(R"(; the big one
[cluster]
name = large
start_timeout = 5min
stall_timeout = 1min
orphan_timeout = 90min
restarts = 0

[controller]
bind = 0.0.0.0
ports = 7000-7010
durability = disk
environment_max = 512M
history_age = 12h
history_tasks = 5000
history_bytes = 0
session_linger = 30min
named_session_linger = 30d

[engine]
arena = 4G
modules = /opt/solver.so, lib/mesh.so

[mpi]
transport = native
hosts = node1:2, node2:6
agent = ssh -q
)");
  ASSERT_TRUE(loaded.ok()) << loaded.fault().text;
  const Profile& profile = loaded.value();
  EXPECT_EQ(profile.name, "large");
  EXPECT_EQ(profile.engines, 8U) << "of both hosts";
  EXPECT_EQ(profile.start_timeout, std::chrono::minutes{5});
  EXPECT_EQ(profile.stall_timeout, std::chrono::minutes{1});
  EXPECT_EQ(profile.orphan_timeout, std::chrono::minutes{90});
  EXPECT_EQ(profile.restarts, 0U);
  EXPECT_EQ(profile.bind_address, "0.0.0.0");
  EXPECT_EQ(profile.durability, Durability::disk);
  EXPECT_EQ(profile.environment_bytes_max, 512ULL << 20);
  EXPECT_EQ(profile.keeping,
            (Keeping{std::chrono::hours{12}, 5000, 0, std::chrono::minutes{30}, std::chrono::hours{30 * 24}}));
  EXPECT_EQ(profile.ports, (PortRange{7000, 7010}));
  EXPECT_EQ(profile.arena_bytes, 4ULL << 30);
  EXPECT_THAT(profile.modules, ElementsAre("/opt/solver.so", (directory_.path() / "lib/mesh.so").string()))
      << "relative paths start where the profile is";
  EXPECT_EQ(profile.transport, Transport::native);
  EXPECT_THAT(profile.hosts, ElementsAre(Host{"node1", 2}, Host{"node2", 6}));
  EXPECT_EQ(profile.agent, "ssh -q");
}

TEST_F(ProfileTest, LeavesOutWhatItLikes) {
  const Profile profile = load("[cluster]\nengines = 3\n").value();
  EXPECT_EQ(profile, Profile::local(3));
  EXPECT_GE(load("").value().engines, 1U) << "as many as processors";
}

// The example is copied from there by people.
TEST_F(ProfileTest, CanBeTheReadmesExample) {
  std::ifstream readme{GANGWAY_TEST_SUPPORT "/../../README.md"};
  const std::string text{std::istreambuf_iterator<char>{readme}, {}};
  const std::size_t begin = text.find("```ini\n") + 7;
  const std::string example = text.substr(begin, text.find("```", begin) - begin);
  EXPECT_THAT(example, HasSubstr("[cluster]"));
  EXPECT_EQ(fault_of(example), "no fault");
}

TEST_F(ProfileTest, NamesUnknownSectionsAndKeysWithThoseThereAre) {
  EXPECT_EQ(fault_of("[cluster]\nengines = 2\n[clutser]\nname = x\n"),
            "big.ini:3: there is no section [clutser]; there are [cluster], [controller], [engine], [mpi]");
  EXPECT_EQ(fault_of("\n[cluster]\nengine = 2\n"),
            "big.ini:3: there is no key 'engine' in [cluster]; there are name, engines, gateways, start_timeout, "
            "stall_timeout, orphan_timeout, restarts");
  EXPECT_EQ(fault_of("engines = 2\n"),
            "big.ini:1: 'engines' stands before the first section; sections are [cluster], [controller], [engine], "
            "[mpi]");
}

TEST_F(ProfileTest, NamesLinesThatAreNoSettings) {
  EXPECT_THAT(fault_of("[cluster]\nengines\n"),
              AllOf(HasSubstr("big.ini:2: "), HasSubstr("a profile has lines '[section]', 'key = value'")));
  EXPECT_THAT(fault_of("[cluster]\nengines = 2\nengines = 3\n"),
              HasSubstr("big.ini:3: the key of this line stands in its section already"));
}

TEST_F(ProfileTest, NamesImpossibleValuesAndWrongUnits) {
  const std::pair<const char*, const char*> cases[] = {
      {"[cluster]\nname = a/b\n",
       "'name' in [cluster] takes at most 64 letters, digits, '.', '_' and '-', beginning with a letter or digit, "
       "not "
       "'a/b'"},
      {"[cluster]\nname = a\x1b[31m\n",
       "'name' in [cluster] takes at most 64 letters, digits, '.', '_' and '-', beginning with a letter or digit, "
       "not "
       "'a\\x1b[31m'"},
      {"[cluster]\nengines = 0\n", "'engines' in [cluster] takes a whole number from 1 to 4096, not '0'"},
      {"[cluster]\nengines = many\n", "'engines' in [cluster] takes a whole number from 1 to 4096, not 'many'"},
      {"[cluster]\ngateways = 2\n", "'gateways' in [cluster] takes a whole number from 1 to 1, not '2'"},
      {"[cluster]\nstart_timeout = 60\n",
       "'start_timeout' in [cluster] takes a time such as 500ms, 60s or 5min, at most a day, not '60'"},
      {"[cluster]\nstart_timeout = 25000min\n",
       "'start_timeout' in [cluster] takes a time such as 500ms, 60s or 5min, at most a day, not '25000min'"},
      {"[cluster]\nrestarts = ever\n", "'restarts' in [cluster] takes a whole number from 0 to 100, not 'ever'"},
      {"[controller]\ndurability = yes\n", "'durability' in [controller] takes memory, commit or disk, not 'yes'"},
      {"[controller]\nhistory_age = 2weeks\n",
       "'history_age' in [controller] takes a time such as 90s, 30min, 12h or 7d, at most 3650d, not '2weeks'"},
      {"[controller]\nhistory_tasks = many\n",
       "'history_tasks' in [controller] takes a whole number from 0 to 1000000000, not 'many'"},
      {"[controller]\nenvironment_max = 4 GiB\n",
       "'environment_max' in [controller] takes a number of bytes such as 512M or 16G, at most 32768G, or 0 for "
       "none, "
       "not '4 GiB'"},
      {"[controller]\nbind =\n", "'bind' in [controller] takes an address such as 127.0.0.1 or 0.0.0.0, not nothing"},
      {"[controller]\nbind = nonsense\n",
       "'bind' in [controller] takes an address such as 127.0.0.1 or 0.0.0.0, not 'nonsense'"},
      {"[controller]\nports = 7000\n",
       "'ports' in [controller] takes a range such as 7000-7010, the lower port first, not '7000'"},
      {"[controller]\nports = 7000-70000\n",
       "'ports' in [controller] takes a range such as 7000-7010, the lower port first, not '7000-70000'"},
      {"[controller]\nports = 7010-7000\n",
       "'ports' in [controller] takes a range such as 7000-7010, the lower port first, not '7010-7000'"},
      {"[controller]\nports = 0-7000\n",
       "'ports' in [controller] takes a range such as 7000-7010, the lower port first, not '0-7000'"},
      {"[engine]\narena = 4GB\n",
       "'arena' in [engine] takes a number of bytes such as 512M or 16G, from 16M to 32768G, not '4GB'"},
      {"[engine]\narena = 1\n",
       "'arena' in [engine] takes a number of bytes such as 512M or 16G, from 16M to 32768G, not '1'"},
      {"[engine]\narena = 32769G\n",
       "'arena' in [engine] takes a number of bytes such as 512M or 16G, from 16M to 32768G, not '32769G'"},
      {"[engine]\nmodules = ,\n", "'modules' in [engine] takes the paths of shared libraries, not nothing"},
      {"[mpi]\ntransport = fast\n", "'transport' in [mpi] takes resilient or native, not 'fast'"},
      {"[mpi]\nhosts = a:2, b\n",
       "'hosts' in [mpi] counts the engines of some hosts only, in 'a:2, b'; count them for all or for none"},
      {"[mpi]\nhosts = a, a\n",
       "'hosts' in [mpi] names the host a twice; give it once, with all of its engines: a:N"},
      {"[mpi]\nhosts = -oProxyCommand=x\n",
       "'hosts' in [mpi] takes hosts such as 'node1, node2', or with engines for each, 'node1:2, node2:4', not "
       "'-oProxyCommand=x'"},
      {"[mpi]\nagent =\n", "'agent' in [mpi] takes a program such as 'ssh -q', not nothing"},
  };
  for (const auto& [content, said] : cases) EXPECT_EQ(fault_of(content), std::string{"big.ini:2: "} + said);
}

TEST_F(ProfileTest, WantsToKnowHowManyEnginesThereAreAndOnce) {
  EXPECT_EQ(
      fault_of("[cluster]\nengines = 3\n[mpi]\nhosts = a:2, b:2\n"),
      "big.ini:2: 'engines' in [cluster] says 3, 'hosts' in [mpi] 4; leave 'engines' out, or the numbers behind "
      "the hosts");
  EXPECT_EQ(
      fault_of("[mpi]\nhosts = a, b\n"),
      "big.ini:2: 'hosts' in [mpi] does not say how many engines; write 'hosts = a:2, ...', or 'engines = N' in "
      "[cluster]");
  EXPECT_EQ(load("[cluster]\nengines = 4\n[mpi]\nhosts = a, b\n").value().engines, 4U);
  EXPECT_EQ(
      fault_of("[cluster]\nengines = 1\n[mpi]\nhosts = a, b\n"),
      "big.ini:2: 'engines' in [cluster] says 1, and 'hosts' in [mpi] names 2; name fewer hosts, or give each an "
      "engine");
  EXPECT_EQ(fault_of("[mpi]\nhosts = a:4000, b:4000\n"),
            "big.ini:2: 'hosts' in [mpi] has 8000 engines; a cluster has at most 4096");
}

TEST_F(ProfileTest, IsFoundByNameOrPath) {
  const ScopedVariable home{"GANGWAY_HOME", directory_.path().string()};
  std::filesystem::create_directory(directory_.path() / "profiles");
  std::ofstream{directory_.path() / "profiles" / "small.ini"} << "[cluster]\nengines = 1\n";
  EXPECT_EQ(load_profile("small").value().engines, 1U);
  EXPECT_EQ(load_profile((directory_.path() / "profiles/small.ini").string()).value().engines, 1U);
  EXPECT_EQ(load_profile("huge").fault().text,
            "there is no profile 'huge': cannot read " + directory_.path().string() +
                "/profiles/huge.ini: No such file or directory; write that file, or give the path of another one");
  EXPECT_THAT(load_profile("here.ini").fault().text, HasSubstr(std::filesystem::current_path().string()));
  EXPECT_THAT(load_profile("a b").fault().text, EndsWith("neither a profile's name nor the path of an .ini file"));
  EXPECT_THAT(load_profile("a\x1b[31m").fault().text, HasSubstr("'a\\x1b[31m'"));
}

// Who can change a profile has engines load what he likes.
TEST_F(ProfileTest, IsRefusedIfOthersCanChangeIt) {
  ASSERT_TRUE(load("[cluster]\nengines = 3\n").ok());
  ASSERT_EQ(::chmod(file().c_str(), 0602), 0);
  const std::string refusal = "the profile " + file() + " can be changed by others, and with it what engines load; " +
                              "mend it with: chmod go-w " + file();
  EXPECT_EQ(load_profile(file()).fault().text, refusal);
  ASSERT_EQ(::chmod(file().c_str(), 0644), 0);
  EXPECT_TRUE(load_profile(file()).ok()) << "everybody may read it";

  if (::geteuid() != 0) GTEST_SKIP() << "only root can give files to any group";
  ASSERT_EQ(::chmod(file().c_str(), 0664), 0);
  EXPECT_TRUE(load_profile(file()).ok()) << "root's own group";
  ASSERT_EQ(::chown(file().c_str(), 0, 12345), 0);
  EXPECT_EQ(load_profile(file()).fault().text, refusal);
}

TEST_F(ProfileTest, IsRefusedIfItIsSomebodyElses) {
  ASSERT_TRUE(load("[cluster]\nengines = 3\n").ok());
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  constexpr uid_t somebody = 12345;
  ASSERT_EQ(::chown(file().c_str(), somebody, somebody), 0);
  EXPECT_EQ(load_profile(file()).fault().text,
            "the profile " + file() + " belongs to another account, which can change it, and with it what engines " +
                "load; if you trust it, make a copy of your own with: install -m 600 " + file() + " COPY");

  // A site's profile, of root and for everybody.
  ASSERT_EQ(::chmod(directory_.path().c_str(), 0755), 0);
  ASSERT_EQ(::chown(file().c_str(), 0, 0), 0);
  ASSERT_EQ(::seteuid(somebody), 0);
  const base::Result<Profile> of_site = load_profile(file());
  ASSERT_EQ(::seteuid(0), 0);
  EXPECT_TRUE(of_site.ok()) << of_site.fault().text;
}

TEST_F(ProfileTest, OfADirectoryThatOthersCanChangeIsRefused) {
  const ScopedVariable home{"GANGWAY_HOME", directory_.path().string()};
  const std::string profiles = (directory_.path() / "profiles").string();
  std::filesystem::create_directory(profiles);
  std::ofstream{profiles + "/small.ini"} << "[cluster]\nengines = 1\n";
  ASSERT_EQ(::chmod(profiles.c_str(), 0757), 0);
  EXPECT_THAT(load_profile("small").fault().text,
              AllOf(HasSubstr("the directory " + profiles + " can be changed by others"),
                    EndsWith("mend it with: chmod go-w " + profiles)));
  ASSERT_EQ(::chmod(profiles.c_str(), 0755), 0);
  EXPECT_TRUE(load_profile("small").ok());
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give directories away";
  ASSERT_EQ(::chown(profiles.c_str(), 12345, 12345), 0);
  EXPECT_THAT(load_profile("small").fault().text, HasSubstr(profiles + " belongs to another account"));
}

}  // namespace
}  // namespace gangway::launch
