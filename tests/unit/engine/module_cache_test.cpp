#include "engine/module_cache.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "tls/digest.hpp"

namespace gangway::engine {
namespace {

namespace fs = std::filesystem;

class ModuleCacheTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "gangway-modules-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { fs::remove_all(directory_); }

  std::string directory_;
  base::ByteView content_ = base::bytes_of("pretend that this is ELF");
};

TEST_F(ModuleCacheTest, KeepsAVerifiedModuleInAFileNamedByItsHash) {
  ModuleCache cache{directory_ + "/modules", tls::sha256};
  cache.store(tls::sha256(content_), content_);
  const base::Result<std::string> path = cache.path(tls::sha256(content_));
  ASSERT_TRUE(path.ok()) << path.fault().text;
  EXPECT_EQ(fs::path{path.value()}.filename(), tls::hex(tls::sha256(content_)) + ".so");
  EXPECT_EQ(fs::file_size(path.value()), content_.size());
  struct stat status {};
  ASSERT_EQ(::stat(path.value().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST_F(ModuleCacheTest, RefusesContentWithAnotherHash) {
  ModuleCache cache{directory_ + "/modules", tls::sha256};
  wire::ModuleHash other{};
  cache.store(other, content_);
  ASSERT_FALSE(cache.path(other).ok());
  EXPECT_NE(cache.path(other).fault().text.find("damaged"), std::string::npos);
}

TEST_F(ModuleCacheTest, SaysWhichModuleIsUnknown) {
  const ModuleCache cache{directory_, tls::sha256};
  EXPECT_NE(cache.path({}).fault().text.find("0000"), std::string::npos);
}

TEST_F(ModuleCacheTest, TellsWhyAModuleCannotBeKept) {
  std::ofstream{directory_ + "/file"} << "not a directory";
  ModuleCache cache{directory_ + "/file", tls::sha256};
  cache.store(tls::sha256(content_), content_);
  ASSERT_FALSE(cache.path(tls::sha256(content_)).ok());
}

}  // namespace
}  // namespace gangway::engine
