#include "gateway/address_file.hpp"

#include <filesystem>

#include <gmock/gmock.h>

#include "os/file.hpp"
#include "support/scratch_directory.hpp"

namespace gangway::gateway {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class AddressFileTest : public testing::Test {
 protected:
  [[nodiscard]] std::string file() const { return (directory_.path() / "gateway-0.json").string(); }
  [[nodiscard]] base::Status write(std::uint16_t port, const std::string& bells,
                                   const std::string& journal = {}) const {
    GatewayNote note;
    note.port = port;
    note.bells = bells;
    note.journal = journal;
    return write_address_file(directory_.path().string(), 0, note);
  }
  [[nodiscard]] std::string content() const { return os::read_file(file()).value(); }

  test::ScratchDirectory directory_;
};

TEST_F(AddressFileTest, IsForItsOwnerAloneAndIsWrittenAgain) {
  ASSERT_TRUE(write(7000, "").ok());
  ASSERT_TRUE(write(7001, "", "disk full").ok());
  EXPECT_THAT(content(), AllOf(HasSubstr("7001"), HasSubstr("disk full"), Not(HasSubstr("7000"))));
  EXPECT_EQ(std::filesystem::status(file()).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(AddressFileTest, IsWrittenOverWhereNoOtherFileCanBeWritten) {
  std::filesystem::create_directory(file() + ".new");  // as good as a full disk
  EXPECT_THAT(write(7000, "").fault().text, HasSubstr(file() + ".new"));
  std::filesystem::remove(file() + ".new");
  ASSERT_TRUE(write(7000, std::string(100, 'x')).ok());
  std::filesystem::create_directory(file() + ".new");
  ASSERT_TRUE(write(7001, "").ok());
  EXPECT_THAT(content(), AllOf(HasSubstr("7001"), Not(HasSubstr("x"))));
}

}  // namespace
}  // namespace gangway::gateway
