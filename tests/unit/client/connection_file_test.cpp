#include "client/connection_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>

#include "launch/connection_file.hpp"
#include "local_client.hpp"

namespace gangway::client {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class ConnectionFileTest : public testing::Test {
 protected:
  void write(const std::string& content, mode_t mode = 0600) const {
    std::ofstream{file} << content;
    ASSERT_EQ(::chmod(file.c_str(), mode), 0);
  }

  [[nodiscard]] std::string fault() const {
    const auto result = read_connection(file);
    return result.ok() ? "no fault" : result.fault().text;
  }

  TemporaryDirectory directory;
  std::filesystem::path file = directory.path() / "connection.json";
};

TEST_F(ConnectionFileTest, reads_what_the_launcher_writes) {
  const launch::Connection written{"big", "127.0.0.1", 4711, {"certificate\n", "key\n", "authority\n"}};
  ASSERT_TRUE(launch::write_connection(file, written).ok());
  const auto read = read_connection(file);
  ASSERT_TRUE(read.ok()) << read.fault().text;
  EXPECT_EQ(read.value().cluster, "big");
  EXPECT_EQ(read.value().address, "127.0.0.1");
  EXPECT_EQ(read.value().port, 4711);
  EXPECT_EQ(read.value().identity.certificate_pem, "certificate\n");
  EXPECT_EQ(read.value().identity.key_pem, "key\n");
  EXPECT_EQ(read.value().identity.authority_pem, "authority\n");
}

TEST_F(ConnectionFileTest, a_file_that_others_may_read_or_write_is_refused) {
  for (const mode_t mode : {0640U, 0604U, 0620U, 0660U, 0777U}) {
    write("{}", mode);
    EXPECT_THAT(fault(), AllOf(HasSubstr(file.string()), HasSubstr("chmod 600 " + file.string()))) << mode;
  }
}

TEST_F(ConnectionFileTest, a_file_of_another_account_is_refused) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  write("{}");
  ASSERT_EQ(::chown(file.c_str(), 1, 1), 0);
  EXPECT_THAT(fault(), AllOf(HasSubstr("another account"), HasSubstr("install -m 600 " + file.string())));
}

TEST_F(ConnectionFileTest, a_directory_that_anybody_can_change_is_refused_unless_files_stay_their_owners) {
  write("{}");
  ASSERT_EQ(::chmod(directory.path().c_str(), 0777), 0);
  EXPECT_THAT(fault(), HasSubstr("chmod o-w " + directory.path().string()));
  ASSERT_EQ(::chmod(directory.path().c_str(), 01777), 0);
  EXPECT_THAT(fault(), HasSubstr("has no \"cluster\"")) << "as in /tmp";
}

TEST_F(ConnectionFileTest, a_missing_file_is_named) {
  EXPECT_THAT(fault(), AllOf(HasSubstr(file.string()), HasSubstr("No such file"), HasSubstr("gangway list")));
}

TEST_F(ConnectionFileTest, a_directory_is_not_read) {
  std::filesystem::create_directory(file);
  EXPECT_THAT(fault(), HasSubstr("not a regular file"));
}

TEST_F(ConnectionFileTest, the_line_that_is_not_json_is_named) {
  write("{ \"cluster\": \"big\",\n nonsense }");
  EXPECT_THAT(fault(), AllOf(HasSubstr("is not a connection file"), HasSubstr("line 2")));
}

TEST_F(ConnectionFileTest, an_entry_that_is_missing_is_named) {
  write(R"({"cluster": "big", "address": "::1", "port": 1, "authority": "a", "certificate": "c"})");
  EXPECT_THAT(fault(), HasSubstr("has no \"key\""));
}

TEST_F(ConnectionFileTest, a_port_must_be_one) {
  for (const char* port : {"0", "65536", "-1", "\"x\""}) {
    write(R"({"cluster": "b", "address": "a", "authority": "a", "certificate": "c", "key": "k", "port": )" +
          std::string{port} + "}");
    EXPECT_THAT(fault(), HasSubstr("\"port\"")) << port;
  }
}

TEST_F(ConnectionFileTest, a_huge_file_is_not_read) {
  write(std::string(100'000, ' '));
  EXPECT_THAT(fault(), HasSubstr("larger than 64 KiB"));
}

}  // namespace
}  // namespace gangway::client
