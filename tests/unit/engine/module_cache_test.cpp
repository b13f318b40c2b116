#include "engine/module_cache.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <barrier>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

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
  ModuleCache cache{directory_ + "/modules", "0", tls::sha256};
  cache.store(tls::sha256(content_), base::SharedBytes::copy_of(content_));
  const base::Result<std::string> path = cache.path(tls::sha256(content_));
  ASSERT_TRUE(path.ok()) << path.fault().text;
  EXPECT_EQ(fs::path{path.value()}.filename(), tls::hex(tls::sha256(content_)) + ".0.so");
  EXPECT_EQ(fs::file_size(path.value()), content_.size());
  struct stat status {};
  ASSERT_EQ(::stat(path.value().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST_F(ModuleCacheTest, RefusesContentWithAnotherHash) {
  ModuleCache cache{directory_ + "/modules", "0", tls::sha256};
  wire::ModuleHash other{};
  cache.store(other, base::SharedBytes::copy_of(content_));
  ASSERT_FALSE(cache.path(other).ok());
  EXPECT_NE(cache.path(other).fault().text.find("undamaged"), std::string::npos);
}

TEST_F(ModuleCacheTest, SaysWhichModuleIsUnknown) {
  ModuleCache cache{directory_, "0", tls::sha256};
  EXPECT_NE(cache.path({}).fault().text.find("0000"), std::string::npos);
}

TEST_F(ModuleCacheTest, TellsWhyAModuleCannotBeKeptAndTriesAgain) {
  std::ofstream{directory_ + "/file"} << "not a directory";
  ModuleCache cache{directory_ + "/file", "0", tls::sha256};
  cache.store(tls::sha256(content_), base::SharedBytes::copy_of(content_));
  ASSERT_FALSE(cache.path(tls::sha256(content_)).ok());
  fs::remove(directory_ + "/file");
  EXPECT_TRUE(cache.path(tls::sha256(content_)).ok());
}

TEST_F(ModuleCacheTest, EnginesThatKeepAModuleAtOnceShareOneFileForGood) {
  const std::vector<std::byte> large(1024 * 1024);
  const wire::ModuleHash hash = tls::sha256(large);
  for (int round = 0; round < 10; ++round) {
    const std::string directory = directory_ + "/modules" + std::to_string(round);
    std::array<ino_t, 4> files{};
    std::barrier together{std::ssize(files)};
    const auto hash_together = [&](base::ByteView) {
      together.arrive_and_wait();
      return hash;
    };
    std::vector<std::thread> engines;
    for (ino_t& file : files) {
      engines.emplace_back([&] {
        ModuleCache cache{directory, std::to_string(&file - files.data()), hash_together};
        cache.store(hash, base::SharedBytes::copy_of(large));
        struct stat status {};
        if (::stat(cache.path(hash).value().c_str(), &status) == 0) file = status.st_ino;
      });
    }
    for (std::thread& engine : engines) engine.join();
    for (const ino_t file : files) EXPECT_EQ(file, files.front()) << "a worker may have mapped the file already";
    EXPECT_EQ(std::distance(fs::directory_iterator{directory}, fs::directory_iterator{}), std::ssize(files) + 1)
        << "only names of the module";
  }
}

TEST_F(ModuleCacheTest, ForgetsAModuleAndItsFiles) {
  ModuleCache cache{directory_ + "/modules", "0", tls::sha256};
  const wire::ModuleHash hash = tls::sha256(content_);
  EXPECT_EQ(cache.forget(hash), 0U);
  cache.store(hash, base::SharedBytes::copy_of(content_));
  ASSERT_TRUE(cache.path(hash).ok());
  EXPECT_EQ(cache.forget(hash), content_.size());
  EXPECT_FALSE(cache.path(hash).ok());
  EXPECT_TRUE(fs::is_empty(directory_ + "/modules"));
}

TEST_F(ModuleCacheTest, AnEngineThatForgetsLateLeavesTheFileOfOneThatHasItAgain) {
  ModuleCache quick{directory_ + "/modules", "0", tls::sha256};
  ModuleCache late{directory_ + "/modules", "1", tls::sha256};
  const wire::ModuleHash hash = tls::sha256(content_);
  for (ModuleCache* cache : {&quick, &late}) {
    cache->store(hash, base::SharedBytes::copy_of(content_));
    ASSERT_TRUE(cache->path(hash).ok());
  }
  quick.forget(hash);
  quick.store(hash, base::SharedBytes::copy_of(content_));
  const std::string path = quick.path(hash).value();
  late.forget(hash);
  EXPECT_EQ(fs::file_size(path), content_.size());
  late.store(hash, base::SharedBytes::copy_of(content_));
  ASSERT_TRUE(late.path(hash).ok());
  EXPECT_EQ(fs::file_size(late.path(hash).value()), content_.size());
}

}  // namespace
}  // namespace gangway::engine
