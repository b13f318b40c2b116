#include "tls/digest.hpp"

#include <string_view>

#include <openssl/evp.h>

#include "base/check.hpp"

namespace gangway::tls {

std::array<std::uint8_t, 32> sha256(base::ByteView bytes) {
  std::array<std::uint8_t, 32> digest{};
  unsigned int count = 0;
  const int done = EVP_Digest(bytes.data(), bytes.size(), digest.data(), &count, EVP_sha256(), nullptr);
  GANGWAY_CHECK(done == 1 && count == digest.size(), "OpenSSL cannot compute SHA-256");
  return digest;
}

std::string hex(std::span<const std::uint8_t> bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const std::uint8_t byte : bytes) {
    text += digits[byte >> 4];
    text += digits[byte & 0xF];
  }
  return text;
}

}  // namespace gangway::tls
