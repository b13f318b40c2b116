// Certificates that an Authority would never issue.
#pragma once

#include <string>

#include "tls/certificate.hpp"

namespace gangway::tls {

struct Crafted {
  Identity identity;           // of the leaf
  std::string signer_key_pem;  // to craft more under the same authority
};

/// A leaf with these extensions, as OpenSSL's configuration spells them ("" leaves one out), under a new authority,
/// or under that of `sibling` if it is given.
Crafted craft(const std::string& alternative_names, const std::string& extended_usage,
              const Crafted* sibling = nullptr);

}  // namespace gangway::tls
