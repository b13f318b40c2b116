// Bells: they ring who hangs one, and nobody else's account can ring them.
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "keeper/node_page.hpp"

namespace gangway::keeper {
namespace {

using testing::HasSubstr;

class BellsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = std::filesystem::temp_directory_path() / "bells-test.XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    directory_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  [[nodiscard]] Bells bells() const { return Bells::open(directory_).value(); }

  std::string directory_;
};

bool rings(const base::Result<os::Descriptor>& bell) {
  pollfd ringing{.fd = bell.value().get(), .events = POLLIN, .revents = 0};
  return ::poll(&ringing, 1, 0) == 1;
}

/// 0, or the error that an account with no rights gets when it rings at `path`.
int error_of_stranger(const std::string& path) {
  const pid_t stranger = ::fork();
  if (stranger == 0) {
    constexpr id_t nobody = 65534;
    if (::setgid(nobody) != 0 || ::setuid(nobody) != 0) ::_exit(EPERM);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    const int socket = ::socket(AF_UNIX, SOCK_DGRAM, 0);
    const auto* const raw = reinterpret_cast<const sockaddr*>(&address);
    ::_exit(::sendto(socket, "", 1, MSG_DONTWAIT, raw, sizeof address) == 1 ? 0 : errno);
  }
  int status = 0;
  ::waitpid(stranger, &status, 0);
  return WEXITSTATUS(status);
}

TEST_F(BellsTest, RingTheRankThatIsMeant) {
  const auto first = bells().hang(0);
  const auto last = bells().hang(node_page_ranks_max - 1);
  ASSERT_TRUE(first.ok() && last.ok());
  const Bells ringer = bells();
  ringer.ring(1);  // hangs no bell; that is no error
  EXPECT_FALSE(rings(first) || rings(last));
  ringer.ring(node_page_ranks_max - 1);
  EXPECT_TRUE(rings(last));
  EXPECT_FALSE(rings(first));
  ringer.ring(0);
  EXPECT_TRUE(rings(first));
}

TEST_F(BellsTest, HangOncePerRank) {
  const auto bell = bells().hang(3);
  ASSERT_TRUE(bell.ok()) << bell.fault().text;
  const std::string text = bells().hang(3).fault().text;
  EXPECT_THAT(text, HasSubstr("rank 3 at " + directory_));
  EXPECT_THAT(text, HasSubstr("start the cluster anew"));
}

TEST_F(BellsTest, NeedAPathThatFitsIntoAnAddress) {
  const std::string longest = directory_ + "/" + std::string(96 - directory_.size() - 1, 'a');
  ASSERT_TRUE(std::filesystem::create_directory(longest));
  const auto fits = Bells::open(longest);
  ASSERT_TRUE(fits.ok()) << fits.fault().text;
  const auto bell = fits.value().hang(node_page_ranks_max - 1);
  ASSERT_TRUE(bell.ok()) << bell.fault().text;
  fits.value().ring(node_page_ranks_max - 1);
  EXPECT_TRUE(rings(bell));

  const std::string text = Bells::open(longest + "a").fault().text;
  EXPECT_THAT(text, HasSubstr(longest + "a has 97 bytes"));
  EXPECT_THAT(text, HasSubstr("at most 96 are possible; set TMPDIR to a shorter path"));
}

TEST_F(BellsTest, AreOutOfReachOfOtherAccounts) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can take another account's place";
  const mode_t usual = ::umask(0);  // it is the directory that keeps strangers out, not the mask of who starts
  const auto bell = bells().hang(0);
  ::umask(usual);
  ASSERT_TRUE(bell.ok()) << bell.fault().text;
  EXPECT_EQ(error_of_stranger(directory_ + "/bell-0"), EACCES);
  EXPECT_FALSE(rings(bell));
  ASSERT_EQ(::chmod(directory_.c_str(), 0711), 0);
  EXPECT_EQ(error_of_stranger(directory_ + "/bell-0"), 0) << "so the stranger knows how to ring";
}

}  // namespace
}  // namespace gangway::keeper
