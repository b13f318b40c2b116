// The role in a certificate. Internal to this folder: it shows OpenSSL's type.
#pragma once

#include <openssl/x509.h>

#include "base/result.hpp"
#include "tls/certificate.hpp"

namespace gangway::tls {

/// The role a certificate carries: exactly one of its alternative names is a URI of ours, and it names a role we
/// know. Says nothing about who signed it.
base::Result<Role> role_of(const X509& certificate);

}  // namespace gangway::tls
