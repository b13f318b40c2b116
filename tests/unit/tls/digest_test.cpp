#include "tls/digest.hpp"

#include <gtest/gtest.h>

namespace gangway::tls {
namespace {

TEST(Digest, of_nothing_and_of_a_text_are_those_of_the_standard) {
  EXPECT_EQ(hex(sha256({})), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex(sha256(base::bytes_of("abc"))), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace gangway::tls
