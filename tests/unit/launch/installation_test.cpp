#include "launch/installation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "temporary_directory.hpp"

namespace gangway::launch {
namespace {

using testing::HasSubstr;

TEST(Installation, IsWhereTheEnvironmentSays) {
  const ScopedVariable given{"GANGWAY_LIBEXEC_DIR", GANGWAY_TEST_LIBEXEC};
  const auto directory = libexec_directory();
  ASSERT_TRUE(directory.ok()) << directory.fault().text;
  EXPECT_EQ(directory.value(), GANGWAY_TEST_LIBEXEC);
}

TEST(Installation, IsNamedWhenItIsNotThere) {
  const TemporaryDirectory empty;
  const ScopedVariable given{"GANGWAY_LIBEXEC_DIR", empty.path().string()};
  EXPECT_THAT(libexec_directory().fault().text, HasSubstr("GANGWAY_LIBEXEC_DIR is " + empty.path().string()));
}

TEST(Installation, IsNotBesideThisTest) {
  const ScopedVariable given{"GANGWAY_LIBEXEC_DIR", ""};
  EXPECT_THAT(libexec_directory().fault().text, HasSubstr("gangway-supervisor is not at its place"));
}

}  // namespace
}  // namespace gangway::launch
