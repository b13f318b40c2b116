// SHA-256 digests, by which modules are named and checked.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>

#include "base/bytes.hpp"

namespace gangway::tls {

/// The SHA-256 digest of the bytes.
std::array<std::uint8_t, 32> sha256(base::ByteView bytes);

/// Two lower-case hexadecimal digits for each byte.
std::string hex(std::span<const std::uint8_t> bytes);

}  // namespace gangway::tls
