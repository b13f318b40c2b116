#include "launch/mpirun.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "launch/private_file.hpp"
#include "temporary_directory.hpp"

namespace gangway::launch {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Key;
using testing::Not;
using testing::Pair;

JobSettings job() {
  JobSettings settings;
  settings.keeper_program = "/libexec/gangway-keeper";
  settings.cluster_dir = "/clusters/one";
  settings.scratch_dir = "/dev/shm/gangway.7.0a0b0c0d";
  settings.cluster = "one";
  settings.cookie = "0123456789abcdef";
  settings.gateways = 1;
  settings.engines = 4;
  settings.bind_address = "127.0.0.1";
  settings.port_low = 7000;
  settings.port_high = 7010;
  settings.first_port = 7007;
  settings.durability = "disk";
  settings.environment_bytes_max = 4096;
  settings.keeping = "1,2,3,4,5";
  settings.stall_timeout = std::chrono::seconds{15};
  settings.arena_bytes = 1 << 30;
  return settings;
}

const std::vector<std::string> keeper{"/libexec/gangway-keeper",
                                      "--cluster",
                                      "one",
                                      "--cluster-dir",
                                      "/clusters/one",
                                      "--scratch-dir",
                                      "/dev/shm/gangway.7.0a0b0c0d",
                                      "--cookie",
                                      "0123456789abcdef",
                                      "--gateways",
                                      "1",
                                      "--engines",
                                      "4",
                                      "--bind",
                                      "127.0.0.1",
                                      "--ports",
                                      "7000-7010",
                                      "--first-port",
                                      "7007",
                                      "--durability",
                                      "disk",
                                      "--environment-bytes-max",
                                      "4096",
                                      "--keeping",
                                      "1,2,3,4,5",
                                      "--stall-ms",
                                      "15000",
                                      "--arena-bytes",
                                      "1073741824"};

std::vector<std::string> joined(std::initializer_list<std::vector<std::string>> parts) {
  std::vector<std::string> all;
  for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

TEST(MpirunCommand, OfVersion4StartsOneProgram) {
  const CommandLine command = mpirun_command({"/usr/bin/mpirun", 4}, job(), {});
  EXPECT_EQ(command.arguments, joined({{"/usr/bin/mpirun", "--oversubscribe", "-n", "5"}, keeper}));
}

TEST(MpirunCommand, OfVersion4IsToldItsSettingsByTheEnvironment) {
  const CommandLine command = mpirun_command({"/usr/bin/mpirun", 4}, job(), {});
  EXPECT_THAT(command.environment,
              ElementsAre(Pair("GANGWAY_COOKIE", "0123456789abcdef"),                                   //
                          Pair("OMPI_MCA_btl", "self,vader"),                                           //
                          Pair("OMPI_MCA_btl_base_warn_component_unused", "0"),                         //
                          Pair("OMPI_MCA_btl_vader_backing_directory", "/dev/shm/gangway.7.0a0b0c0d"),  //
                          Pair("OMPI_MCA_hwloc_base_binding_policy", "none"),                           //
                          Pair("OMPI_MCA_mpi_yield_when_idle", "1"),                                    //
                          Pair("OMPI_MCA_odls_base_sigkill_timeout", "2"),                              //
                          Pair("OMPI_MCA_oob_tcp_if_include", "lo"),                                    //
                          Pair("OMPI_MCA_orte_enable_recovery", "1"),                                   //
                          Pair("OMPI_MCA_orte_tmpdir_base", "/dev/shm/gangway.7.0a0b0c0d"),             //
                          Pair("OMPI_MCA_pml", "ob1")));
}

TEST(MpirunCommand, OfVersion5StartsOneProgram) {
  const CommandLine command = mpirun_command({"/usr/bin/mpirun", 5}, job(), {});
  EXPECT_EQ(
      command.arguments,
      joined({{"/usr/bin/mpirun", "--enable-recovery", "--map-by", ":OVERSUBSCRIBE", "--bind-to", "none", "-n", "5"},
              keeper}));
  EXPECT_THAT(command.environment,
              ElementsAre(Pair("GANGWAY_COOKIE", "0123456789abcdef"),                                //
                          Pair("OMPI_MCA_btl", "self,sm"),                                           //
                          Pair("OMPI_MCA_btl_base_warn_component_unused", "0"),                      //
                          Pair("OMPI_MCA_btl_sm_backing_directory", "/dev/shm/gangway.7.0a0b0c0d"),  //
                          Pair("OMPI_MCA_mpi_yield_when_idle", "1"),                                 //
                          Pair("OMPI_MCA_pml", "ob1"),                                               //
                          Pair("PMIX_MCA_ptl_base_if_include", "lo"),                                //
                          Pair("PRTE_MCA_odls_base_sigkill_timeout", "2"),                           //
                          Pair("PRTE_MCA_prte_tmpdir_base", "/dev/shm/gangway.7.0a0b0c0d")));
}

JobSettings job_on_two_hosts() {
  JobSettings settings = job();
  settings.hosts = {{"node1", 3}, {"node2", 1}};
  settings.agent = "ssh -q";
  return settings;
}

TEST(MpirunCommand, OnSeveralHostsFillsThemInOrderWithTheGatewayOnTheFirst) {
  const CommandLine four = mpirun_command({"/usr/bin/mpirun", 4}, job_on_two_hosts(), {{"LD_LIBRARY_PATH", "/x"}});
  EXPECT_EQ(four.arguments, joined({{"/usr/bin/mpirun", "--map-by", "slot", "--host", "node1:4,node2:1", "-x",
                                     "GANGWAY_COOKIE", "-x", "LD_LIBRARY_PATH", "-n", "5"},
                                    keeper,
                                    {"--hosts", "2"}}));
  const CommandLine five = mpirun_command({"/usr/bin/mpirun", 5}, job_on_two_hosts(), {});
  EXPECT_EQ(five.arguments,
            joined({{"/usr/bin/mpirun", "--enable-recovery", "--map-by", "slot:OVERSUBSCRIBE", "--bind-to", "none",
                     "--host", "node1:4,node2:1", "-x", "GANGWAY_COOKIE", "-n", "5"},
                    keeper,
                    {"--hosts", "2"}}));
}

TEST(MpirunCommand, OnSeveralHostsUsesTcpBetweenThemAndNoticesALostOne) {
  const CommandLine four = mpirun_command({"mpirun", 4}, job_on_two_hosts(), {});
  EXPECT_THAT(four.environment, Contains(Pair("OMPI_MCA_btl", "self,vader,tcp")));
  EXPECT_THAT(four.environment, Contains(Pair("OMPI_MCA_plm_rsh_agent", "ssh -q")));
  EXPECT_THAT(four.environment, Contains(Key("OMPI_MCA_oob_tcp_keepalive_time")));
  EXPECT_THAT(four.environment, Not(Contains(Key("OMPI_MCA_oob_tcp_if_include"))));
  const CommandLine five = mpirun_command({"mpirun", 5}, job_on_two_hosts(), {});
  EXPECT_THAT(five.environment, Contains(Pair("OMPI_MCA_btl", "self,sm,tcp")));
  EXPECT_THAT(five.environment, Contains(Pair("PRTE_MCA_plm_ssh_agent", "ssh -q")));
  EXPECT_THAT(five.environment, Not(Contains(Key("PMIX_MCA_ptl_base_if_include"))));
}

TEST(MpirunCommand, LeavesItToTheUserWhenALostHostIsGivenUp) {
  const CommandLine command =
      mpirun_command({"mpirun", 4}, job_on_two_hosts(), {{"OMPI_MCA_oob_tcp_keepalive_time", "2"}});
  EXPECT_THAT(command.environment, Contains(Pair("OMPI_MCA_oob_tcp_keepalive_time", "2")));
  EXPECT_THAT(command.environment, Contains(Pair("OMPI_MCA_oob_tcp_keepalive_probes", "4")));
}

TEST(MpirunOutput, TellsOfALostHost) {
  EXPECT_TRUE(tells_of_lost_host("---\nORTE was unable to reliably start one or more daemons.\nThis usually"));
  EXPECT_TRUE(tells_of_lost_host("PRTE has lost communication with a remote daemon.\n"));
  EXPECT_FALSE(tells_of_lost_host("[node1:1] PMIX ERROR: BAD-PARAM in file pmix_event_notification.c"));
}

TEST(MpirunCommand, OfANativeTransportLeavesTheNetworkToTheSite) {
  JobSettings native = job();
  native.transport = Transport::native;
  for (const int version : {4, 5}) {
    const CommandLine command = mpirun_command({"mpirun", version}, native, {{"OMPI_MCA_mtl", "psm2"}});
    EXPECT_THAT(command.environment, Not(Contains(Key("OMPI_MCA_btl"))));
    EXPECT_THAT(command.environment, Not(Contains(Key("OMPI_MCA_pml"))));
    EXPECT_THAT(command.environment, Contains(Pair("OMPI_MCA_mtl", "psm2")));
  }
  EXPECT_THAT(mpirun_command({"mpirun", 4}, native, {}).environment, Contains(Key("OMPI_MCA_orte_enable_recovery")));
}

TEST(MpirunCommand, AllowsRootOnlyForRoot) {
  EXPECT_THAT(mpirun_command({"mpirun", 4}, job(), {}).arguments, Not(Contains("--allow-run-as-root")));
  JobSettings as_root = job();
  as_root.as_root = true;
  EXPECT_THAT(mpirun_command({"mpirun", 4}, as_root, {}).arguments, Contains("--allow-run-as-root"));
  EXPECT_THAT(mpirun_command({"mpirun", 5}, as_root, {}).arguments, Contains("--allow-run-as-root"));
}

TEST(MpirunCommand, DropsWhatAnOuterJobLeftAndKeepsWhatTheUserSet) {
  const CommandLine command = mpirun_command({"mpirun", 4}, job(),
                                             {{"PATH", "/bin"},
                                              {"OMPI_MCA_btl_vader_single_copy_mechanism", "none"},
                                              {"OMPI_COMM_WORLD_RANK", "3"},
                                              {"OMPI_MCA_orte_hnp_uri", "outer"},
                                              {"OMPI_MCA_ess_base_jobid", "1"},
                                              {"PMIX_RANK", "3"},
                                              {"PMI_RANK", "3"}});
  EXPECT_THAT(command.environment, Contains(Key("PATH")));
  EXPECT_THAT(command.environment, Contains(Key("OMPI_MCA_btl_vader_single_copy_mechanism")));
  for (const char* dropped :
       {"OMPI_COMM_WORLD_RANK", "OMPI_MCA_orte_hnp_uri", "OMPI_MCA_ess_base_jobid", "PMIX_RANK", "PMI_RANK"}) {
    EXPECT_THAT(command.environment, Not(Contains(Key(dropped))));
  }
}

TEST(MpirunVersion, IsReadFromItsFirstLine) {
  EXPECT_EQ(mpirun_from_version_text("/m", "mpirun (Open MPI) 4.1.4\n\nReport bugs").value().major_version, 4);
  EXPECT_EQ(mpirun_from_version_text("/m", "mpirun (Open MPI) 5.0.7\n").value().major_version, 5);
  EXPECT_EQ(mpirun_from_version_text("/m", "mpirun (Open MPI) 10.0.0\n").value().major_version, 10);
}

TEST(MpirunVersion, OfAnotherImplementationOrTooOldIsRefused) {
  for (const char* text : {"HYDRA build details:\n", "mpirun (Open MPI) 3.1.2\n", "", "mpirun (Open MPI) soon"}) {
    const auto mpirun = mpirun_from_version_text("/opt/bin/mpirun", text);
    ASSERT_FALSE(mpirun.ok()) << text;
    EXPECT_THAT(mpirun.fault().text, HasSubstr("/opt/bin/mpirun is not the mpirun of Open MPI 4 or later"));
  }
}

TEST(MpirunSearch, SaysHowToInstallItWhenThereIsNone) {
  const TemporaryDirectory empty;
  for (const std::string& path : {std::string{}, std::string{":"}, empty.path().string()}) {
    const auto mpirun = find_mpirun(path);
    ASSERT_FALSE(mpirun.ok());
    EXPECT_THAT(mpirun.fault().text, HasSubstr("apt install openmpi-bin"));
  }
}

TEST(MpirunSearch, TakesTheFirstInThePath) {
  const TemporaryDirectory empty;
  const TemporaryDirectory full;
  std::filesystem::create_symlink(std::string{GANGWAY_TEST_SUPPORT} + "/stand_in_mpirun", full.path() / "mpirun");
  const ScopedVariable kind{"STAND_IN_MPIRUN", "ready"};
  const auto mpirun = find_mpirun(empty.path().string() + ":" + full.path().string() + ":/usr/bin");
  ASSERT_TRUE(mpirun.ok()) << mpirun.fault().text;
  EXPECT_EQ(mpirun.value(), (Mpirun{full.path() / "mpirun", 4}));
}

}  // namespace
}  // namespace gangway::launch
